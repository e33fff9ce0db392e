import { createSession, drills } from "/api.js";
import { createKeyChart, createLoadChart } from "/charts.js";
import { byId, byTestId, element, icon, setText, shape } from "/dom.js";
import { createRatingForm } from "/rating.js";

const session = createSession("ada");
const keyChart = createKeyChart(byId("chart-keys"));
const loadChart = createLoadChart(byId("chart-load"));
const form = createRatingForm({
  session,
  nameOf: (id) => status?.table.members.find((member) => member.user_id === id)?.name,
  onMismatch() {
    stopped++;
    flash("rating", "warn", "Stopped on the page");
    note("rating", "warn", "The guard stopped a rating for another session: nothing was sent.");
  },
  onLate: (failure) => note("rating", "error", `The ratings for the earlier session did not go through: ${failure.message}`),
  onDone: () => flash("rating", "ok", "Rated once"),
});

/** The newest snapshot, and how far the server's clock is ahead of this one. */
let status = null;
let skew = 0;
let connected = false;
let seenSession = null;
let stopped = 0;
/** The sign-in that was in use when the keys were rotated, until a later one is accepted. */
let rotatedAt = null;
const now = () => Date.now() + skew;
const millis = (time) => (typeof time === "number" ? time : Date.parse(time));
/** The drills that were run, for the charts; and the different ways in which the service was broken. */
const ran = [];
const broken = new Set();
const WAYS = {
  "secrets-boot": "secrets",
  rotate: "rotation",
  "rotate-hard": "withdrawal",
  "provider-down": "outage",
  "provider-slow": "slowness",
  "redis-kill": "crash",
  "wrong-session": "mismatch",
  bypass: "mismatch",
};

// Lamps, numbers, sentences

const flashes = new Map();
function flash(card, state, text, forMillis = 6000) {
  flashes.set(card, { state, text, until: Date.now() + forMillis });
  showStatus();
}
const flashOf = (card) => {
  const shown = flashes.get(card);
  if (shown === undefined || shown.until > Date.now()) return shown;
  flashes.delete(card);
  return undefined;
};

function lamp(card, state, text, raw = "") {
  const node = byTestId(`lamp-${card}`);
  node.dataset.raw = raw;
  if (node.dataset.state !== state) {
    node.dataset.state = state;
    node.querySelector("use").setAttribute("href", `#shape-${state}`);
  }
  setText(node.querySelector("span"), text);
}
function number(card, value, unit, facts) {
  setText(byTestId(`number-${card}`).querySelector(".value"), value);
  setText(byTestId(`number-${card}`).querySelector(".unit"), unit);
  setText(byId(`card-${card}`).querySelector(".facts"), facts.filter(Boolean).join(" · ") || "\u00a0");
}
function result(card, ...content) {
  const node = byTestId(`result-${card}`);
  node.replaceChildren(...content);
  node.hidden = content.length === 0;
}
const required = ({ settings }) => settings.filter((setting) => setting.required);
const plural = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;
const fine = (ms) => (ms < 10 ? ms.toFixed(1) : String(Math.round(ms)));

function keysLamp(keys) {
  if (keys.state === "UNAVAILABLE") return ["error", "No keys"];
  if (rotatedAt !== null) return ["warn", "New key, not fetched yet"];
  if (keys.state === "STALE") return ["warn", "Stale, still serving"];
  if (keys.provider === "DOWN") return ["warn", "Provider down, keys held"];
  if (keys.provider === "SLOW") return ["warn", "Provider slow, nobody waits"];
  if (keys.state === "EMPTY") return ["idle", "Not fetched yet"];
  return ["ok", keys.state === "REFRESH_DUE" ? "Fetching ahead" : "Fresh"];
}

