import { byId, element, icon } from "/dom.js";

const KEPT = 60;

/** @typedef {{ id: number | string, at: string, card: string, level: string, text: string }} Entry */

/** What happened, newest first. */
export function createTimeline() {
  const list = byId("timeline");

  return {
    /** @param {Entry} entry */
    add({ id, at, card, level, text }) {
      // With the time, because a server that was started anew counts from one again.
      const key = `${id} ${at}`;
      for (const shown of list.children) if (shown instanceof HTMLElement && shown.dataset.key === key) return;
      const time = Date.parse(at);
      const earlier = [...list.children].find((shown) => shown instanceof HTMLElement && Number(shown.dataset.time) <= time);
      const name = card.charAt(0).toUpperCase() + card.slice(1);
      list.insertBefore(
        element(
          "li",
          { "data-key": key, "data-time": time, "data-level": level },
          icon(level),
          element("span", { class: "what-happened" }, text),
          element("span", { class: "when quiet" }, `${name}, ${new Date(at).toLocaleTimeString("en-GB")}`),
        ),
        earlier ?? null,
      );
      while (list.children.length > KEPT) list.lastElementChild?.remove();
    },
  };
}
