export const SESSION_MISMATCH = "Session mismatch: cannot rate a different session";
export const MISMATCH_HINT = "Call begin with the session that is open now, then submit again";
export function checkRatingSession(pending, submitted) {
    return isNone(pending) || pending === submitted ? { allowed: true, error: null } : { allowed: false, error: SESSION_MISMATCH };
}
const isNone = (id) => id === undefined || id === null || id === "";
export function createGuardedSubmission(options = {}) {
    const { timeout = 30_000, onLateFailure, newAttemptId = randomUuid } = options;
    if (!(timeout > 0))
        throw new RangeError("timeout must be a number of milliseconds above 0");
    const listeners = new Set();
    let draft = { attempts: new Map() };
    let underWay;
    let closed = false;
    let told = "idle";
    let telling = false;
    const state = () => (closed ? "closed" : underWay ? "sending" : draft.sent ? "sent" : "idle");
    function tell() {
        if (telling)
            return;
        telling = true;
        while (told !== state()) {
            told = state();
            for (const listener of [...listeners]) {
                try {
                    if (listeners.has(listener))
                        listener(told);
                }
                catch (failure) {
                    queueMicrotask(() => {
                        throw failure;
                    });
                }
            }
        }
        telling = false;
    }
    async function submit(sessionId, action, fresh) {
        const from = draft;
        const { attempts } = from;
        const isCurrent = () => !closed && draft === from;
        const outcome = (own) => Object.defineProperty(own, "current", { get: isCurrent, enumerable: true });
        if (closed)
            return outcome({ status: "closed" });
        const { error } = checkRatingSession(from.sessionId, sessionId);
        if (error)
            return outcome({ status: "mismatch", error, hint: MISMATCH_HINT });
        if (underWay)
            return outcome({ status: "busy" });
        if (from.sent)
            return outcome({ status: "sent" });
        const target = sessionId ?? "";
        const attemptId = attempts.get(target) ?? fresh;
        if (attemptId === undefined) {
            const made = newAttemptId();
            if (typeof made === "string" && made)
                return submit(sessionId, action, made);
            throw new TypeError("no attempt id");
        }
        attempts.set(target, attemptId);
        if (attempts.size > 100)
            attempts.delete([...attempts.keys()][0]);
        const controller = (underWay = new AbortController());
        let timer;
        const end = () => {
            clearTimeout(timer);
            if (underWay === controller)
                underWay = undefined;
            tell();
        };
        tell();
        if (closed)
            return outcome({ status: "closed" });
        try {
            const value = await new Promise((resolve, reject) => {
                if (timeout <= 2 ** 31 - 1)
                    timer = setTimeout(() => {
                        const failure = Object.assign(new Error(`No answer within ${timeout / 1000} s`), { name: "TimeoutError" });
                        reject(failure);
                        controller.abort(failure);
                    }, timeout);
                Promise.resolve(action({ attemptId, signal: controller.signal, isCurrent })).then((answer) => {
                    if (attempts.get(target) === attemptId)
                        attempts.delete(target);
                    if (!isNone(sessionId) && draft.sessionId === sessionId)
                        draft.sent = true;
                    end();
                    resolve(answer);
                }, reject);
            });
            return outcome({ status: "done", value });
        }
        catch (failure) {
            end();
            if (onLateFailure && !isCurrent())
                queueMicrotask(() => onLateFailure(failure, sessionId));
            throw failure;
        }
    }
    return {
        begin(sessionId) {
            if (closed)
                return;
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
            const own = listener.bind(undefined);
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
const randomUuid = () => "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx".replace(/x/g, () => (crypto.getRandomValues(new Uint8Array(1))[0] & 15).toString(16));
