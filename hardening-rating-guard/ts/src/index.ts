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

/** How a submission ended. After `done`, leave the form alone unless it is still `current`. */
export type Outcome<T> =
  | { readonly status: "done"; readonly value: T; readonly current: boolean }
  | { readonly status: "mismatch"; readonly error: typeof SESSION_MISMATCH }
  | { readonly status: "busy" };

/** A form's submissions under the guard. */
export interface RatingGuard {
  /** Begins a new draft; outcomes of submissions of the former one are no longer current. */
  begin(sessionId: SessionId): void;
  /** Whether a submission is under way. */
  readonly busy: boolean;
  /**
   * Runs `action` if the draft was made for `sessionId` and no other submission is under way. Rejects only with the
   * action's own failure; `isCurrent`, handed to the action, tells then whether the failure belongs on this form.
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
    get busy() {
      return busy;
    },
    async submit(submitted, action) {
      const from = draft;
      const decision = checkRatingSession(from.sessionId, submitted);
      if (!decision.allowed) return { status: "mismatch", error: decision.error };
      if (busy) return { status: "busy" };
      busy = true;
      const isCurrent = () => draft === from;
      try {
        const value = await action(isCurrent);
        return { status: "done", value, current: isCurrent() };
      } finally {
        busy = false;
      }
    },
  };
}
