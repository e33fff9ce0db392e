import { createSession, server } from "/api.js";
import { createKeysCard } from "/cards/keys.js";
import { createRatingCard } from "/cards/rating.js";
import { createRedisCard } from "/cards/redis.js";
import { createSecretsCard } from "/cards/secrets.js";
import { byId, element, setText } from "/dom.js";
import { createDrills } from "/drills.js";
import { createEvents } from "/events.js";
import { createLanes } from "/lanes.js";
import { createTimeline } from "/timeline.js";

/**
 * What the server says of every part, once a second.
 *
 * @typedef {object} Status
 * @property {string} now
 * @property {string} version
 * @property {boolean} [load_paused]
 * @property {{ settings: { name: string, required: boolean, present: boolean }[] }} secrets
 * @property {{ state: string, age_ms: number | null, ttl_ms: number, key_count: number, fetches: number, failures: number, provider: string, next_attempt_ms: number | null }} keys
 * @property {{ state: string, version: string, attempts: number, connect_ms: number, ping_ms: number | null, owned: boolean }} redis
 * @property {{ submitted: number, mismatches: number, posts: number }} rating
 * @property {{ session_id: string, other_session_id: string, phase: string, minute: number, members: { user_id: string, name: string }[] }} table
 */

/**
 * What the cards need of the page.
 *
 * @typedef {object} Context
 * @property {typeof server} server
 * @property {ReturnType<typeof createSession>} session
 * @property {ReturnType<typeof createLanes>} lanes
 * @property {() => Status} status the newest one
 * @property {(card: string, level: string, text: string) => void} note writes to the timeline
 * @property {(card: HTMLElement) => void} place puts a card on the page
 * @property {(drill: string, on: boolean) => void} enable
 * @property {(drill: string, on: boolean) => void} press
 */

/** How readiness names its states, and how the lamps show them in production. @type {Record<string, [import("/cards/card.js").State, string]>} */
const READINESS = {
  UP: ["ok", "Up"],
  FRESH: ["ok", "Fresh"],
  REFRESH_DUE: ["ok", "Fetching ahead"],
  STALE: ["warn", "Stale, still serving"],
  EMPTY: ["error", "Not fetched yet"],
};

/** @type {Status | null} */
let status = null;
/** How far the server's clock is ahead of this one. */
let skew = 0;
let connected = false;
const now = () => Date.now() + skew;

const lanes = createLanes();
const timeline = createTimeline();
const drills = createDrills({
  now,
  mark: lanes.mark,
  prepare: () => server.drill("plain/restart"),
  loadIsOff: () => status?.load_paused === true,
  onProgress(seen, all) {
    setText(byId("progress"), `${seen} of ${all} seen`);
  },
});
/** @type {Context} */
const context = {
  server,
  session: createSession("ada"),
  lanes,
  status() {
    if (status === null) throw new Error("The server has not said anything yet.");
    return status;
  },
  note: (card, level, text) => timeline.add({ id: `page-${Math.random()}`, at: new Date(now()).toISOString(), card, level, text }),
  place: (card) => byId("cards").append(card),
  enable: (drill, on) => drills.enable(drill, on),
  press: (drill, on) => drills.press(drill, on),
};

const parts = [createSecretsCard(context), createKeysCard(context), createRedisCard(context)];
for (const { card } of parts) context.place(card.root);
const rating = createRatingCard(context);
const all = [...parts, rating];
for (const part of all) for (const drill of part.drills) drills.add(part.card, drill);
const form = rating.form;

/** @param {string} words */
function say(words) {
  setText(byId("notice"), words);
  byId("notice").hidden = words === "";
}

/** @param {Status} next */
function apply(next) {
  const seated = status?.table.session_id;
  status = next;
  connected = true;
  skew = Date.parse(next.now) - Date.now();
  for (const part of all) {
    part.card.version(next.version);
    part.show(next);
  }
  showTable(next.table);
  byId("load-toggle").setAttribute("aria-checked", String(!next.load_paused));
  drills.look();
  if (seated !== undefined && seated !== next.table.session_id) void form.load();
}

