import { element, icon, setText } from "/dom.js";
import { LANES } from "/lanes.js";

/**
 * @typedef {"idle" | "ok" | "warn" | "error"} State
 * @typedef {{ state: State, text: string }} Sight what a lane shows
 * @typedef {{ id: string, title: string, artifact: string, page: string, what: string, without: string }} About
 */

/** The two lanes change shortly after each other, and both are to be announced. */
const ANNOUNCED_MILLIS = 1000;

/**
 * The frame that every card shares. It is the only owner of the attributes within it.
 * @param {About} about
 */
export function createCard({ id, title, artifact, page, what, without }) {
  const lampText = element("span", {}, "Waiting");
  let lampIcon = icon("idle");
  const lamp = element("p", { class: "lamp", "data-testid": `lamp-${id}`, "data-state": "idle" }, lampText, lampIcon);
  const facts = element("p", { class: "facts quiet", "data-testid": `facts-${id}` });
  const drills = element("div", { class: "drills", role: "group", "aria-label": `Drills for ${title}` });
  const evidence = element("div", { class: "evidence" });
  const dependency = element("code", { class: "dependency", "data-testid": `dependency-${id}`, tabindex: "0" });
  const copied = element("span", { class: "copied quiet", role: "status" });
  const copy = element("button", { type: "button", class: "button small copy", "data-testid": `copy-${id}` }, "Copy");
  copy.addEventListener("click", () => {
    navigator.clipboard
      .writeText(dependency.textContent ?? "")
      .then(() => setText(copied, "Copied"))
      .catch(() => setText(copied, "Select the line and copy it"));
  });
  let changed = 0;
  const lanes = Object.fromEntries(
    LANES.map((lane) => {
      const text = element("span", { class: "sight" }, "Press a drill");
      const node = element(
        "div",
        { class: "lane", "data-lane": lane, "data-state": "idle", "data-testid": `lane-${id}-${lane}` },
        element("h4", {}, lane === "hardened" ? `With ${artifact}` : "Without"),
        element("p", { class: "seen" }, icon("idle"), text),
      );
      return [lane, { node, text }];
    }),
  );
  const status = element(
    "div",
    { class: "lanes", role: "status", "aria-label": `What the last drill showed: ${title}` },
    ...Object.values(lanes).map(({ node }) => node),
  );
  const root = element(
    "section",
    { class: "card", id: `card-${id}`, "aria-labelledby": `h-${id}` },
    element("div", { class: "card-head" }, element("h3", { id: `h-${id}` }, title), lamp),
    element("p", { class: "what" }, what),
    drills,
    status,
    facts,
    element("p", { class: "without quiet" }, element("strong", {}, "Without it: "), without),
    element(
      "div",
      { class: "use" },
      element("a", { href: `/docs/${page}`, "data-testid": `page-${id}` }, artifact),
      dependency,
      copy,
      copied,
    ),
    evidence,
  );

  return {
    id,
    root,
    drills,
    evidence,
    /**
     * @param {State} state
     * @param {string} text
     */
    lamp(state, text) {
      if (lamp.dataset.state !== state) {
        lamp.dataset.state = state;
        const next = icon(state);
        lampIcon.replaceWith(next);
        lampIcon = next;
      }
      setText(lampText, text);
    },
    /** @param {(string | false | null | undefined)[]} parts */
    facts: (parts) => setText(facts, parts.filter(Boolean).join(" · ")),
    /** @param {string} version */
    version: (version) =>
      setText(
        dependency,
        `<dependency><groupId>dev.hardening</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`,
      ),
    /**
     * @param {string} lane
     * @param {Sight} sight
     */
    lane(lane, { state, text }) {
      const shown = lanes[lane];
      if (shown === undefined) return;
      if (shown.node.dataset.state !== state) {
        changed = Date.now();
        shown.node.dataset.state = state;
        shown.node.querySelector(".icon")?.replaceWith(icon(state));
      }
      // A change is announced; numbers that go on counting are not.
      status.setAttribute("aria-live", Date.now() - changed < ANNOUNCED_MILLIS ? "polite" : "off");
      setText(shown.text, text);
    },
  };
}
