import { element, plural } from "/dom.js";
import { createCard } from "/cards/card.js";

/** Ben signs in every two seconds: a request sent later than this carries a token of the newest key. */
const NEW_SIGN_IN = 2500;
/** So long has the plain lane to refuse a withdrawn key, before its acceptance counts as a failure. */
const WITHDRAWN = 3000;

/** @param {import("/app.js").Context} context */
export function createKeysCard(context) {
  const { lanes } = context;
  const card = createCard({
    id: "keys",
    title: "Keys",
    artifact: "hardening-jwks",
    page: "jwks",
    what: "Signing keys are fetched again before they expire, and kept while the identity provider is away.",
    without: "a key rotation signs everyone out, and a stolen key is accepted for ever.",
  });
  /** @type {[mood: string, label: string][]} */
  const MOODS = [
    ["DOWN", "Down"],
    ["SLOW", "Slow"],
    ["UP", "Up"],
  ];
  const choice = element("span", { class: "choice", role: "group", "aria-label": "Identity provider" }, element("span", { class: "quiet" }, "Provider"));

  /** @type {import("/drills.js").Drill[]} */
  const moods = MOODS.map(([mood, label]) => ({
    id: `provider-${mood.toLowerCase()}`,
    label,
    name: label === "Up" ? "up" : label.toLowerCase(),
    place: choice,
    act: () => context.server.drill(`provider/${mood.toLowerCase()}`),
    // "Up" goes on with what the outage has begun.
    ...(mood === "UP" ? {} : { see: (/** @type {any} */ _facts, /** @type {number} */ since) => carriesOn(mood, since) }),
  }));
  /** @type {Record<string, string>} */
  const WORDS = {
    DOWN: "The keys it has stay in use.",
    SLOW: "It fetches ahead of time, so no request waits.",
  };
  card.drills.append(choice);

  /**
   * @param {string} mood
   * @param {number} since
   * @returns {import("/drills.js").Seen}
   */
  function carriesOn(mood, since) {
    const [hardened, plain] = [lanes.count("hardened", since), lanes.count("plain", since)];
    const bad = hardened.failed + hardened.refused + hardened.no_answer;
    const later = hardened.unavailable > 0 ? `${hardened.unavailable} × 503, try again, ` : "";
    return {
      hardened: {
        state: bad > 0 ? "error" : hardened.unavailable > 0 ? "warn" : "ok",
        text: `${hardened.ok} requests OK, ${later}${bad} failed. ${WORDS[mood]}`,
      },
      plain: {
        state: plain.refused > 0 ? "error" : "warn",
        text: plain.refused > 0 ? `${plain.refused} requests refused with 401.` : "No failure yet: it never asks for keys again. Now rotate them.",
      },
      failed: false,
      recovered: false,
    };
  }

  /** What a lane that waits for keys waits for. */
  function nextFetch() {
    const { provider, next_attempt_ms: millis } = context.status().keys;
    if (provider === "DOWN") return "Now press Up.";
    return millis === null ? "The provider answers; the keys are fetched now." : `The provider answers; the next fetch is in ${Math.ceil(millis / 1000)} s.`;
  }

  /**
   * What new sign-ins met in a lane.
   * @param {"hardened" | "plain"} lane
   * @param {number} since
   */
  const signIns = (lane, since) => lanes.count(lane, since + NEW_SIGN_IN, "ben");

  return {
    card,
    /** @type {import("/drills.js").Drill[]} */
    drills: [
      {
        id: "rotate",
        label: "Rotate the keys",
        name: "rotate",
        begin: "The provider signs with a new key…",
        act: async () => {
          const fetches = context.status().keys.fetches;
          await context.server.drill("keys/rotate");
          return { fetches, fetched: 0 };
        },
        see: (facts, since) => {
          const [hardened, plain] = [signIns("hardened", since), signIns("plain", since)];
          // Those up to the first acceptance; later ones are for the time to live.
          if (hardened.ok > 0) facts.fetched ||= context.status().keys.fetches - facts.fetches;
          return {
            hardened:
              hardened.ok > 0
                ? { state: "ok", text: `New sign-ins accepted after ${plural(facts.fetched, "fetch", "fetches")}: ${hardened.ok} OK, ${hardened.refused} refused.` }
                : hardened.unavailable > 0
                  ? { state: "warn", text: `${hardened.unavailable} new sign-ins got 503, try again. Nobody is signed out. ${nextFetch()}` }
                  : { state: "idle", text: "Waiting for the next sign-in…" },
            plain:
              plain.refused > 0
                ? { state: "error", text: `${plural(plain.refused, "request")} of new sign-ins refused with 401, until someone restarts it.` }
                : { state: "idle", text: "Waiting for the next sign-in…" },
            failed: plain.refused > 0,
            recovered: hardened.ok > 0,
          };
        },
      },
      {
        id: "rotate-hard",
        label: "Withdraw a stolen key",
        name: "withdraw",
        begin: "The provider withdraws its keys. A thief still holds a token…",
        act: () => context.server.drill("keys/rotate-hard"),
        see: (_facts, since) => {
          const refused = lanes.of("hardened", since, "thief").find(({ outcome }) => outcome === "refused");
          const tried = lanes.of("hardened", since, "thief").length > 0;
          const accepted = lanes.of("plain", since + WITHDRAWN, "thief").filter(({ outcome }) => outcome === "ok").length;
          return {
            hardened: refused
              ? { state: "ok", text: `The stolen token is refused since ${((refused.sentAt - since) / 1000).toFixed(1)} s after the withdrawal.` }
              : tried
                ? { state: "warn", text: "The stolen token is still accepted." }
                : { state: "idle", text: "Waiting for the thief’s next request…" },
            plain:
              accepted > 0
                ? { state: "error", text: `The stolen token was accepted ${plural(accepted, "more time")}, and always will be.` }
                : { state: "idle", text: "Waiting…" },
            failed: accepted > 0,
            recovered: refused !== undefined,
          };
        },
      },
      {
        id: "outage",
        label: "Outage during a rotation",
        name: "outage",
        begin: "The provider rotates its keys and goes down…",
        act: async () => {
          await context.server.drill("keys/rotate");
          await context.server.drill("provider/down");
        },
        see: (_facts, since) => {
          const ada = lanes.count("hardened", since, "ada");
          const hardened = signIns("hardened", since);
          const plain = signIns("plain", since);
          const back = context.status().keys.provider === "UP" && hardened.ok > 0;
          const meanwhile = hardened.unavailable > 0 ? "In the outage they got 503" : "In the outage there was none";
          return {
            hardened: back
              ? { state: "ok", text: `Recovered: new sign-ins are accepted (${hardened.ok} OK). ${meanwhile}, and Ada stayed signed in.` }
              : { state: ada.refused + ada.failed > 0 ? "error" : "warn", text: `Ada stays signed in (${ada.ok} OK). New sign-ins: ${hardened.unavailable} × 503, try again. ${nextFetch()}` },
            plain:
              plain.refused > 0
                ? { state: "error", text: `New sign-ins: ${plain.refused} × 401, as if their tokens were forged${back ? ", also with the provider back" : ""}.` }
                : { state: "idle", text: "Waiting for the next sign-in…" },
            failed: plain.refused > 0,
            recovered: back && hardened.unavailable > 0,
          };
        },
      },
      ...moods,
    ],
    /** @param {import("/app.js").Status} status */
    show({ keys }) {
      card.lamp(...lamp(keys));
      const age = keys.age_ms === null ? "not fetched yet" : `fetched ${Math.floor(keys.age_ms / 1000)} s ago, again at ${Math.round((keys.ttl_ms * 0.75) / 1000)} s`;
      card.facts([plural(keys.key_count, "key"), age, plural(keys.fetches, "fetch", "fetches"), keys.failures > 0 && `${keys.failures} failed`]);
      for (const [mood] of MOODS) context.press(`provider-${mood.toLowerCase()}`, mood === keys.provider);
    },
    forget() {},
  };
}

/**
 * @param {import("/app.js").Status["keys"]} keys
 * @returns {[import("/cards/card.js").State, string]}
 */
function lamp(keys) {
  if (keys.state === "UNAVAILABLE") return ["error", "No keys"];
  if (keys.state === "STALE") return ["warn", "Stale, still serving"];
  if (keys.provider === "DOWN") return ["warn", "Provider down, keys kept"];
  if (keys.provider === "SLOW") return ["warn", "Provider slow, no request waits"];
  if (keys.state === "EMPTY") return ["idle", "Not fetched yet"];
  return ["ok", keys.state === "REFRESH_DUE" ? "Fetching ahead" : "Fresh"];
}
