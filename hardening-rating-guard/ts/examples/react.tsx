import { createRatingGuard } from "@hardening/rating-guard";
import { useEffect, useState, type SubmitEvent } from "react";

interface RatingFormProps {
  sessionId: string;
  /** Sends the text, with a timeout, and rejects with an Error for the person. */
  rate(sessionId: string, text: string): Promise<void>;
  onRated(): void;
}

/** Give it `key={sessionId}`. Where that is forgotten, the old draft is a mismatch, not a rating of the new session. */
export function RatingForm({ sessionId, rate, onRated }: RatingFormProps) {
  const [draftFor] = useState(sessionId);
  const [guard] = useState(() => createRatingGuard(draftFor));
  const [text, setText] = useState("");
  const [error, setError] = useState("");

  useEffect(() => {
    guard.begin(draftFor);
    return () => guard.begin(null); // what comes back after the form has gone is not current
  }, [guard, draftFor]);

  async function submit(event: SubmitEvent) {
    event.preventDefault();
    const outcome = await guard.submit(sessionId, () => rate(sessionId, text).then(() => null, (failure: Error) => failure.message));
    if (!outcome.current) return;
    if (outcome.status === "mismatch") setError(outcome.error);
    if (outcome.status === "done" && outcome.value !== null) setError(outcome.value);
    if (outcome.status === "done" && outcome.value === null) onRated();
  }

  return (
    <form onSubmit={submit}>
      <textarea value={text} onChange={(event) => setText(event.target.value)} aria-label="How was it?" />
      <button>Send</button>
      <p role="alert">{error}</p>
    </form>
  );
}