function showStatus() {
  if (status === null || !connected) return;
  const { secrets, keys, redis, rating } = status;

  showSettings(secrets.settings);
  const copy = flashOf("secrets");
  const needed = required(secrets);
  const present = needed.filter((setting) => setting.present).length;
  lamp("secrets", ...(copy ? [copy.state, copy.text] : present === needed.length ? ["ok", "Complete"] : ["error", "Incomplete"]));
  number("secrets", `${copy?.present ?? present}/${needed.length}`, copy?.present === undefined ? "required, present" : "in the copy", [
    copy?.present === undefined ? "checked once, before anything else" : "it started nothing else",
  ]);

  lamp("keys", ...keysLamp(keys), keys.state);
  number("keys", keys.age_ms >= 0 && keys.age_ms !== null ? String(Math.floor(keys.age_ms / 1000)) : "–", "s since the last fetch", [
    plural(keys.key_count, "key"),
    plural(keys.fetches, "fetch", "fetches"),
    `${keys.failures} failed`,
    keys.verifying_provider && `verified by ${keys.verifying_provider}`,
  ]);
  for (const button of document.querySelectorAll("[data-provider]"))
    button.setAttribute("aria-pressed", String(button.dataset.provider === keys.provider));

  const up = redis.state === "UP";
  lamp("redis", up ? "ok" : "error", up ? "Connected" : "Away, answering 503", redis.state);
  number("redis", up && typeof redis.ping_ms === "number" ? fine(redis.ping_ms) : "–", up ? "ms to answer PING" : "no answer", [
    redis.version && `Redis ${redis.version}`,
    redis.mode,
    `${plural(redis.attempts, "attempt")}, ${fine(redis.connect_ms)} ms`,
  ]);
  for (const name of ["redis-kill", "redis-start"])
    byTestId(`drill-${name}`).setAttribute("aria-disabled", String(redis.owned === false));
  byTestId("drill-redis-start").classList.toggle("first", !up);
  byTestId("drill-redis-kill").classList.toggle("first", up);
  if (redis.owned === false) result("redis", "This Redis is yours, so the drill leaves it alone.");

  const guard = flashOf("rating");
  lamp("rating", guard?.state ?? "ok", guard?.text ?? "On guard", guard ? "FLASH" : "OK");
  number("rating", String(stopped + rating.mismatches), "wrong ratings stopped", [
    `${stopped} on this page`,
    `${rating.mismatches} by the server`,
    `${rating.submitted} accepted`,
  ]);
  setText(byId("server-post-count"), String(rating.posts));
  showTable(status.table);
}

/** The settings by name: present, optional, or left out of the copy. */
function showSettings(settings) {
  const missing = flashOf("secrets")?.missing ?? [];
  const list = byId("settings");
  const key = JSON.stringify([settings, missing]);
  if (list.dataset.key === key) return;
  list.dataset.key = key;
  list.replaceChildren(
    ...settings.map(({ name, required, present }) => {
      const [look, word] = missing.includes(name)
        ? ["error", "left out"]
        : present
          ? ["ok", "present"]
          : required
            ? ["error", "missing"]
            : ["idle", "optional"];
      return element("li", { "data-look": look }, icon(look), element("code", {}, name), element("span", { class: "quiet" }, word));
    }),
  );
}

function showWays() {
  const all = new Set(Object.values(WAYS)).size;
  byId("pips").replaceChildren(
    ...Array.from({ length: all }, (_, at) => element("span", { class: at < broken.size ? "pip done" : "pip" })),
  );
  setText(
    byId("ways"),
    broken.size === all ? `Broken in all ${all} ways, and still here` : `Broken in ${broken.size} of ${all} ways`,
  );
}

function showTable({ phase, minute, members }) {
  const name = phase.charAt(0).toUpperCase() + phase.slice(1).toLowerCase();
  setText(byId("phase-name"), name);
  setText(byId("phase-minute"), minute < 55 ? `minute ${Math.floor(minute)} of 55` : "the 55 minutes are over; “Next session” seats a new table");
  for (const step of byId("phases").children) {
    const current = minute >= step.dataset.from && minute < step.dataset.to;
    step.classList.toggle("past", minute >= step.dataset.to);
    if (current) step.setAttribute("aria-current", "step");
    else step.removeAttribute("aria-current");
  }
  const seats = byId("seats");
  const key = members.map((member) => member.user_id).join() + session.userId;
  if (seats.dataset.key !== key) {
    seats.dataset.key = key;
    const mine = members.findIndex((member) => member.user_id === session.userId);
    const order = mine < 0 ? members : [...members.slice(mine), ...members.slice(0, mine)];
    seats.replaceChildren(
      ...order.map((member) =>
        element(
          "li",
          { class: member.user_id === session.userId ? "you" : null },
          element("span", { class: "avatar", "aria-hidden": "true" }, member.name.charAt(0).toUpperCase()),
          element("span", {}, member.user_id === session.userId ? `${member.name} (you)` : member.name),
        ),
      ),
    );
  }
  drawRing(minute);
}

