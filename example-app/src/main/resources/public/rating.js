import { createGuardedSubmission } from "/webjars/hardening-rating-guard/index.js";
import { byId, element, icon, setText } from "/dom.js";

const RATINGS = [
  ["green", "Green", "ok"],
  ["red", "Red", "error"],
  ["skip", "Skip", "idle"],
];
const REASONS = [
  ["absent_no_show", "Did not show up"],
  ["left_early", "Left early without a word"],
  ["disruptive", "Disturbed the others"],
  ["other", "Something else"],
];

/** The rating form. Whatever it sends goes through one guard, which knows the session that the form was drawn for. */
export function createRatingForm({ session, nameOf, onMismatch, onLate, onDone }) {
  const form = byId("rate-form");
  const people = byId("rate-people");
  const actions = byId("rate-actions");
  const submitButton = byId("rate-submit");
  const skipButton = byId("rate-skip");
  const guard = createGuardedSubmission();
  const drafts = new Map();
  let sessionId = null;
  let asked = 0;

  /** Asks what is to be rated. The form stays as it is while that is the session it was drawn for. */
  async function refresh() {
    const question = ++asked;
    const answer = await session.pending();
    if (question !== asked) return;
    const pending = answer.has_pending ? answer.pending : null;
    if ((pending?.session_id ?? null) !== sessionId || people.dataset.drawn === undefined) draw(pending);
  }

  function draw(pending) {
    keepDraft();
    sessionId = pending?.session_id ?? null;
    guard.begin(sessionId);
    form.dataset.session = sessionId ?? "";
    people.dataset.drawn = "";
    const users = (pending?.rateable_users ?? []).map((user) =>
      typeof user === "string" ? { user_id: user } : user,
    );
    people.replaceChildren(...users.map(person));
    actions.hidden = sessionId === null;
    setText(
      byId("rate-intro"),
      sessionId === null
        ? "No rating is pending. “Next session” seats a new table."
        : "How was it to work beside them? Rate one, two or all three.",
    );
    say("", "");
    restoreDraft();
    showBusy();
  }

  function person(user, index) {
    const name = user.name ?? user.display_name ?? nameOf(user.user_id) ?? `Tablemate ${index + 1}`;
    const field = `rating-${index}`;
    const radios = RATINGS.map(([value, label, look]) =>
      element(
        "label",
        {},
        element("input", { type: "radio", name: field, value, "data-testid": `rate-${value}-${index}` }),
        icon(look),
        label,
      ),
    );
    const checks = REASONS.map(([value, label]) =>
      element(
        "label",
        { class: "check" },
        element("input", { type: "checkbox", name: `reason-${index}`, value, "data-testid": `reason-${value}-${index}` }),
        label,
      ),
    );
    const other = element("input", {
      type: "text",
      name: `other-${index}`,
      maxlength: "200",
      autocomplete: "off",
      "data-testid": `reason-text-${index}`,
    });
    const reasons = element(
      "fieldset",
      { class: "reasons", hidden: "" },
      element("legend", {}, `What went wrong with ${name}?`),
      ...checks,
      element("label", { class: "other" }, "In your words, if you like", other),
    );
    return element(
      "fieldset",
      { class: "person", "data-user": user.user_id, "data-testid": `rate-person-${index}` },
      element("legend", {}, name),
      element("div", { class: "ratings" }, ...radios),
      reasons,
    );
  }

  function showReasons() {
    for (const row of people.children)
      row.querySelector(".reasons").hidden = row.querySelector("[type=radio]:checked")?.value !== "red";
  }

  function entries() {
    return [...people.children].flatMap((row) => {
      const rating = row.querySelector("[type=radio]:checked")?.value;
      if (rating === undefined) return [];
      const entry = { ratee_id: row.dataset.user, rating };
      if (rating === "red") {
        entry.reasons = [...row.querySelectorAll("[type=checkbox]:checked")].map((box) => box.value);
        const text = row.querySelector("[type=text]").value.trim();
        if (text !== "") {
          entry.other_reason_text = text;
          if (!entry.reasons.includes("other")) entry.reasons.push("other");
        }
      }
      return [entry];
    });
  }

  function complaint(ratings) {
    if (ratings.length === 0) return "Choose green, red or skip for at least one person.";
    if (ratings.some((entry) => entry.rating === "red" && entry.reasons.length === 0))
      return "Give a reason for each red rating.";
    return null;
  }

  function keepDraft() {
    if (sessionId === null) return;
    const values = [...form.querySelectorAll("input")].map((input) =>
      input.type === "text" ? input.value : input.checked,
    );
    if (values.some(Boolean)) drafts.set(sessionId, values);
  }

  function restoreDraft() {
    const values = drafts.get(sessionId);
    const inputs = [...form.querySelectorAll("input")];
    if (values?.length === inputs.length)
      inputs.forEach((input, at) => (input.type === "text" ? (input.value = values[at]) : (input.checked = values[at])));
    showReasons();
  }

  function say(error, message) {
    setText(byId("rate-error"), error);
    setText(byId("rate-message"), message);
  }

  function showBusy() {
    const sending = guard.state === "sending";
    submitButton.disabled = skipButton.disabled = sending;
    setText(submitButton, sending ? "Sending…" : "Send ratings");
  }

  /** Sends by `action` under the guard; what comes back touches the form only while it is still the same one. */
  async function send(target, action) {
    const from = sessionId;
    const focused = document.activeElement;
    let outcome = null;
    try {
      const submission = guard.submit(target, async ({ isCurrent }) => {
        say("", "");
        try {
          return await action(target);
        } catch (failure) {
          if (isCurrent()) say(failure.message, "");
          else onLate(failure);
          if (failure.status === 401) session.signIn().catch(() => {});
          throw failure;
        }
      });
      showBusy();
      outcome = await submission;
    } catch {
      // Shown above, where it belonged; the form is as the person left it.
    }
    showBusy();
    if (outcome?.status === "mismatch") {
      say(outcome.error, "");
      onMismatch();
    } else if (outcome?.status === "done") {
      drafts.delete(from);
      if (outcome.current) {
        people.replaceChildren();
        draw(null);
        say("", outcome.value.message ?? "Thank you. Your ratings are in.");
        onDone();
        await refreshKeepingMessage();
      }
    }
    if (focused instanceof HTMLButtonElement && !focused.disabled && document.activeElement === document.body) focused.focus();
    return outcome;
  }

  async function refreshKeepingMessage() {
    const message = byId("rate-message").textContent;
    await refresh().catch(() => {});
    if (byId("rate-error").textContent === "") say("", message);
  }

  form.addEventListener("change", showReasons);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (sessionId === null) return;
    const ratings = entries();
    const wrong = complaint(ratings);
    if (wrong !== null) say(wrong, "");
    else void send(sessionId, (id) => session.rate(id, ratings));
  });
  skipButton.addEventListener("click", () => {
    if (sessionId !== null) void send(sessionId, (id) => session.skip(id));
  });

  return {
    refresh,
    get sessionId() {
      return sessionId;
    },
    /** Sends the form as it stands to a session that it was not drawn for: the guard stops it. */
    submitTo: (other) => send(other, (id) => session.rate(id, entries())),
    /** What a page without a guard would send. */
    ratings() {
      const chosen = entries();
      if (chosen.length > 0 && complaint(chosen) === null) return chosen;
      return [...people.children].map((row) => ({ ratee_id: row.dataset.user, rating: "green" }));
    },
    forget() {
      drafts.clear();
      people.replaceChildren();
      draw(null);
    },
  };
}
