import type { GuardedSubmission, GuardedSubmissionOptions, Submission, SubmissionState } from "@hardening/rating-guard";
import { createGuardedSubmissions } from "@hardening/rating-guard/kept";

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
  const guards = createGuardedSubmissions(options); // one for each session, which knows it when the form comes back to it
  let guard: GuardedSubmission; // of the session that the form is drawn for
  let unsubscribe = () => {};

  /** Draws the form for a session. */
  function draw(sessionId: string) {
    unsubscribe();
    guard = guards.get(sessionId);
    unsubscribe = guard.subscribe(show);
    show(guard.state);
    area.value = drafts.get(sessionId) ?? "";
    alert.textContent = "";
  }

  function show(state: SubmissionState) {
    button.disabled = state === "sending";
    button.textContent = { idle: "Send", sending: "Sending…", sent: "Sent", closed: "Closed" }[state];
  }

  area.addEventListener("input", () => drafts.set(guard.draftSessionId ?? "", area.value));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const sessionId = openSession();
    const text = area.value;
    const own = guard;
    try {
      const outcome = await own.submit(sessionId, (submission) => rate(sessionId, text, submission));
      // What was typed while the answer was on its way was not sent: it stays.
      if (outcome.status === "done" && drafts.get(sessionId) === text) drafts.delete(sessionId);
      if (own === guard) alert.textContent = outcome.status === "mismatch" ? outcome.error : "";
    } catch (failure) {
      if (own === guard) alert.textContent = (failure as Error).message;
      else options.onLateFailure?.(failure, sessionId);
    }
  });

  draw(openSession());
  return { draw };
}
