import type { Outcome, Submission, SubmissionState } from "./index.js";
import { type GuardedSubmissions } from "./kept.js";
/** A form's guard, as React draws it. */
export interface GuardedForm {
    /** The guard's state; the form is drawn again when it changes. On a server it is `idle`. */
    readonly state: SubmissionState;
    /**
     * Submits the draft to the session that the form is drawn for; see `GuardedSubmission.submit`. Nothing is current while
     * the form is not on the screen: a failure goes to the guards' `onLateFailure` then.
     */
    submit<T>(action: (submission: Submission) => T | PromiseLike<T>): Promise<Outcome<T>>;
    /**
     * Begins a new draft for the session that the form is drawn for: after a mismatch, or to send once more. After a mismatch
     * it goes on with that session's kept draft, unless that was sent.
     */
    begin(): void;
}
/**
 * A guard for a form, whose draft is made for the session of its first rendering. The guard is kept outside the component:
 * a form that is drawn again for its session finds what is under way and what was sent. Give the form `key={sessionId}`;
 * if that is forgotten, the draft of the former session is a mismatch.
 */
export declare function useGuardedSubmission(sessionId: string, guards?: GuardedSubmissions): GuardedForm;
