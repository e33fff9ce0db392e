import { createGuardedSubmissions } from "/webjars/hardening-rating-guard/kept.js";
import { ApiError } from "/api.js";
import { byId, element, icon, setText } from "/dom.js";

/**
 * @typedef {import("/api.js").Entry} Entry
 * @typedef {import("/api.js").Attempt} Attempt
 * @typedef {{ user_id: string, name: string }} Person
 * @typedef {{ session_id: string, rateable_users: Person[] }} Pending
 * @typedef {ReturnType<typeof import("/api.js").createSession>} Session
 * @typedef {import("/webjars/hardening-rating-guard/index.js").GuardedSubmission} Guard
 */

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
const MAX_DRAFTS = 20;

const ANOTHER_SESSION = "Another session is open now. What you had filled in is kept, and comes back with its session.";

/** What the page says when the server's state has moved on, and what it then does: it asks again. */
const MOVED_ON = new Map([
  ["NO_PENDING_RATINGS", "These ratings are closed: they were sent from another tab, or the session has ended."],
  ["RATING_ALREADY_EXISTS", "These ratings were given already, from another tab or before an answer was lost."],
  ["IDEMPOTENCY_KEY_REUSED", "Your first try had arrived already, so what you sent now was not kept."],
  ["SESSION_MISMATCH", "The server has another session open for you now."],
  ["SESSION_NOT_RATABLE", "This session cannot be rated yet."],
]);

/**
 * The rating form. All it sends goes through the guard of the session that it is drawn for. A session keeps its guard, so
 * that a second try has the first one's attempt id also if another session was open meanwhile.
 * @param {object} options
 * @param {Session} options.session
 * @param {() => void} options.onMismatch
 * @param {(failure: unknown) => void} options.onLateFailure
 */
