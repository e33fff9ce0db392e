/** The text of every mismatch, the same in both languages. */
export declare const SESSION_MISMATCH = "Session mismatch: cannot rate a different session";
/** What to do after a mismatch, for the developer; the same in both languages. */
export declare const MISMATCH_HINT = "Call begin with the session that is open now, then submit again";
/** What the guard decided: to proceed, or a mismatch with the text to show. */
export type GuardDecision = {
    readonly allowed: true;
    readonly error: null;
} | {
    readonly allowed: false;
    readonly error: typeof SESSION_MISMATCH;
};
/** A session's id; absent, null and "" all mean that there is none. */
export type SessionId = string | null | undefined;
/**
 * Decides whether a rating of `submitted` may be sent while `pending` is the session to rate, or the one that the draft
 * was made for. No pending id proceeds. Ids are compared as they are: never trimmed, case folded, normalised or parsed.
 */
export declare function checkRatingSession(pending: SessionId, submitted: SessionId): GuardDecision;
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
export type Outcome<T> = ({
    readonly status: "done";
    readonly value: T;
} | {
    readonly status: "mismatch";
    readonly error: typeof SESSION_MISMATCH;
    readonly hint: typeof MISMATCH_HINT;
} | {
    readonly status: "busy" | "sent" | "closed";
}) & {
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
/** A guard for one form. Before the first `begin` there is no draft, which lets every session proceed, one at a time. */
export declare function createGuardedSubmission(options?: GuardedSubmissionOptions): GuardedSubmission;
