import { ApiError } from "/api.js";
import { byId, plural, setText } from "/dom.js";
import { createCard } from "/cards/card.js";
import { createRatingForm } from "/form.js";

/** @param {import("/app.js").Context} context */
export function createRatingCard(context) {
  const { session, server } = context;
  const card = createCard({
    id: "rating",
    title: "Rating",
    artifact: "hardening-rating-guard",
    page: "rating-guard",
    what: "A form goes only to the session that it was filled in for, and is kept once, however often it is sent.",
    without: "a stale page rates the wrong people, and an impatient one rates them twice.",
  });
  card.evidence.append(/** @type {HTMLTemplateElement} */ (byId("rating-form")).content.cloneNode(true));
  context.place(card.root);
  let stopped = 0;
  /** What the server had received before this page began to count. @type {number | null} */
  let received = null;
  const form = createRatingForm({
    session,
    onMismatch() {
      stopped++;
      context.note("rating", "warn", "The guard stopped a rating for another session. Nothing was sent.");
    },
    onLateFailure(failure) {
      const text = failure instanceof Error ? failure.message : String(failure);
      context.note("rating", "error", `The ratings for the earlier session did not go through: ${text}`);
    },
  });
  session.onPost((count) => setText(byId("post-count"), String(count)));

  /** Both lanes keep their ratings in Redis: without it, neither shows what this card is about. */
  function requireRedis() {
    if (context.status().redis.state !== "UP") throw new Error("it needs Redis. Start it again first.");
  }

  /** Asks what is open, because another tab may have rated; seats the next table if nothing is, and fills the form in. */
  async function filledForm() {
    requireRedis();
    await form.refresh();
    if (form.sessionId === null) {
      await server.drill("session/next");
      await form.refresh();
    }
    const ratings = form.fill();
    if (form.sessionId === null || ratings.length === 0) throw new Error("No table could be seated.");
    return { target: form.sessionId, ratings };
  }

  /**
   * A drill shows something only of ratings that its own tab was the first to send.
   * @param {string} code
   */
  function requireFirst(code) {
    if (code !== "200") throw new Error(`its first try was ${code === "" ? "not sent" : `answered ${code}`}. Press it again.`);
  }

  const kept = async () => (await server.status()).rating.submitted;
  /** @param {Promise<unknown>} call */
  const codeOf = (call) => call.then(() => "200", (failure) => (failure instanceof ApiError ? `${failure.status} ${failure.code ?? ""}`.trim() : String(failure)));

  /**
   * @param {boolean} good
   * @param {string} text
   * @returns {import("/cards/card.js").Sight}
   */
  const hardened = (good, text) => ({ state: good ? "ok" : "error", text });
  /**
   * @param {boolean} bad
   * @param {string} text
   * @returns {import("/cards/card.js").Sight}
   */
  const plain = (bad, text) => ({ state: bad ? "error" : "warn", text });

  return {
    card,
    form,
    /** @type {import("/drills.js").Drill[]} */
    drills: [
      {
        id: "wrong-session",
        label: "Rate a wrong session",
        begin: "The form is sent to a session that it was not filled in for…",
        async act() {
          const { ratings } = await filledForm();
          const other = context.status().table.other_session_id;
          let sent = 0;
          const outcome = await form.send(other, (attempt) => (sent++, session.rate(other, ratings, attempt)));
          const answer = await session.ratePlainly(other, ratings);
          return { outcome: outcome?.status, sent, stored: answer.ratings_stored };
        },
        see: ({ outcome, sent, stored }) => ({
          hardened: hardened(outcome === "mismatch", `The guard compared the ids: ${outcome}, ${plural(sent, "POST")}.`),
          plain: plain(stored > 0, `Posted and stored: ${plural(stored, "rating")} for people of another table.`),
          failed: stored > 0,
          recovered: outcome === "mismatch" && sent === 0,
        }),
      },
      {
        id: "bypass",
        label: "Bypass the guard",
        begin: "Ratings for another session are posted past the guard…",
        async act() {
          requireRedis();
          const other = context.status().table.other_session_id;
          const ratings = context.status().table.members.slice(1).map(({ user_id: id }) => ({ ratee_id: id, rating: "green" }));
          const code = await codeOf(session.rate(other, ratings, { attemptId: crypto.randomUUID() }));
          const answer = await session.ratePlainly(other, ratings);
          return { code, stored: answer.ratings_stored };
        },
        see: ({ code, stored }) => ({
          hardened: hardened(/^40[49] /.test(code), `The server answered ${code}.`),
          plain: plain(stored > 0, `The server stored ${plural(stored, "rating")} for another session.`),
          failed: stored > 0,
          recovered: /^40[49] /.test(code),
        }),
      },
      {
        id: "double-click",
        label: "Double click",
        begin: "“Send ratings” is pressed twice…",
        async act() {
          const { target, ratings } = await filledForm();
          const before = await kept();
          let sent = 0;
          let code = "";
          const press = () =>
            form.send(target, (attempt) => {
              const call = session.rate(target, ratings, attempt);
              if (sent++ === 0) void codeOf(call).then((seen) => (code = seen));
              return call;
            });
          const [outcomes, answers] = await Promise.all([
            Promise.all([press(), press()]),
            Promise.all([session.ratePlainly(target, ratings), session.ratePlainly(target, ratings)]),
          ]);
          requireFirst(code);
          return {
            sent,
            outcomes: outcomes.map((outcome) => outcome?.status),
            kept: (await kept()) - before,
            stored: Math.max(...answers.map((answer) => answer.ratings_stored)),
            wanted: ratings.length,
          };
        },
        see: (facts) => ({
          hardened: hardened(facts.sent === 1, `${plural(facts.sent, "POST")} (the second press was ${facts.outcomes[1]}), ${plural(facts.kept, "rating")} kept.`),
          plain: plain(facts.stored > facts.wanted, `2 POSTs, ${plural(facts.stored, "rating")} stored for ${plural(facts.wanted, "person", "people")}.`),
          failed: facts.stored > facts.wanted,
          recovered: facts.sent === 1 && facts.kept === facts.wanted,
        }),
      },
      {
        id: "lost-answer",
        label: "Lose the answer",
        begin: "The ratings arrive, their answer is lost, and the person tries again…",
        async act() {
          const { target, ratings } = await filledForm();
          const before = await kept();
          const keys = new Set();
          let code = "";
          await form.send(target, async (attempt) => {
            keys.add(attempt.attemptId);
            const call = session.rate(target, ratings, attempt);
            code = await codeOf(call);
            await call;
            throw new ApiError(0, { title: "The answer was lost. Please try again." });
          });
          requireFirst(code);
          const again = await form.send(target, (attempt) => {
            keys.add(attempt.attemptId);
            return session.rate(target, ratings, attempt);
          });
          await session.ratePlainly(target, ratings);
          const answer = await session.ratePlainly(target, ratings);
          return { outcome: again?.status, keys: keys.size, kept: (await kept()) - before, stored: answer.ratings_stored, wanted: ratings.length };
        },
        see: (facts) => ({
          hardened: hardened(
            facts.kept === facts.wanted,
            `Both tries carried ${facts.keys === 1 ? "the same Idempotency-Key" : `${facts.keys} keys`}: ${plural(facts.kept, "rating")} kept once, the second try was answered “${facts.outcome}”.`,
          ),
          plain: plain(facts.stored > facts.wanted, `The second try was stored, too: ${plural(facts.stored, "rating")} for ${plural(facts.wanted, "person", "people")}.`),
          failed: facts.stored > facts.wanted,
          recovered: facts.kept === facts.wanted && facts.outcome === "done",
        }),
      },
      {
        id: "stale-tab",
        label: "Rate from a stale tab",
        begin: "Another tab sends the same ratings first…",
        async act() {
          const { target, ratings } = await filledForm();
          const before = await kept();
          await session.rate(target, ratings, { attemptId: crypto.randomUUID() });
          await session.ratePlainly(target, ratings);
          let code = "200";
          await form.send(target, (attempt) => {
            const call = session.rate(target, ratings, attempt);
            void codeOf(call).then((seen) => (code = seen));
            return call;
          });
          const answer = await session.ratePlainly(target, ratings);
          return { code, kept: (await kept()) - before, stored: answer.ratings_stored, wanted: ratings.length };
        },
        see: (facts) => ({
          hardened: hardened(facts.kept === facts.wanted, `The server answered ${facts.code}; the page said so and asked what is open now.`),
          plain: plain(facts.stored > facts.wanted, `Stored again: ${plural(facts.stored, "rating")} for ${plural(facts.wanted, "person", "people")}.`),
          failed: facts.stored > facts.wanted,
          recovered: facts.kept === facts.wanted && /^40[49] /.test(facts.code),
        }),
      },
      {
        id: "redeploy",
        label: "Redeploy under load",
        begin: "Two copies start, get ratings with a slow Redis, and are stopped with SIGTERM…",
        act: () => server.drill("redeploy"),
        see: (facts) => ({
          hardened: hardened(
            facts.hardened.lost === 0,
            `${facts.hardened.sent} sent: ${facts.hardened.answered} answered, ${facts.hardened.told_to_retry} told to try again, ${facts.hardened.lost} lost.`,
          ),
          plain: plain(
            facts.plain.lost > 0,
            `${facts.plain.sent} sent: ${facts.plain.answered} answered, ${facts.plain.lost} cut off without an answer, ${facts.plain.told_to_retry} not accepted.`,
          ),
          failed: facts.plain.lost > 0,
          recovered: facts.hardened.lost === 0 && facts.hardened.answered > 0,
        }),
      },
      {
        id: "session-next",
        label: "Next session",
        async act() {
          await server.drill("session/next");
          await form.refresh();
        },
      },
    ],
    /** @param {import("/app.js").Status} status */
    show({ rating }) {
      card.lamp("ok", "On guard");
      card.facts([
        `${plural(stopped, "wrong rating")} stopped on this page`,
        `${rating.mismatches} by the server`,
        `${rating.submitted} kept`,
      ]);
      received ??= rating.posts;
      setText(byId("server-post-count"), String(Math.max(0, rating.posts - received)));
    },
    forget() {
      stopped = 0;
      received = null;
      session.resetPosts();
      form.forget();
    },
  };
}
