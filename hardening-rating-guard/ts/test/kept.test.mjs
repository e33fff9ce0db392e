import { afterEach, beforeEach, describe, mock, test } from "node:test";
import assert from "node:assert/strict";

const { createGuardedSubmissions } = await import(process.env.RATING_GUARD_KEPT ?? "../dist/kept.js");

const deferred = () => {
  let resolve, reject;
  const promise = new Promise((a, b) => ([resolve, reject] = [a, b]));
  return { promise, resolve, reject };
};

// Time stands still: a test that fails leaves no real timer to wait for.
beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

test("a session's guard is begun for it", () => {
  const guards = createGuardedSubmissions();
  assert.equal(guards.get("a").draftSessionId, "a");
  assert.equal(guards.get("a"), guards.get("a"));
  assert.notEqual(guards.get("a"), guards.get("b"));
});

describe("a form that is drawn again", () => {
  test("finds what is under way and what was sent", async () => {
    const guards = createGuardedSubmissions();
    const answer = deferred();
    let sent = 0;
    const submit = () => guards.get("a").submit("a", () => (sent++, answer.promise));
    const first = submit();
    assert.equal(guards.get("b").state, "idle");
    assert.equal((await submit()).status, "busy");
    answer.resolve();
    await first;
    assert.equal((await submit()).status, "sent");
    assert.equal(sent, 1);
  });

  test("tries again under the same attempt id", async () => {
    const guards = createGuardedSubmissions();
    const ids = new Set();
    for (let at = 0; at < 2; at++) {
      const lost = guards.get("a").submit("a", ({ attemptId }) => {
        ids.add(attemptId);
        throw new Error("lost");
      });
      await assert.rejects(lost, /lost/);
      guards.get("b");
    }
    assert.equal(ids.size, 1);
  });
});

test("a closed guard is replaced", () => {
  const guards = createGuardedSubmissions();
  const former = guards.get("a");
  former.close();
  assert.notEqual(guards.get("a"), former);
  assert.equal(guards.get("a").state, "idle");
});

test("the last hundred are kept, and those that are sending", async () => {
  const guards = createGuardedSubmissions();
  const answer = deferred();
  const sending = guards.get("sending");
  const running = sending.submit("sending", () => answer.promise);
  const used = guards.get("used");
  const oldest = guards.get("oldest");
  for (let at = 0; at < 97; at++) guards.get(`session-${at}`);
  assert.equal(guards.get("used"), used);
  guards.get("one more");
  assert.equal(guards.get("sending"), sending);
  assert.equal(guards.get("used"), used);
  assert.notEqual(guards.get("oldest"), oldest);
  answer.resolve();
  await running;
});

test("the hundredth drops none", () => {
  const guards = createGuardedSubmissions();
  const first = guards.get("first");
  for (let at = 0; at < 99; at++) guards.get(`session-${at}`);
  guards.get("session-98"); // one that is kept already needs no room
  assert.equal(guards.get("first"), first);
});

test("the one asked for is kept while a hundred are sending", () => {
  const guards = createGuardedSubmissions({ timeout: Infinity });
  for (let at = 0; at < 100; at++) void guards.get(`session-${at}`).submit(`session-${at}`, () => new Promise(() => {}));
  assert.equal(guards.get("one more"), guards.get("one more"));
});

test("options that are not valid are refused at once", () => {
  assert.throws(() => createGuardedSubmissions({ timeout: 0 }), { name: "RangeError", message: "timeout must be a number of milliseconds above 0" });
});

test("its guards have its options", async () => {
  const onLateFailure = () => {};
  const guards = createGuardedSubmissions({ newAttemptId: () => "id", onLateFailure });
  assert.equal((await guards.get("a").submit("a", ({ attemptId }) => attemptId)).value, "id");
  assert.equal(guards.onLateFailure, onLateFailure);
});