function drawRing(minute) {
  const gap = 0.5;
  const arcs = [...byId("phases").children].flatMap((step) => {
    const [from, to] = [Number(step.dataset.from), Number(step.dataset.to)];
    const arc = (end, look) =>
      shape("circle", {
        cx: 100, cy: 100, r: 90, pathLength: 55, class: look, transform: "rotate(-90 100 100)",
        "stroke-dasharray": `${Math.max(0, end - from - gap)} 55`, "stroke-dashoffset": -from,
      });
    return minute > from ? [arc(to, "arc"), arc(Math.min(minute + gap, to), "arc done")] : [arc(to, "arc")];
  });
  byId("ring").replaceChildren(
    shape("circle", { cx: 100, cy: 100, r: 76, class: "top" }),
    ...arcs,
    shape("text", { x: 100, y: 108, class: "minute" }, String(Math.min(55, Math.floor(minute)))),
    shape("text", { x: 100, y: 132, class: "of" }, "of 55 min"),
  );
}

// Timeline

const seen = new Set();
let notes = 0;
function addToTimeline({ id, at, card, level, text }) {
  // With the time, since a server that was started anew counts from one again.
  const key = `${id} ${at}`;
  if (seen.has(key)) return;
  seen.add(key);
  const clock = new Date(millis(at)).toLocaleTimeString("en-GB");
  const name = card.charAt(0).toUpperCase() + card.slice(1);
  const list = byId("timeline");
  list.prepend(
    element(
      "li",
      { "data-level": level, "data-card": card },
      icon(level),
      element("span", { class: "what-happened" }, text),
      element("span", { class: "when" }, `${name}, ${clock}`),
    ),
  );
  while (list.children.length > 60) list.lastElementChild.remove();
  byId("timeline-empty").hidden = true;
}
const note = (card, level, text) => addToTimeline({ id: `page-${++notes}`, at: now(), card, level, text });

// Drills

async function proveRotation(before) {
  for (let attempt = 0; rotatedAt !== null && attempt < 40; attempt++) {
    await new Promise((resolve) => setTimeout(resolve, attempt === 0 ? 1200 : 2500));
    try {
      if (session.issue === rotatedAt) await session.signIn();
      await session.pending();
      accepted();
    } catch (failure) {
      if (keysAnswered(failure)) accepted();
    }
  }
  if (rotatedAt !== null) return result("keys", "No token signed with the new key was accepted yet.");
  await new Promise((resolve) => setTimeout(resolve, 1200));
  const fetches = plural(status.keys.fetches - before, "fetch", "fetches");
  result("keys", `A token signed with the new key was accepted, after ${fetches}.`);
}
/** A refusal for any other reason than the token or the keys means that the token was verified. */
const keysAnswered = ({ status: code, code: name }) => code !== 0 && code !== 401 && name !== "KEYS_UNAVAILABLE";
function accepted() {
  if (rotatedAt === null || session.issue === rotatedAt) return;
  rotatedAt = null;
  showStatus();
}

async function rotate(path) {
  const before = status?.keys.fetches ?? 0;
  await drills.run(path);
  const running = rotatedAt !== null;
  rotatedAt = session.issue;
  result("keys", "The provider signs with a new key now. Signing in again…");
  showStatus();
  if (!running) proveRotation(before).catch(() => {});
}

async function bypass() {
  const { other_session_id: other, members } = status.table;
  const others = members.filter((member) => member.user_id !== session.userId);
  const ratings = form.sessionId === null ? others.map(({ user_id: id }) => ({ ratee_id: id, rating: "green" })) : form.ratings();
  try {
    await session.rate(other, ratings);
    result("rating", "The server accepted it. It should not have.");
  } catch (failure) {
    if (!["SESSION_MISMATCH", "NO_PENDING_RATINGS"].includes(failure.code)) throw failure;
    flash("rating", "warn", "Refused by the server");
    result("rating", `The server answered ${failure.status} ${failure.code}.`);
  }
}

async function bootWithoutTwo() {
  flash("secrets", "warn", "Starting a copy…", 60_000);
  result("secrets", "Starting a second process without two of its secrets…");
  try {
    const answer = await drills.run("secrets/boot");
    flash("secrets", "warn", `Copy refused, exit ${answer.exit_code}`, 10_000);
    const output = answer.output.trim();
    const missing = status.secrets.settings.map(({ name }) => name).filter((name) => output.includes(name));
    Object.assign(flashes.get("secrets"), { present: required(status.secrets).length - missing.length, missing });
    setText(byId("copy-output"), output);
    byId("copy-output").hidden = false;
    result("secrets", `It left with exit code ${answer.exit_code} after ${fine(answer.took_ms)} ms, and named both.`);
    showStatus();
  } catch (failure) {
    flashes.delete("secrets");
    throw failure;
  }
}

