import { element, icon } from "/dom.js";
import { KEPT_MILLIS } from "/lanes.js";

/**
 * One row of the table of drills.
 *
 * @typedef {import("/cards/card.js").Sight} Sight
 * @typedef {object} Seen what the page has seen since a drill began
 * @property {Sight} hardened
 * @property {Sight} plain
 * @property {boolean} failed the plain lane failed, and the page saw it
 * @property {boolean} recovered the hardened lane did what it should, and the page saw it
 *
 * @typedef {object} Drill
 * @property {string} id
 * @property {string} label
 * @property {string} [name] how the load's charts call it; drills that do not touch the load have none
 * @property {string} [begin] what the lanes say until the first observation
 * @property {HTMLElement} [place] where its button goes; among the card's drills by default
 * @property {() => Promise<any>} act
 * @property {(facts: any, since: number) => Seen} [see] what was seen, from the drill's own answer and the load since then;
 *   a drill without it goes on with what the card shows
 */

/**
 * Runs the drills of the cards. It owns the buttons, their marks, and what the lanes of each card show.
 * @param {object} options
 * @param {() => number} options.now the server's clock
 * @param {(mark: { at: number, name: string }) => void} options.mark
 * @param {() => Promise<unknown>} options.prepare brings the plain lane to where both lanes begin even
 * @param {() => boolean} options.loadIsOff whether the lanes get no requests
 * @param {(seen: number, all: number) => void} options.onProgress
 */
export function createDrills({ now, mark, prepare, loadIsOff, onProgress }) {
  /** @type {Map<string, HTMLButtonElement>} */
  const buttons = new Map();
  /** The drill that each card shows. @type {Map<string, { drill: Drill, card: Card, since: number, facts: any, failed: boolean, recovered: boolean }>} */
  const shown = new Map();
  /** @type {Set<string>} */
  const marked = new Set();
  let markable = 0;

  /** @typedef {ReturnType<typeof import("/cards/card.js").createCard>} Card */

  /**
   * @param {Card} card
   * @param {Drill} drill
   */
  function add(card, drill) {
    const counts = drill.begin !== undefined;
    if (counts) markable++;
    const button = /** @type {HTMLButtonElement} */ (
      element(
        "button",
        { type: "button", class: counts ? "button drill" : "button", "data-testid": `drill-${drill.id}`, "data-seen": counts ? "false" : null },
        ...(counts ? [icon("idle")] : []),
        element("span", {}, drill.label),
      )
    );
    button.addEventListener("click", () => void run(card, drill));
    buttons.set(drill.id, button);
    if (drill.place) drill.place.append(button);
    else card.drills.insertBefore(button, card.drills.querySelector(".choice"));
  }

  /**
   * @param {Card} card
   * @param {Drill} drill
   */
  async function run(card, drill) {
    const button = buttons.get(drill.id);
    // One request for each press that counts: while it is under way, the button does nothing.
    if (!button || button.getAttribute("aria-busy") === "true" || button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-busy", "true");
    if (drill.begin) {
      shown.delete(card.id);
      for (const lane of ["hardened", "plain"]) card.lane(lane, { state: "idle", text: drill.begin });
    }
    try {
      if (drill.begin) await prepare();
      const since = now();
      if (drill.name) mark({ at: since, name: drill.name });
      const facts = await drill.act();
      if (drill.see) shown.set(card.id, { drill, card, since, facts, failed: false, recovered: false });
    } catch (failure) {
      shown.delete(card.id);
      const text = failure instanceof Error ? failure.message : String(failure);
      for (const lane of ["hardened", "plain"]) card.lane(lane, { state: "idle", text: `The drill did not run: ${text}` });
    } finally {
      button.removeAttribute("aria-busy");
      look();
    }
  }

  /** Shows what was seen so far, and fills the marks of the drills whose failure and recovery were both seen. */
  function look() {
    for (const entry of shown.values()) {
      const { drill, card, since, facts } = entry;
      // Without requests there is nothing to see of a drill that is seen by its load.
      if (drill.name && loadIsOff() && !marked.has(drill.id)) {
        for (const lane of ["hardened", "plain"]) card.lane(lane, { state: "idle", text: "The load is off, so there is nothing to see. Switch “Load” on." });
        continue;
      }
      const seen = drill.see?.(facts, since);
      if (!seen) continue;
      // A lane goes on counting while all answers since the drill are kept. What it has come to stays, also after that.
      const counts = now() - since < KEPT_MILLIS;
      const ends = seen.recovered && !entry.recovered;
      if (!entry.recovered || (seen.recovered && counts)) card.lane("hardened", seen.hardened);
      if (!entry.failed || (seen.failed && (counts || ends))) card.lane("plain", seen.plain);
      entry.failed ||= seen.failed;
      entry.recovered ||= seen.recovered;
      if (entry.failed && entry.recovered) fill(drill.id);
    }
  }

  /** @param {string} id */
  function fill(id) {
    const button = buttons.get(id);
    if (marked.has(id) || button === undefined) return;
    marked.add(id);
    button.dataset.seen = "true";
    button.querySelector(".icon")?.replaceWith(icon("ok"));
    button.append(element("span", { class: "hidden" }, " (seen)"));
    onProgress(marked.size, markable);
  }

  return {
    add,
    look,
    progress: () => onProgress(marked.size, markable),
    /**
     * @param {string} id
     * @param {boolean} on
     */
    enable: (id, on) => buttons.get(id)?.setAttribute("aria-disabled", String(!on)),
    /**
     * @param {string} id
     * @param {boolean} on
     */
    press: (id, on) => buttons.get(id)?.setAttribute("aria-pressed", String(on)),
    /** @param {Iterable<Card>} cards */
    forget(cards) {
      shown.clear();
      marked.clear();
      for (const button of buttons.values()) {
        if (button.dataset.seen !== "true") continue;
        button.dataset.seen = "false";
        button.querySelector(".icon")?.replaceWith(icon("idle"));
        button.querySelector(".hidden")?.remove();
      }
      for (const card of cards) for (const lane of ["hardened", "plain"]) card.lane(lane, { state: "idle", text: "Press a drill" });
      onProgress(0, markable);
    },
  };
}
