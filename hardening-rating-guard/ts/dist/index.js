/** The text of every mismatch, the same in both languages. */
export const SESSION_MISMATCH = "Session mismatch: cannot rate a different session";
/**
 * Decides whether a rating of `submitted` may be sent while `pending` is the session to rate, or the one that the draft
 * was made for. No pending id proceeds. Ids are compared as they are: never trimmed, case folded, normalised or parsed.
 */
export function checkRatingSession(pending, submitted) {
    return pending === undefined || pending === null || pending === "" || pending === submitted
        ? { allowed: true, error: null }
        : { allowed: false, error: SESSION_MISMATCH };
}
/** A guard for one form: the check, a fence and a single-flight latch. */
export function createRatingGuard(sessionId) {
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
            if (!allowed)
                return { status: "mismatch", error, get current() { return isCurrent(); } };
            if (busy)
                return { status: "busy", get current() { return isCurrent(); } };
            busy = true;
            try {
                const value = await action(isCurrent);
                return { status: "done", value, get current() { return isCurrent(); } };
            }
            finally {
                busy = false;
            }
        },
    };
}