const simple = (path, ...words) => async () => {
  await drills.run(path);
  return words;
};
const actions = {
  "secrets-boot": ["secrets", bootWithoutTwo],
  rotate: ["keys", () => rotate("keys/rotate")],
  "rotate-hard": ["keys", () => rotate("keys/rotate-hard")],
  "provider-down": ["keys", simple("provider/down", "The provider refuses every fetch. Signed-in people go on.")],
  "provider-slow": ["keys", simple("provider/slow", "Each fetch takes three seconds now. No request waits for one that runs ahead.")],
  "provider-up": ["keys", simple("provider/up", "The provider answers again.")],
  "redis-kill": ["redis", simple("redis/kill", "The process is gone. Requests that need it answer 503 at once.")],
  "redis-start": ["redis", simple("redis/start", "Started. The connection heals by itself.")],
  "wrong-session": [
    "rating",
    async () => {
      if (form.sessionId === null) return ["No form is open that could go stale. Seat the next table first."];
      const outcome = await form.submitTo(status?.table.other_session_id ?? crypto.randomUUID());
      return outcome?.status === "mismatch" ? ["The guard compared the ids and sent nothing."] : [];
    },
  ],
  bypass: ["rating", bypass],
  "session-next": [
    "rating",
    async () => {
      await drills.run("session/next");
      await form.refresh();
      return ["Another session is pending now; the form is drawn anew for it."];
    },
  ],
  reset: [
    null,
    async () => {
      await drills.run("reset");
      for (const card of ["secrets", "keys", "redis", "rating"]) result(card);
      byId("copy-output").hidden = true;
      flashes.clear();
      tallies.clear();
      broken.clear();
      showWays();
      stopped = 0;
      rotatedAt = null;
      session.resetPosts();
      loadChart.forget();
      showLoad();
      form.forget();
      await form.refresh();
    },
  ],
};

const MARKS = {
  rotate: "rotate",
  "rotate-hard": "rotate",
  "provider-down": "down",
  "provider-slow": "slow",
  "provider-up": "up",
  "redis-kill": "kill",
  "redis-start": "start",
};

async function press(button) {
  if (button.getAttribute("aria-disabled") === "true") return;
  const [card, action] = actions[button.dataset.drill];
  button.setAttribute("aria-disabled", "true");
  button.setAttribute("aria-busy", "true");
  const name = button.dataset.drill;
  ran.push({ at: now(), name: MARKS[name] ?? "" });
  if (name in WAYS && TALLIED.includes(card)) tallies.set(card, { ...loadChart.totals });
  try {
    const words = await action();
    if (name in WAYS) broken.add(WAYS[name]);
    showWays();
    if (card !== null && Array.isArray(words)) result(card, ...words);
  } catch (failure) {
    result(card ?? "secrets", failure.message);
  } finally {
    button.setAttribute("aria-disabled", "false");
    button.removeAttribute("aria-busy");
    showStatus();
  }
}
for (const button of document.querySelectorAll("[data-drill]")) button.addEventListener("click", () => void press(button));

// Load

const TALLIED = ["keys", "redis"];
/** The totals when a card was broken last: what came after is told beside its button. */
const tallies = new Map();
let ticking = null;
let running = 0;
async function oneRequest() {
  if (running >= 20 || document.hidden) return;
  running++;
  const issue = session.issue;
  let outcome = "ok";
  try {
    await session.pending();
    accepted();
  } catch (failure) {
    if (failure.status === 503) outcome = "unavailable";
    else if (failure.code !== "NO_PENDING_RATINGS") outcome = "failed";
    if (failure.status === 401 && issue === session.issue) session.signIn().catch(() => {});
    if (keysAnswered(failure)) accepted();
  } finally {
    running--;
  }
  loadChart.add(now(), outcome);
  showLoad();
}
function showLoad() {
  for (const card of TALLIED) {
    const node = byTestId(`tally-${card}`);
    const before = tallies.get(card);
    const { ok, unavailable, failed } = loadChart.totals;
    node.hidden = before === undefined || ok + unavailable + failed === before.ok + before.unavailable + before.failed;
    if (!node.hidden)
      setText(
        node,
        `Requests since: ${ok - before.ok} OK, ${unavailable - before.unavailable} answered 503, ${failed - before.failed} failed.`,
      );
  }
}
function runLoad(on) {
  clearInterval(ticking);
  ticking = on ? setInterval(() => void oneRequest(), 200) : null;
  byId("load-toggle").setAttribute("aria-checked", String(on));
}
byId("load-toggle").addEventListener("click", () => runLoad(ticking === null));

