import { shape } from "/dom.js";

const clear = (svg) => {
  const { width, height } = svg.getBoundingClientRect();
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.replaceChildren();
  return { width, height };
};
const text = (x, y, words, look = "") => shape("text", { x, y, class: look }, words);
const line = (x1, y1, x2, y2, look) => shape("line", { x1, y1, x2, y2, class: look });
const cross = (x, y, r, look) =>
  shape("path", { d: `M${x - r} ${y - r}l${2 * r} ${2 * r}M${x + r} ${y - r}l${-2 * r} ${2 * r}`, class: look });
const seconds = (ms) => Math.round(ms / 1000);

/** Too narrow to draw on, as long as the page is not laid out. */
const tooNarrow = (width) => width < 120;

function timeAxis(svg, left, right, y, span) {
  svg.append(line(left, y, right, y, "grid"));
  const step = span > 90_000 ? 60_000 : 20_000;
  for (let ago = step; ago < span; ago += step)
    svg.append(text(right - ((right - left) * ago) / span, y + 17, `−${seconds(ago)} s`, "middle"));
  svg.append(text(right, y + 17, "now", "end"));
}

/** Drills as dotted lines with their names, so that cause and effect stand on one axis; the newest name wins. */
function drillMarks(svg, drills, x, right, top, bottom, since) {
  let free = Infinity;
  for (const { at, name } of drills.filter((drill) => drill.at > since && drill.name !== "").reverse()) {
    svg.append(line(x(at), top, x(at), bottom, "drill"));
    const from = Math.min(x(at) + 4, right - name.length * 6.5);
    if (from + name.length * 6.5 > free) continue;
    svg.append(text(from, top + 9, name, "halo"));
    free = x(at);
  }
}

/** Age of the keys over the last minutes: fetches as dots, failed ones as crosses, the refresh-ahead zone shaded. */
export function createKeyChart(svg) {
  const SPAN = 150_000;
  const points = [];
  const fetches = [];
  const failures = [];
  let last = null;

  function add(now, keys) {
    if (typeof keys.age_ms === "number" && keys.age_ms >= 0) {
      const fetchedAt = now - keys.age_ms;
      const fresh = last === null || typeof last.age_ms !== "number" || keys.fetches > last.fetches;
      if (fresh) {
        if (points.length > 0) points.push({ at: fetchedAt, age: points.at(-1).age + fetchedAt - points.at(-1).at });
        points.push({ at: fetchedAt, age: 0 });
        fetches.push(fetchedAt);
      }
      points.push({ at: now, age: keys.age_ms });
    }
    if (last !== null && keys.failures > last.failures) failures.push({ at: now, age: keys.age_ms ?? 0 });
    last = keys;
    while (points.length > 2 && points[1].at < now - SPAN) points.shift();
    while (fetches.length > 0 && fetches[0] < now - SPAN) fetches.shift();
    while (failures.length > 0 && failures[0].at < now - SPAN) failures.shift();
  }

  function draw(now, drills) {
    if (last === null) return;
    const { width, height } = clear(svg);
    if (tooNarrow(width)) return;
    const [left, right, top, bottom] = [34, width - 2, 10, height - 24];
    const { ttl_ms: ttl, refresh_before_ms: ahead } = last;
    const peak = Math.max(ttl * 1.25, ...points.map((point) => point.age * 1.1));
    const x = (at) => Math.max(left, right - ((right - left) * (now - at)) / SPAN);
    const y = (age) => bottom - ((bottom - top) * Math.max(0, age)) / peak;

    svg.append(shape("rect", { x: left, y: y(ttl), width: right - left, height: y(ttl - ahead) - y(ttl), class: "zone" }));
    svg.append(line(left, y(ttl), right, y(ttl), "limit"));
    for (const age of [0, ttl - ahead, ttl]) svg.append(text(left - 8, y(age) + 4, `${seconds(age)} s`, "end"));
    timeAxis(svg, left, right, bottom, SPAN);
    drillMarks(svg, drills, x, right, top, bottom, now - SPAN);
    svg.append(shape("polyline", { points: points.map((p) => `${x(p.at)},${y(p.age)}`).join(" "), class: "line" }));
    for (const at of fetches) svg.append(shape("circle", { cx: x(at), cy: bottom, r: 4.5, class: "fetch" }));
    for (const miss of failures) svg.append(cross(x(miss.at), y(miss.age), 4, "miss"));
    svg.append(text(left + 8, y(ttl - ahead) - 6, "fetched ahead"));
    svg.append(text(left + 8, y(ttl) - 6, "stale, still served"));
    svg.setAttribute(
      "aria-label",
      `Age of the keys: ${seconds(last.age_ms ?? 0)} of ${seconds(ttl)} seconds, fetched ahead from ` +
        `${seconds(ttl - ahead)}. In the last ${SPAN / 1000} seconds ${fetches.length} fetches, ${failures.length} failures.`,
    );
  }

  return { add, draw };
}

