import type { Submission } from "@hardening/rating-guard";
import type { GuardedSubmissions } from "@hardening/rating-guard/kept";
import { useGuardedSubmission } from "@hardening/rating-guard/react";
import { useState, type FormEvent } from "react";

interface RatingFormProps {
  sessionId: string;
  /** Sends the text; rejects with an Error for the person if it was not accepted. */
  rate(sessionId: string, text: string, submission: Submission): Promise<void>;
  /** Made once for the page: `createGuardedSubmissions({ onLateFailure })`. */
  guards: GuardedSubmissions;
}

const drafts = new Map<string, string>(); // what was typed and is not accepted yet

/** Give it `key={sessionId}`. If that is forgotten, the old draft is a mismatch, not a rating of the new session. */
export function RatingForm({ sessionId, rate, guards }: RatingFormProps) {
  const { state, submit } = useGuardedSubmission(sessionId, guards);
  const [text, setText] = useState(() => drafts.get(sessionId) ?? "");
  const [error, setError] = useState("");

  function type(typed: string) {
    drafts.set(sessionId, typed);
    setText(typed);
  }

  async function send(event: FormEvent) {
    event.preventDefault();
    try {
      const outcome = await submit((submission) => rate(sessionId, text, submission));
      // What was typed while the answer was on its way was not sent: it stays.
      if (outcome.status === "done" && drafts.get(sessionId) === text) drafts.delete(sessionId);
      if (outcome.current) setError(outcome.status === "mismatch" ? outcome.error : "");
    } catch (failure) {
      setError((failure as Error).message); // of this draft, wherever the page is by now
    }
  }

  return (
    <form onSubmit={send}>
      <textarea value={text} onChange={(event) => type(event.target.value)} aria-label="How was it?" />
      <button disabled={state === "sending"}>{state === "sending" ? "Sending…" : state === "sent" ? "Sent" : "Send"}</button>
      <p role="alert">{error}</p>
    </form>
  );
}
