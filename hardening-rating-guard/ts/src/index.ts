/** The text of every mismatch, the same in both languages. */
export const SESSION_MISMATCH = "Session mismatch: cannot rate a different session";

/** What to do after a mismatch, for the developer; the same in both languages. */
export const MISMATCH_HINT = "Call begin with the session that is open now, then submit again";

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
  return isNone(pending) || pending === submitted ? { allowed: true, error: null } : { allowed: false, error: SESSION_MISMATCH };
}

const isNone = (id: SessionId) => id === undefined || id === null || id === "";

/**
 * `idle`: the draft can be sent. `sending`: an action is under way. `sent`: the draft was accepted, and stays so until
 * the next `begin`. `closed`: nothing is sent again.
 */
export type SubmissionState = "idle" | "sending" | "sent" | "closed";

/** What an action is handed. */
export interface Submission {
  /** The same for every try of one draft: send it as `Idempotency-Key`, so that a server keeps only one of them. */
  readonly attemptId: string;
  /** Aborted when the timeout has passed: hand it to `fetch`. */
  readonly signal: AbortSignal;
  /** Whether the draft is still the one that the form shows. */
  readonly isCurrent: () => boolean;
}

/**
 * How a submission ended. `done`: the action ran and this is its value. `mismatch`: the draft was made for another
 * session. `busy`: another action is under way. `sent`: this draft was accepted already. `closed`: the guard was closed.
 * Only `done` called the action.
 */
export type Outcome<T> = (
  | { readonly status: "done"; readonly value: T }
  | { readonly status: "mismatch"; readonly error: typeof SESSION_MISMATCH; readonly hint: typeof MISMATCH_HINT }
  | { readonly status: "busy" | "sent" | "closed" }
) & {
  /** Whether the draft is still the one submitted, at the moment this is read. If it is not, leave the form alone. */
  readonly current: boolean;
};

export interface GuardedSubmissionOptions {
  /** How long an action may take, in milliseconds; 30,000 by default. Above 2,147,483,647 there is no limit. */
  readonly timeout?: number | undefined;
  /** Called with a failure whose draft is no longer on the form, and with the session that the action was for. */
  readonly onLateFailure?: ((failure: unknown, sessionId: SessionId) => void) | undefined;
  /**
   * Makes the attempt ids; random UUIDs by default. If it throws, or returns no text or an empty one, `submit` rejects and
   * nothing is sent.
   * It may call the guard: what is begun, sent or closed then, counts.
   */
  readonly newAttemptId?: (() => string) | undefined;
}

/** A form's submissions: for the session of its draft, one at a time, and each draft once. */
export interface GuardedSubmission {
  /** Begins a new draft, with a new attempt id. Outcomes of the former draft are no longer current. Does nothing once closed. */
  begin(sessionId: SessionId): void;
  /**
   * Calls `action` before it returns, if the draft was made for `sessionId`, nothing is under way and the draft was not
   * accepted yet. Rejects with the action's own failure, or with an Error named `TimeoutError`; the draft can then be
   * submitted again.
   */
  submit<T>(sessionId: SessionId, action: (submission: Submission) => T | PromiseLike<T>): Promise<Outcome<T>>;
  /** The session that the draft was made for. */
  readonly draftSessionId: SessionId;
  readonly state: SubmissionState;
  /**
   * Calls `listener` after each change of the state, until the function that it returns is called. If it calls `close` on
   * `sending`, the action is not called. Throws a TypeError if `listener` is no function.
   */
  subscribe(listener: (state: SubmissionState) => void): () => void;
  /** Sends nothing again. An action that is under way goes on; its outcome is no longer current. */
  close(): void;
}

interface Draft {
  readonly sessionId?: SessionId;
  /** The id of each session's attempt that was not accepted yet; without a draft there may be several. */
  readonly attempts: Map<string, string>;
  sent?: boolean;
}