// The server's word

function apply(snapshot) {
  status = snapshot;
  connected = true;
  skew = millis(snapshot.now) - Date.now();
  keyChart.add(now(), snapshot.keys);
  showStatus();
  if (seenSession !== null && seenSession !== snapshot.table.session_id) void loadPending();
  seenSession = snapshot.table.session_id;
}
function drawCharts() {
  keyChart.draw(now(), ran);
  loadChart.draw(now(), ran);
}
function say(words) {
  setText(byId("notice"), words);
  byId("notice").hidden = words === "";
}

let events = null;
function listen() {
  events?.close();
  events = new EventSource("/drill/events");
  events.addEventListener("open", () => say(""));
  events.addEventListener("status", (event) => apply(JSON.parse(event.data)));
  events.addEventListener("timeline", (event) => addToTimeline(JSON.parse(event.data)));
  events.addEventListener("error", () => {
    say("The connection to the server is lost. Trying again; what you see may be old.");
    connected = false;
    for (const card of ["secrets", "keys", "redis", "rating"]) lamp(card, "idle", "Unknown");
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  });
}

let asking = null;
async function loadPending() {
  clearTimeout(asking);
  try {
    await form.refresh();
  } catch (failure) {
    // A server that was started anew has another identity provider: the token of the former one is void.
    if (failure.status === 401) await session.signIn().catch(() => {});
    if (form.sessionId === null) setText(byId("rate-intro"), "Your pending ratings can’t be read just now. Trying again…");
    asking = setTimeout(loadPending, 3000);
  }
}

const READINESS = {
  UP: ["ok", "Up"],
  FRESH: ["ok", "Fresh"],
  REFRESH_DUE: ["ok", "Fetching ahead"],
  STALE: ["warn", "Stale, still serving"],
  EMPTY: ["error", "Not fetched yet"],
};

/** Without drill routes this is production: the page says so, and shows what readiness tells everyone. */
async function production() {
  say("This is a production instance: its drills, rating form and charts are switched off. The lamps show its readiness.");
  for (const node of document.querySelectorAll(".demo")) node.hidden = true;
  document.body.classList.add("production");
  lamp("rating", "ok", "On guard");
  for (;;) {
    const ready = await fetch("/health/ready", { cache: "no-store" }).then((response) => response.json()).catch(() => null);
    for (const [card, part] of [["secrets", "secrets"], ["keys", "jwks"], ["redis", "redis"]]) {
      const state = ready?.[part];
      if (state === undefined) lamp(card, "idle", "Unknown");
      else lamp(card, ...(READINESS[state] ?? ["error", "Not ready"]), state);
    }
    await new Promise((resolve) => setTimeout(resolve, 5000));
  }
}

async function start() {
  let snapshot;
  try {
    snapshot = await drills.status();
  } catch (failure) {
    if (failure.status === 404) return production();
    say("The server does not answer yet. Trying again…");
    return void setTimeout(start, 2000);
  }
  say("");
  await session.signIn().catch(() => {});
  apply(snapshot);
  listen();
  drawCharts();
  setInterval(drawCharts, 1000);
  setInterval(showStatus, 1000);
  runLoad(true);
  await loadPending();
}

session.onPost((count) => setText(byId("post-count"), String(count)));
for (const step of byId("phases").children) step.style.setProperty("--minutes", step.dataset.to - step.dataset.from);
addEventListener("resize", () => status !== null && drawCharts());
let loadBefore = false;
addEventListener("pagehide", () => {
  loadBefore = ticking !== null;
  runLoad(false);
  events?.close();
  events = null;
});
addEventListener("pageshow", (event) => {
  if (!event.persisted || status === null) return;
  if (events === null) listen();
  if (loadBefore) runLoad(true);
  void loadPending();
});
showWays();
void start();