/** One mark for each request, a column for each second: a square went well, a diamond was a 503, a cross failed. */
export function createLoadChart(svg) {
  const columns = new Map();
  const totals = { ok: 0, unavailable: 0, failed: 0 };

  function add(now, outcome) {
    const second = Math.floor(now / 1000);
    const column = columns.get(second) ?? [];
    column.push(outcome);
    columns.set(second, column);
    totals[outcome]++;
    for (const old of columns.keys()) if (old < second - 120) columns.delete(old);
  }

  function mark(outcome, x, y, size) {
    const r = size / 2;
    if (outcome === "ok") return shape("rect", { x: x - r, y: y - r, width: size, height: size, rx: 1.5, class: "ok" });
    if (outcome === "unavailable")
      return shape("path", { d: `M${x} ${y - r - 0.5}l${r + 0.5} ${r + 0.5}l${-r - 0.5} ${r + 0.5}l${-r - 0.5} ${-r - 0.5}z`, class: "unavailable" });
    return cross(x, y, r - 0.5, "failed");
  }

  function draw(now, drills) {
    const { width, height } = clear(svg);
    if (tooNarrow(width)) return;
    const [left, right, top, bottom] = [2, width - 2, 30, height - 24];
    const step = 9.5;
    const count = Math.floor((right - left) / step);
    const span = count * 1000;
    const second = Math.floor(now / 1000);
    const x = (at) => right - ((right - left) * (second * 1000 + 1000 - at)) / span;
    const shown = { ok: 0, unavailable: 0, failed: 0 };

    let at = left + 4;
    for (const [outcome, label] of [["ok", "OK"], ["unavailable", "503"], ["failed", "failed"]]) {
      const words = `${label} ${totals[outcome]}`;
      svg.append(mark(outcome, at, 8, 7), text(at + 10, 12, words));
      at += 34 + words.length * 6.5;
    }
    timeAxis(svg, left, right, bottom, span);
    drillMarks(svg, drills, x, right, top, bottom, now - span);
    for (let back = 0; back < count; back++) {
      const column = columns.get(second - back) ?? [];
      const lift = Math.min(11, (bottom - top - 8) / Math.max(1, column.length));
      [...column].sort(order).forEach((outcome, row) => {
        shown[outcome]++;
        svg.append(mark(outcome, right - step * (back + 0.5), bottom - 8 - row * lift, 7));
      });
    }
    if (columns.size === 0) svg.append(text((left + right) / 2, (top + bottom) / 2, "The load is off.", "middle"));
    svg.setAttribute(
      "aria-label",
      `Requests of the last ${count} seconds: ${shown.ok} OK, ${shown.unavailable} answered 503, ${shown.failed} failed.`,
    );
  }

  const rank = { ok: 0, unavailable: 1, failed: 2 };
  const order = (a, b) => rank[a] - rank[b];

  return {
    add,
    draw,
    totals,
    forget() {
      columns.clear();
      totals.ok = totals.unavailable = totals.failed = 0;
    },
  };
}