/** @param {Status["table"]} table */
function showTable({ phase, minute, members }) {
  setText(byId("phase"), `${phase.charAt(0).toUpperCase()}${phase.slice(1)}, minute ${Math.min(minute, 55)} of 55`);
  const key = [context.session.userId, ...members.map((member) => member.user_id)].join();
  const seats = byId("seats");
  if (seats.dataset.key === key) return;
  seats.dataset.key = key;
  seats.replaceChildren(
    ...members.map((member) =>
      element(
        "li",
        { class: member.user_id === context.session.userId ? "you" : null, title: member.name },
        element("span", { class: "avatar", "aria-hidden": "true" }, member.name.charAt(0).toUpperCase()),
        element("span", { class: "hidden" }, member.user_id === context.session.userId ? `${member.name}, you` : member.name),
      ),
    ),
  );
}

/** @param {import("/events.js").Message} message */
function receive({ name, data }) {
  if (name === "status") {
    say("");
    apply(data);
  } else if (name === "timeline") timeline.add(data);
  else if (name === "load") {
    lanes.add(data);
    drills.look();
  } else if (connected) lost();
}
const events = createEvents(receive);

/** Follows the events, and catches up: a tab that shares another tab's stream gets from it only what is new. */
async function follow() {
  events.start();
  for (const message of await server.history().catch(() => [])) receive(message);
}

function lost() {
  connected = false;
  say("The connection to the server is lost. Trying again; what you see may be old.");
  for (const { card } of all) card.lamp("idle", "Unknown");
}

async function reset() {
  await server.drill("reset");
  for (const part of all) part.forget();
  lanes.forget();
  drills.forget(all.map(({ card }) => card));
  apply(await server.status());
  await form.refresh();
}

/**
 * A button that sends one request at a time.
 * @param {string} id
 * @param {() => Promise<unknown>} action
 */
function oneAtATime(id, action) {
  const button = byId(id);
  button.addEventListener("click", async () => {
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    await action().catch((failure) => context.note("rating", "error", String(failure.message)));
    button.removeAttribute("aria-busy");
  });
}

/** Without drill routes this is production: the page says so, and shows what readiness tells everyone. */
async function production() {
  say("This is a production instance: its drills, rating form and load are switched off. The lamps show its readiness.");
  document.body.classList.add("production");
  rating.card.lamp("ok", "On guard");
  for (;;) {
    const ready = await server.readiness().catch(() => null);
    for (const [part, name] of /** @type {[number, string][]} */ ([[0, "secrets"], [1, "jwks"], [2, "redis"]])) {
      const state = ready?.[name];
      parts[part]?.card.lamp(...(READINESS[state] ?? (state === undefined ? ["idle", "Unknown"] : ["error", "Not ready"])));
    }
    await new Promise((resolve) => setTimeout(resolve, 5000));
  }
}

async function start() {
  let snapshot;
  try {
    snapshot = await server.status();
  } catch (failure) {
    const answered = failure instanceof Error && "status" in failure ? failure.status : 0;
    if (answered === 404) return production();
    if (answered === 403) return say(`The server answers this page at its own address only. Open http://localhost:${location.port}/ instead.`);
    say("The server does not answer yet. Trying again…");
    return void setTimeout(start, 2000);
  }
  say("");
  await context.session.signIn().catch(() => {});
  apply(snapshot);
  void follow();
  setInterval(() => lanes.draw(now()), 500);
  await form.load();
}

oneAtATime("reset", reset);
oneAtATime("load-toggle", () => server.drill(status?.load_paused ? "load/run" : "load/pause"));
drills.progress();
addEventListener("pagehide", () => events.stop());
addEventListener("pageshow", (event) => {
  if (!event.persisted || status === null) return;
  void follow();
  void form.load();
});
void start();
