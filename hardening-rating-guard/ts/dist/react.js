import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { createGuardedSubmissions } from "./kept.js";
const pageGuards = createGuardedSubmissions();
export function useGuardedSubmission(sessionId, guards = pageGuards) {
    const [guard, setGuard] = useState(() => guards.get(sessionId));
    const state = useSyncExternalStore(guard.subscribe, () => guard.state, () => "idle");
    const shown = useRef(false);
    useEffect(() => {
        shown.current = true;
        return () => {
            shown.current = false;
        };
    }, []);
    return {
        state,
        submit(action) {
            let own;
            const isCurrent = () => shown.current && own.isCurrent();
            return guard.submit(sessionId, (submission) => action({ ...(own = submission), isCurrent })).then((outcome) => ({ ...outcome, get current() { return shown.current && outcome.current; } }), (failure) => {
                if (!shown.current && own?.isCurrent())
                    queueMicrotask(() => guards.onLateFailure?.(failure, sessionId));
                throw failure;
            });
        },
        begin() {
            const next = guards.get(sessionId);
            setGuard(next);
            if (next === guard || next.state === "sent")
                next.begin(sessionId);
        },
    };
}
