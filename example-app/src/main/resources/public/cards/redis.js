import { createCard } from "/cards/card.js";
import { plural } from "/dom.js";

/** @param {import("/app.js").Context} context */
export function createRedisCard(context) {
  const { lanes } = context;
  const card = createCard({
    id: "redis",
    title: "Redis",
    artifact: "hardening-redis",
    page: "redis",
    what: "Connects within seven seconds, or says why not. A later outage is a 503 at once, and ends without a restart.",
    without: "requests hang for a minute each, and a start a second too early ends in a stack trace.",
  });

  return {
    card,
    /** @type {import("/drills.js").Drill[]} */
    drills: [
      {
        id: "redis-kill",
        label: "Kill Redis",
        name: "kill",
        begin: "The process is killed…",
        act: () => context.server.drill("redis/kill"),
        see: (_facts, since) => {
          const [hardened, plain] = [lanes.count("hardened", since), lanes.count("plain", since)];
          const up = context.status().redis.state === "UP";
          const last = (/** @type {"hardened" | "plain"} */ lane) =>
            [...lanes.of(lane, since, "ada"), ...lanes.of(lane, since, "ben")].sort((a, b) => a.sentAt - b.sentAt).at(-1)?.outcome;
          const hung = plain.no_answer + plain.failed;
          const recovered = up && hardened.unavailable > 0 && last("hardened") === "ok";
          return {
            hardened: recovered
              ? { state: "ok", text: `Recovered without a restart. Meanwhile ${plural(hardened.unavailable, "request")} got 503 at once, ${hardened.no_answer} hung.` }
              : { state: hardened.unavailable > 0 ? "warn" : "idle", text: `${plural(hardened.unavailable, "request")} answered 503 at once, ${hardened.no_answer} without an answer. Now start it again.` },
            plain: {
              state: hung > 0 ? "error" : "idle",
              text: `${plural(hung, "request")} without an answer in 2 s.${recovered && last("plain") !== "ok" ? " Redis is back, it still hangs." : ""}`,
            },
            failed: hung > 0,
            recovered,
          };
        },
      },
      {
        id: "redis-start",
        label: "Start it again",
        name: "start",
        act: () => context.server.drill("redis/start"),
      },
      {
        id: "redis-late",
        label: "Start before Redis",
        begin: "Two copies start, and their Redis a second later…",
        act: () => context.server.drill("redis/late"),
        see: ({ hardened, plain }) => ({
          hardened: hardened.started
            ? { state: "ok", text: `Waited for Redis and started after ${(hardened.took_ms / 1000).toFixed(1)} s.` }
            : { state: "error", text: `Gave up with exit code ${hardened.exit_code}.` },
          plain: plain.started
            ? { state: "warn", text: "It started, too." }
            : { state: "error", text: `Died with exit code ${plain.exit_code} and ${plain.output_lines} lines of stack trace.` },
          failed: !plain.started,
          recovered: hardened.started,
        }),
      },
    ],
    /** @param {import("/app.js").Status} status */
    show({ redis }) {
      const up = redis.state === "UP";
      card.lamp(up ? "ok" : "error", up ? "Connected" : "Away, answering 503");
      card.facts([
        up && redis.ping_ms !== null ? `PING ${redis.ping_ms.toFixed(1)} ms` : "PING is not answered",
        `Redis ${redis.version}`,
        `${plural(redis.attempts, "attempt")}, ${redis.connect_ms} ms to connect`,
        !redis.owned && "yours, so the drills leave it alone",
      ]);
      context.enable("redis-kill", redis.owned);
      context.enable("redis-start", redis.owned);
    },
    forget() {},
  };
}