export function createRatingForm({ session, onMismatch, onLateFailure }) {
  const form = byId("rate-form");
  const people = byId("rate-people");
  const actions = byId("rate-actions");
  const submitButton = /** @type {HTMLButtonElement} */ (byId("rate-submit"));
  const skipButton = /** @type {HTMLButtonElement} */ (byId("rate-skip"));
  const guards = createGuardedSubmissions();
  /** Of the session that the form is drawn for. @type {Guard | null} */
  let guard = null;
  let unsubscribe = () => {};
  /** What was filled in, by session and person. @type {Map<string, Map<string, (string | boolean)[]>>} */
  const drafts = new Map();
  /** @type {string | null} */
  let sessionId = null;
  let drawn = false;
  let asked = 0;
  /** The newest question. @type {Promise<void>} */
  let newest = Promise.resolve();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let asking;

  /** Asks what is to be rated. The form stays as it is while those are the session and the people it was drawn for. */
  function refresh() {
    newest = ask();
    return newest;
  }

  /** @returns {Promise<void>} done when the form shows the answer to this question, or to a newer one */
  async function ask() {
    const question = ++asked;
    const answer = await session.pending();
    if (question !== asked) return newest;
    /** @type {Pending | null} */
    const pending = answer.has_pending ? answer.pending : null;
    const same = (pending?.session_id ?? null) === sessionId;
    const open = (pending?.rateable_users ?? []).map((person) => person.user_id);
    if (drawn && same && open.join() === rows().map((row) => row.dataset.user).join()) return;
    const interrupted = keepDraft() && !same;
    const focused = form.contains(document.activeElement);
    draw(pending);
    if (focused) focusHeading();
    if (interrupted) say("", (pending === null ? MOVED_ON.get("NO_PENDING_RATINGS") : ANOTHER_SESSION) ?? "");
  }

  /** The same, again every three seconds until it is answered. */
  async function load() {
    clearTimeout(asking);
    try {
      await refresh();
    } catch {
      if (actions.hidden) setText(byId("rate-intro"), "Your pending ratings cannot be read right now. Trying again…");
      asking = setTimeout(load, 3000);
    }
  }

  /** Where the keyboard goes on when what had the focus is no longer there. */
  function focusHeading() {
    if (document.activeElement === document.body) byId("h-rate").focus();
  }

  /** @param {Pending | null} pending */
  function draw(pending) {
    sessionId = pending?.session_id ?? null;
    drawn = true;
    watch(sessionId === null ? null : guards.get(sessionId));
    form.dataset.session = sessionId ?? "";
    people.replaceChildren(...(pending?.rateable_users ?? []).map(fieldset));
    actions.hidden = sessionId === null;
    setText(
      byId("rate-intro"),
      sessionId === null ? "No rating is pending. “Next session” seats a new table." : "Rate one, two or all three of your tablemates.",
    );
    say("", "");
    restoreDraft();
  }

  /** @param {Guard | null} next */
  function watch(next) {
    unsubscribe();
    guard = next;
    if (next?.state === "sent") next.begin(next.draftSessionId); // somebody is still to be rated: a new draft
    unsubscribe = next?.subscribe(showState) ?? (() => {});
    showState(next?.state ?? "idle");
  }

  /**
   * @param {Person} person
   * @param {number} index
   */
  function fieldset({ user_id: id, name }, index) {
    const radios = RATINGS.map(([value = "", label = "", look = ""]) =>
      element(
        "label",
        {},
        element("input", { type: "radio", name: `rating-${index}`, value, "data-testid": `rate-${value}-${index}` }),
        icon(look),
        label,
      ),
    );
    const checks = REASONS.map(([value = "", label = ""]) =>
      element(
        "label",
        { class: "check" },
        element("input", { type: "checkbox", name: `reason-${index}`, value, "data-testid": `reason-${value}-${index}` }),
        label,
      ),
    );
    const other = element("input", { type: "text", name: `other-${index}`, maxlength: 200, autocomplete: "off", "data-testid": `reason-text-${index}` });
    return element(
      "fieldset",
      { class: "person", "data-user": id, "data-testid": `rate-person-${index}` },
      element("legend", {}, name),
      element("div", { class: "ratings" }, ...radios),
      element(
        "fieldset",
        { class: "reasons", hidden: "" },
        element("legend", {}, `What went wrong with ${name}?`),
        ...checks,
        element("label", { class: "other" }, "In your words, if you like", other),
      ),
    );
  }

  const rows = () => /** @type {HTMLElement[]} */ ([...people.children]);
  /** @param {HTMLElement} row */
  const chosen = (row) => /** @type {HTMLInputElement | null} */ (row.querySelector("[type=radio]:checked"))?.value;

  function showReasons() {
    for (const row of rows()) {
      const reasons = /** @type {HTMLElement} */ (row.querySelector(".reasons"));
      reasons.hidden = chosen(row) !== "red";
    }
  }

  /** @returns {Entry[]} */
  function entries() {
    return rows().flatMap((row) => {
      const rating = chosen(row);
      if (rating === undefined) return [];
      /** @type {Entry} */
      const entry = { ratee_id: row.dataset.user ?? "", rating };
      if (rating === "red") {
        const reasons = /** @type {HTMLInputElement[]} */ ([...row.querySelectorAll("[type=checkbox]:checked")]).map((box) => box.value);
        const text = /** @type {HTMLInputElement} */ (row.querySelector("[type=text]")).value.trim();
        if (text !== "" && !reasons.includes("other")) reasons.push("other");
        entry.reasons = reasons;
        if (text !== "") entry.other_reason_text = text;
      }
      return [entry];
    });
  }

  /** @param {Entry[]} ratings */
  function complaint(ratings) {
    if (ratings.length === 0) return "Choose green, red or skip for at least one person.";
    if (ratings.some((entry) => entry.rating === "red" && entry.reasons?.length === 0)) return "Give a reason for each red rating.";
    return null;
  }

  /** @param {HTMLElement} row */
  const inputs = (row) => /** @type {HTMLInputElement[]} */ ([...row.querySelectorAll("input")]);

  /** Keeps what was filled in for each person, and says whether there was something. */
  function keepDraft() {
    /** @type {Map<string, (string | boolean)[]>} */
    const draft = new Map();
    for (const row of rows()) {
      const values = inputs(row).map((input) => (input.type === "text" ? input.value : input.checked));
      if (values.some(Boolean)) draft.set(row.dataset.user ?? "", values);
    }
    if (sessionId === null || draft.size === 0) return false;
    drafts.delete(sessionId);
    drafts.set(sessionId, draft);
    for (const oldest of drafts.keys()) if (drafts.size > MAX_DRAFTS) drafts.delete(oldest);
    return true;
  }

  /** Fills in what was kept for the people who are still to be rated. */
  function restoreDraft() {
    const draft = drafts.get(sessionId ?? "");
    for (const row of rows()) {
      const values = draft?.get(row.dataset.user ?? "") ?? [];
      inputs(row).forEach((input, at) => {
        const value = values[at];
        if (typeof value === "string") input.value = value;
        else input.checked = value === true;
      });
    }
    showReasons();
  }

  /**
   * @param {string} error
   * @param {string} message
   */
  function say(error, message) {
    setText(byId("rate-error"), error);
    setText(byId("rate-message"), message);
  }

  /** @param {string} state */
  function showState(state) {
    submitButton.disabled = skipButton.disabled = state === "sending";
    setText(submitButton, state === "sending" ? "Sending…" : "Send ratings");
  }

  /**
   * Sends by `action` under the guard. What comes back touches the form only while it is still the same one.
   * @param {string} target
   * @param {(attempt: Attempt) => Promise<any>} action
   */
  async function send(target, action) {
    const focused = document.activeElement;
    const inForm = form.contains(focused);
    const own = guard;
    if (own === null) return null;
    let outcome = null;
    try {
      outcome = await own.submit(target, ({ attemptId, signal }) => {
        say("", "");
        return action({ attemptId, signal });
      });
    } catch (failure) {
      if (own === guard) await explain(failure);
      else onLateFailure(failure);
    }
    if (outcome?.status === "mismatch") {
      say(outcome.error, "");
      onMismatch();
    } else if (outcome?.status === "done") {
      if (own === guard) {
        // What was filled in for somebody else while the answer was on its way was not sent: it stays.
        keepDraft();
        draw(null);
        await load();
        say("", outcome.value.message ?? "Thank you for rating.");
      }
    }
    if (focused instanceof HTMLButtonElement && !focused.disabled && document.activeElement === document.body) focused.focus();
    if (inForm) focusHeading();
    return outcome;
  }

  /**
   * Says why a submission failed. If the server has moved on, the form goes on with what is open there now.
   * @param {unknown} failure
   */
  async function explain(failure) {
    const code = failure instanceof ApiError ? failure.code : null;
    const moved = code === null ? undefined : MOVED_ON.get(code);
    if (moved === undefined) {
      say(failure instanceof Error ? failure.message : String(failure), "");
      return;
    }
    keepDraft(); // of what was refused nothing was kept, and some of these people may still be open
    drawn = false;
    guard?.begin(sessionId); // what is sent next is another attempt
    people.replaceChildren();
    actions.hidden = true;
    await load();
    say(moved, "");
  }

  form.addEventListener("change", showReasons);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void submit();
  });
  skipButton.addEventListener("click", () => {
    const target = sessionId;
    if (target !== null) void send(target, (attempt) => session.skip(target, attempt));
  });

  /** What "Send ratings" does. */
  async function submit() {
    const target = sessionId;
    if (target === null) return null;
    const ratings = entries();
    const wrong = complaint(ratings);
    if (wrong === null) return send(target, (attempt) => session.rate(target, ratings, attempt));
    say(wrong, "");
    return null;
  }

  return {
    refresh,
    load,
    get sessionId() {
      return sessionId;
    },
    submit,
    send,
    /** What is filled in; if that cannot be sent, the form is filled in with green first. */
    fill() {
      if (complaint(entries()) !== null) {
        for (const row of rows()) /** @type {HTMLInputElement} */ (row.querySelector("[value=green]")).checked = true;
        showReasons();
      }
      return entries();
    },
    forget() {
      drafts.clear();
      drawn = false;
      people.replaceChildren();
    },
  };
}