/** A guard for one form. Before the first `begin` there is no draft, which lets every session proceed, one at a time. */
export function createGuardedSubmission(options: GuardedSubmissionOptions = {}): GuardedSubmission {
  const { timeout = 30_000, onLateFailure, newAttemptId = randomUuid } = options;
  if (!(timeout > 0)) throw new RangeError("timeout must be a number of milliseconds above 0");
  const listeners = new Set<(state: SubmissionState) => void>();
  let draft: Draft = { attempts: new Map() };
  let underWay: AbortController | undefined;
  let closed = false;
  let told: SubmissionState = "idle";
  let telling = false;

  const state = (): SubmissionState => (closed ? "closed" : underWay ? "sending" : draft.sent ? "sent" : "idle");

  // A listener may change the state again: it is told afterwards, so that each listener sees the changes in order.
  function tell() {
    if (telling) return;
    telling = true;
    while (told !== state()) {
      told = state();
      for (const listener of [...listeners]) {
        try {
          if (listeners.has(listener)) listener(told); // unless one before it has ended its subscription
        } catch (failure) {
          // Its own, as an uncaught error; the guard goes on.
          queueMicrotask(() => {
            throw failure;
          });
        }
      }
    }
    telling = false;
  }

  async function submit<T>(sessionId: SessionId, action: (submission: Submission) => T | PromiseLike<T>, fresh?: string): Promise<Outcome<T>> {
    const from = draft;
    const { attempts } = from;
    const isCurrent = () => !closed && draft === from;
    // A getter, because the draft may change between an answer and the moment that its caller looks.
    const outcome = <O extends object>(own: O) =>
      Object.defineProperty(own, "current", { get: isCurrent, enumerable: true }) as O & { readonly current: boolean };
    if (closed) return outcome({ status: "closed" });
    const { error } = checkRatingSession(from.sessionId, sessionId);
    if (error) return outcome({ status: "mismatch", error, hint: MISMATCH_HINT });
    if (underWay) return outcome({ status: "busy" });
    if (from.sent) return outcome({ status: "sent" });

    // A draft without a session can be sent anywhere: each session gets an attempt of its own.
    const target = sessionId ?? "";
    const attemptId = attempts.get(target) ?? fresh;
    // It may call the guard: what it begins, sends or closes, counts.
    if (attemptId === undefined) {
      const made: unknown = newAttemptId();
      // A promise as a text would be the same id for each draft.
      if (typeof made === "string" && made) return submit(sessionId, action, made);
      throw new TypeError("no attempt id");
    }
    attempts.set(target, attemptId);
    if (attempts.size > 100) attempts.delete([...attempts.keys()][0]!); // the oldest
    const controller = (underWay = new AbortController());
    let timer: ReturnType<typeof setTimeout> | undefined;
    const end = () => {
      clearTimeout(timer);
      if (underWay === controller) underWay = undefined;
      tell();
    };
    tell();
    if (closed) return outcome({ status: "closed" }); // by a subscriber
    try {
      const value = await new Promise<Awaited<ReturnType<typeof action>>>((resolve, reject) => {
        if (timeout <= 2 ** 31 - 1) // the longest that setTimeout can wait
          timer = setTimeout(() => {
            // No DOMException: not every runtime has it.
            const failure = Object.assign(new Error(`No answer within ${timeout / 1000} s`), { name: "TimeoutError" });
            reject(failure);
            controller.abort(failure);
          }, timeout);
        Promise.resolve(action({ attemptId, signal: controller.signal, isCurrent })).then((answer) => {
          // Also if it comes after the timeout.
          // Without a draft, the session's next submission is another attempt.
          if (attempts.get(target) === attemptId) attempts.delete(target);
          // A draft that was begun meanwhile for the same session is sent, too.
          if (!isNone(sessionId) && draft.sessionId === sessionId) draft.sent = true;
          end();
          resolve(answer);
        }, reject);
      });
      return outcome({ status: "done", value });
    } catch (failure) {
      end();
      if (onLateFailure && !isCurrent()) queueMicrotask(() => onLateFailure(failure, sessionId));
      throw failure;
    }
  }

  return {
    begin(sessionId) {
      if (closed) return;
      draft = { sessionId, attempts: new Map() };
      tell();
    },
    submit: (sessionId, action) => submit(sessionId, action),
    get draftSessionId() {
      return draft.sessionId;
    },
    get state() {
      return state();
    },
    subscribe(listener) {
      const own = listener.bind(undefined); // another one for each subscription; a TypeError if it is no function
      listeners.add(own);
      return () => void listeners.delete(own);
    },
    close() {
      closed = true;
      draft = { attempts: new Map() };
      tell();
    },
  };
}

// A version 4 UUID; crypto.randomUUID is missing on a page without TLS.
const randomUuid = () =>
  "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx".replace(/x/g, () => (crypto.getRandomValues(new Uint8Array(1))[0]! & 15).toString(16));
