import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { createRatingGuard, SESSION_MISMATCH } from "../dist/index.js";

function deferred() {
  let resolve, reject;
  const promise = new Promise((a, b) => ([resolve, reject] = [a, b]));
  return { promise, resolve, reject };
}

test("a form that was begun for another session sends nothing", async () => {
  const guard = createRatingGuard("a");
  let sent = 0;
  assert.deepEqual(await guard.submit("b", () => sent++), { status: "mismatch", error: SESSION_MISMATCH });
  assert.equal(sent, 0);
});

test("a second submission while one is under way is busy, and is not sent", async () => {
  const guard = createRatingGuard("a");
  const first = deferred();
  let sent = 0;
  const send = () => (sent++, first.promise);
  const running = guard.submit("a", send);
  assert.equal(guard.busy, true);
  assert.deepEqual(await guard.submit("a", send), { status: "busy" });
  first.resolve("ok");
  assert.deepEqual(await running, { status: "done", value: "ok", current: true });
  assert.equal(sent, 1);
  assert.equal(guard.busy, false);
});

test("an answer that comes after the draft changed is not current", async () => {
  const guard = createRatingGuard("a");
  const first = deferred();
  const running = guard.submit("a", () => first.promise);
  guard.begin("b");
  first.resolve(1);
  assert.deepEqual(await running, { status: "done", value: 1, current: false });
});

test("a new draft for the same session is a new draft", async () => {
  const guard = createRatingGuard("a");
  const first = deferred();
  const running = guard.submit("a", () => first.promise);
  guard.begin("a");
  first.resolve(1);
  assert.equal((await running).current, false);
});

test("a failure is the caller's, and tells whether it belongs on this form", async () => {
  const guard = createRatingGuard("a");
  const first = deferred();
  let current;
  const running = guard.submit("a", (isCurrent) => ((current = isCurrent), first.promise));
  guard.begin("b");
  first.reject(new Error("503"));
  await assert.rejects(running, /503/);
  assert.equal(current(), false);
  assert.equal(guard.busy, false);
});

test("an action that throws at once frees the latch", async () => {
  const guard = createRatingGuard("a");
  await assert.rejects(guard.submit("a", () => { throw new Error("no"); }), /no/);
  assert.equal((await guard.submit("a", () => 1)).status, "done");
});

test("whatever the interleaving, nothing is sent to a session the draft is not for, and one at a time", async () => {
  const command = fc.record({ kind: fc.constantFrom("begin", "submit", "fail"), id: fc.constantFrom("a", "b") });
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.array(command, { minLength: 2, maxLength: 12 }), async (scheduler, commands) => {
      const guard = createRatingGuard("a");
      let draft = "a", generation = 0, underWay = 0;
      const outcomes = [];
      const steps = commands.map(({ kind, id }) => ({
        label: `${kind} ${id}`,
        builder: async () => {
          if (kind === "begin") { draft = id; generation++; guard.begin(id); return; }
          const from = generation;
          const running = guard.submit(id, async () => {
            assert.equal(id, draft, "sent to a session that the draft is not for");
            assert.equal(++underWay, 1, "two under way at once");
            try { await scheduler.schedule(Promise.resolve(), "the server answers"); } finally { underWay--; }
            if (kind === "fail") throw new Error("503");
            return id;
          });
          outcomes.push(running.then(
            (o) => { if (o.status === "done") { assert.equal(o.value, id); if (o.current) assert.equal(from, generation); } },
            (e) => assert.equal(e.message, "503"),
          ));
        },
      }));
      scheduler.scheduleSequence(steps);
      await scheduler.waitAll();
      await Promise.all(outcomes);
      assert.equal(guard.busy, false);
    }),
    { numRuns: 500 },
  );
});
