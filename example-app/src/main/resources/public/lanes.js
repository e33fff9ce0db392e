import { byId, setText, shape } from "/dom.js";

/**
 * The load of both lanes: what every request of the last few minutes came to, drawn as two strips.
 *
 * @typedef {"hardened" | "plain"} Lane
 * @typedef {"ada" | "ben" | "thief"} Caller
 * @typedef {"ok" | "unavailable" | "refused" | "failed" | "no_answer"} Outcome
 * @typedef {{ sentAt: number, lane: Lane, caller: Caller, outcome: Outcome }} Answer
 * @typedef {{ at: number, name: string }} Mark
 */

/** So long are answers kept. */
export const KEPT_MILLIS = 150_000;
const SIZE = 7;
const STEP = 9.5;

/** How each outcome is called and in which order a column stacks them. */
const OUTCOMES = /** @type {const} */ ({
  ok: "OK",
  unavailable: "503, try again",
  refused: "401, signed out",
  failed: "500",
  no_answer: "no answer in 2 s",
});
const ORDER = /** @type {Outcome[]} */ (Object.keys(OUTCOMES));

/** @type {Lane[]} */
export const LANES = ["hardened", "plain"];

export function createLanes() {
  /** @type {Answer[]} */
  let answers = [];
  /** The answers by moment, lane and caller: a stream that begins anew brings some of them again. @type {Set<string>} */
  let known = new Set();
  /** @type {Mark[]} */
  let marks = [];

  /**
   * @param {SVGElement} svg
   * @param {Lane} lane
   * @param {number} now
   */
  function drawStrip(svg, lane, now) {
    const { width, height } = svg.getBoundingClientRect();
    if (width < 60) return;
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const bottom = height - 16;
    const columns = Math.floor(width / STEP);
    const second = Math.floor(now / 1000);
    /** @param {number} at */
    const x = (at) => width - STEP * ((second * 1000 + 1000 - at) / 1000);
    /** @type {Map<number, Outcome[]>} */
    const stacks = new Map();
    for (const answer of answers) {
      if (answer.lane !== lane || answer.caller === "thief") continue;
      const key = Math.floor(answer.sentAt / 1000);
      const stack = stacks.get(key);
      if (stack === undefined) stacks.set(key, [answer.outcome]);
      else stack.push(answer.outcome);
    }
    /** @type {SVGElement[]} */
    const nodes = [shape("line", { x1: 0, x2: width, y1: bottom + 0.5, y2: bottom + 0.5, class: "grid" })];
    let free = Infinity;
    for (const { at, name } of [...marks].reverse()) {
      if (x(at) < 0) continue;
      nodes.push(shape("line", { x1: x(at), x2: x(at), y1: 10, y2: bottom, class: "drill" }));
      const wide = name.length * 6.6;
      const from = Math.min(x(at) + 3, width - wide);
      if (from + wide < free) {
        nodes.push(shape("text", { x: from, y: 9, class: "halo" }, name));
        free = x(at);
      }
    }
    for (let back = 0; back < columns; back++) {
      const stack = (stacks.get(second - back) ?? []).sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b));
      const lift = Math.min(9, (bottom - 14) / Math.max(1, stack.length));
      stack.forEach((outcome, row) => nodes.push(sign(outcome, width - STEP * (back + 0.5), bottom - 6 - row * lift)));
    }
    nodes.push(shape("text", { x: 0, y: height - 2 }, `−${columns} s`), shape("text", { x: width, y: height - 2, class: "end" }, "now"));
    svg.replaceChildren(...nodes);
  }

  /**
   * How many requests of a lane came to what, since a moment.
   * @param {Lane} lane
   * @param {number} since
   * @param {Caller} [caller] all but the thief's by default
   */
  function count(lane, since, caller) {
    const counts = { ok: 0, unavailable: 0, refused: 0, failed: 0, no_answer: 0 };
    for (const answer of answers)
      if (answer.lane === lane && answer.sentAt >= since && (caller ? answer.caller === caller : answer.caller !== "thief"))
        counts[answer.outcome]++;
    return counts;
  }

  return {
    /** @param {[number, Lane, Caller, Outcome][]} rows */
    add(rows) {
      for (const [sentAt, lane, caller, outcome] of rows) {
        const answer = { sentAt, lane, caller, outcome };
        if (known.has(keyOf(answer))) continue;
        known.add(keyOf(answer));
        answers.push(answer);
      }
      const oldest = (answers.at(-1)?.sentAt ?? 0) - KEPT_MILLIS;
      if ((answers[0]?.sentAt ?? 0) < oldest) {
        answers = answers.filter((answer) => answer.sentAt >= oldest);
        known = new Set(answers.map(keyOf));
      }
      marks = marks.filter((mark) => mark.at >= oldest);
    },
    /** @param {Mark} mark */
    mark: (mark) => void marks.push(mark),
    count,
    /**
     * The answers of a lane since a moment, oldest first.
     * @param {Lane} lane
     * @param {number} since
     * @param {Caller} caller
     */
    of: (lane, since, caller) =>
      answers
        .filter((answer) => answer.lane === lane && answer.caller === caller && answer.sentAt >= since)
        .sort((a, b) => a.sentAt - b.sentAt),
    forget() {
      answers = [];
      known.clear();
      marks = [];
    },
    /** @param {number} now the server's clock */
    draw(now) {
      for (const lane of LANES) {
        const svg = /** @type {SVGElement} */ (/** @type {unknown} */ (byId(`load-${lane}`)));
        drawStrip(svg, lane, now);
        const words = describe(count(lane, now - 60_000));
        setText(byId(`tally-${lane}`), words);
        svg.setAttribute("aria-label", `Last minute: ${words}`);
      }
    },
  };
}

/** @param {Answer} answer */
const keyOf = ({ sentAt, lane, caller }) => `${sentAt} ${lane} ${caller}`;

/** @param {Record<Outcome, number>} counts */
export function describe(counts) {
  const parts = ORDER.filter((outcome) => counts[outcome] > 0).map((outcome) => `${counts[outcome]} ${OUTCOMES[outcome]}`);
  return parts.join(" · ") || "no request yet";
}

/**
 * Each outcome has a shape of its own, so that it can be told without its colour.
 * @param {Outcome} outcome
 * @param {number} x
 * @param {number} y
 */
function sign(outcome, x, y) {
  const r = SIZE / 2;
  switch (outcome) {
    case "ok":
      return shape("rect", { x: x - r, y: y - r, width: SIZE, height: SIZE, rx: 1.5, class: "ok" });
    case "unavailable":
      return shape("path", { d: `M${x} ${y - r}l${r} ${r}l${-r} ${r}l${-r} ${-r}z`, class: "unavailable" });
    case "no_answer":
      return shape("circle", { cx: x, cy: y, r: r - 0.5, class: "no-answer" });
    default:
      return shape("path", { d: `M${x - r} ${y - r}l${SIZE} ${SIZE}M${x + r} ${y - r}l${-SIZE} ${SIZE}`, class: "failed" });
  }
}
