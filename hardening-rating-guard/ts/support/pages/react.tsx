import { createGuardedSubmissions } from "@hardening/rating-guard/kept";
import { useGuardedSubmission } from "@hardening/rating-guard/react";
import * as React from "react";
import { createRoot } from "react-dom/client";
import { rate } from "../../examples/rate.ts";
import { RatingForm } from "../../examples/react.tsx";
import { openSession, showLate, timeout } from "./page.ts";

const { StrictMode, startTransition, useEffect, useState } = React;
// React 18 has none: there a hidden form is unmounted.
const Activity = React.Activity ?? (({ mode, children }) => (mode === "hidden" ? null : children));
const guards = createGuardedSubmissions({ timeout, onLateFailure: showLate });

/** The hook of a form without a key, for a test to call. */
function Hook({ sessionId }: { sessionId: string }) {
  Object.assign(window, { hook: { ...useGuardedSubmission(sessionId, guards), sessionId } });
  return null;
}

function Page() {
  const [sessionId, setSessionId] = useState(openSession);
  const [mode, setMode] = useState<"visible" | "hidden">("visible");
  useEffect(() => {
    const move = () => startTransition(() => setSessionId(openSession()));
    addEventListener("hashchange", move);
    return () => removeEventListener("hashchange", move);
  }, []);
  Object.assign(window, { setMode, moveBehindTheForm: setSessionId });
  // A fixed key is what a person forgets to change.
  const key = new URLSearchParams(location.search).has("fixed-key") ? "fixed" : sessionId;
  return (
    <>
      <Activity mode={mode}>
        <RatingForm key={key} sessionId={sessionId} rate={rate} guards={guards} />
      </Activity>
      <Hook sessionId={sessionId} />
    </>
  );
}

createRoot(document.querySelector("#root")!).render(<StrictMode><Page /></StrictMode>);
