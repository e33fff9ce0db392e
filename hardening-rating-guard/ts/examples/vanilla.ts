import { createGuardedSubmission, type GuardedSubmissionOptions, type Submission } from "@hardening/rating-guard";

/** `onLateFailure` is told of a rating that failed after its form was gone; the text comes back with its session. */
interface RatingFormOptions extends GuardedSubmissionOptions {
  /** The session that the page shows now. */
  openSession(): string;
  /** Sends the text; rejects with an Error for the person if it was not accepted. */
  rate(sessionId: string, text: string, submission: Submission): Promise<void>;
}

/** One form on the page, for one session after the other. */
export function ratingForm(form: HTMLFormElement, { openSession, rate, ...options }: RatingFormOptions) {
  const area = form.querySelector("textarea")!;
  const button = form.querySelector("button")!;
  const alert = form.querySelector("[role=alert]")!;
  const drafts = new Map<string, string>(); // what was typed and is not accepted yet
  const guard = createGuardedSubmission(options);

  guard.subscribe((state) => {
    button.disabled = state === "sending";
    button.textContent = { idle: "Send", sending: "Sending…", sent: "Sent", closed: "Closed" }[state];
  });
  area.addEventListener("input", () => drafts.set(guard.draftSessionId ?? "", area.value));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const sessionId = openSession();
    const text = area.value;
    let isCurrent = () => true;
    try {
      const outcome = await guard.submit(sessionId, (submission) => {
        isCurrent = submission.isCurrent;
        return rate(sessionId, text, submission);
      });
      // What was typed while the answer was on its way was not sent: it stays.
      if (outcome.status === "done" && drafts.get(sessionId) === text) drafts.delete(sessionId);
      if (outcome.current) alert.textContent = outcome.status === "mismatch" ? outcome.error : "";
    } catch (failure) {
      if (isCurrent()) alert.textContent = (failure as Error).message; // a late one goes to onLateFailure
    }
  });

  return {
    /** Draws the form for a session. */
    draw(sessionId: string) {
      guard.begin(sessionId);
      area.value = drafts.get(sessionId) ?? "";
      alert.textContent = "";
    },
  };
}
