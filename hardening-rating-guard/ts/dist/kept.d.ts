import { type GuardedSubmission, type GuardedSubmissionOptions } from "./index.js";
/** Guards that outlive their forms, one for each session. */
export interface GuardedSubmissions {
    /** The session's guard, begun for it when it is first asked for, or after it was closed. */
    get(sessionId: string): GuardedSubmission;
    readonly onLateFailure: GuardedSubmissionOptions["onLateFailure"];
}
/**
 * Keeps a guard for each session outside the form, so that a form which is drawn again finds what is under way and what
 * was sent. It keeps the 100 that were asked for last, and each one that is sending. It refuses options that are not valid
 * at once, with the RangeError of `createGuardedSubmission`.
 */
export declare function createGuardedSubmissions(options?: GuardedSubmissionOptions): GuardedSubmissions;
