import { createGuardedSubmission } from "./index.js";
export function createGuardedSubmissions(options = {}) {
    createGuardedSubmission(options);
    const guards = new Map();
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
                if (guards.size < 100)
                    break;
                if (state !== "sending")
                    guards.delete(id);
            }
            guards.set(sessionId, guard);
            return guard;
        },
    };
}
