/** The text of every mismatch, the same in both languages. */
export const SESSION_MISMATCH = "Session mismatch: cannot rate a different session";

/** What the guard decided: to proceed, or a mismatch with the text to show. */
export type GuardDecision =
  | { readonly allowed: true; readonly error: null }
  | { readonly allowed: false; readonly error: typeof SESSION_MISMATCH };

/** A session's id; absent, null and "" all mean that there is none. */
export type SessionId = string | null | undefined;

/**
 * Decides whether a rating of `submitted` may be sent while `pending` is the session to rate, or the one that the draft
 * was made for. No pending id proceeds. Ids are compared as they are: never trimmed, case folded, normalised or parsed.
 */
export function checkRatingSession(pending: SessionId, submitted: SessionId): GuardDecision {
  return pending === undefined || pending === null || pending === "" || pending === submitted
    ? { allowed: true, error: null }
    : { allowed: false, error: SESSION_MISMATCH };
}

/**
 * How a submission ended: `done`, the action ran and this is its value; `mismatch`, the draft was made for another
 * session; `busy`, another submission was under way. After the latter two nothing was sent.
 */
export type Outcome<T> = (
  | { readonly status: "done"; readonly value: T }
  | { readonly status: "mismatch"; readonly error: typeof SESSION_MISMATCH }
  | { readonly status: "busy" }
) & {
  /** Whether the draft is still the one submitted, at the moment this is read; when it is not, leave the form alone. */
  readonly current: boolean;
};

/** A form's submissions under the guard: for the session of its draft, and one at a time. */
export interface RatingGuard {
  /** Begins a new draft; outcomes of submissions of the former one are no longer current. A form that goes away begins null. */
  begin(sessionId: SessionId): void;
  /** The session that the draft was made for. */
  readonly draftSessionId: SessionId;
  /** Whether a submission is under way, be it of a former draft. */
  readonly busy: boolean;
  /**
   * Calls `action`, before it returns, if the draft was made for `sessionId` and no submission is under way. The guard
   * stays busy until the action's promise settles, so an action needs a timeout. Rejects only with the action's own
   * failure; `isCurrent`, handed to the action, tells then whether it belongs on this form.
   */
  submit<T>(sessionId: SessionId, action: (isCurrent: () => boolean) => T | PromiseLike<T>): Promise<Outcome<T>>;
}

/** A guard for one form: the check, a fence and a single-flight latch. */
export function createRatingGuard(sessionId?: SessionId): RatingGuard {
  let draft = { sessionId };
  let busy = false;
  return {
    begin(next) {
      draft = { sessionId: next };
    },
    get draftSessionId() {
      return draft.sessionId;
    },
    get busy() {
      return busy;
    },
    async submit(submitted, action) {
      const from = draft;
      const isCurrent = () => draft === from;
      const { allowed, error } = checkRatingSession(from.sessionId, submitted);
      // Getters, because the draft may change between an answer and the moment that its caller looks.
      if (!allowed) return { status: "mismatch", error, get current() { return isCurrent(); } };
      if (busy) return { status: "busy", get current() { return isCurrent(); } };
      busy = true;
      try {
        const value = await action(isCurrent);
        return { status: "done", value, get current() { return isCurrent(); } };
      } finally {
        busy = false;
      }
    },
  };
}
