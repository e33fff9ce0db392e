import { createGuardedSubmission, type GuardedSubmission, type GuardedSubmissionOptions } from "./index.js";

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
export function createGuardedSubmissions(options: GuardedSubmissionOptions = {}): GuardedSubmissions {
  createGuardedSubmission(options); // options that are not valid are refused now, not with the first session
  const guards = new Map<string, GuardedSubmission>();
  return {
    onLateFailure: options.onLateFailure,
    get(sessionId) {
      let guard = guards.get(sessionId);
      if (guard === undefined || guard.state === "closed") {
        guard = createGuardedSubmission(options);
        guard.begin(sessionId);
      }
      guards.delete(sessionId);
      for (const [id, { state }] of guards) {
        if (guards.size < 100) break;
        if (state !== "sending") guards.delete(id);
      }
      guards.set(sessionId, guard); // the last used is the last in the map
      return guard;
    },
  };
}
