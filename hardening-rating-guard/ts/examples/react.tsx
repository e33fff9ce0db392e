import { createGuardedSubmission, type Submission } from "@hardening/rating-guard";
import { useEffect, useState, type SubmitEvent } from "react";

interface RatingFormProps {
  sessionId: string;
  /** Sends the text, and rejects with an Error for the person. */
  rate(sessionId: string, text: string, submission: Submission): Promise<void>;
  onRated(): void;
}

/** Give it `key={sessionId}`. Where that is forgotten, the old draft is a mismatch, not a rating of the new session. */
export function RatingForm({ sessionId, rate, onRated }: RatingFormProps) {
  const [draftFor] = useState(sessionId);
  const [guard] = useState(() => createGuardedSubmission());
  const [text, setText] = useState("");
  const [error, setError] = useState("");

  useEffect(() => {
    guard.begin(draftFor);
    return () => guard.begin(null); // what comes back after the form has gone is not current
  }, [guard, draftFor]);

  async function submit(event: SubmitEvent) {
    event.preventDefault();
    let isCurrent = () => true;
    try {
      const outcome = await guard.submit(sessionId, (submission) => {
        isCurrent = submission.isCurrent;
        return rate(sessionId, text, submission);
      });
      if (!outcome.current) return;
      if (outcome.status === "mismatch") setError(outcome.error);
      if (outcome.status === "done") onRated();
    } catch (failure) {
      if (isCurrent()) setError((failure as Error).message);
    }
  }

  return (
    <form onSubmit={submit}>
      <textarea value={text} onChange={(event) => setText(event.target.value)} aria-label="How was it?" />
      <button>Send</button>
      <p role="alert">{error}</p>
    </form>
  );
}
