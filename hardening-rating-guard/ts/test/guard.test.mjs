import nodeTest from "node:test";
import assert from "node:assert/strict";
import { createRatingGuard, SESSION_MISMATCH } from "../support/subject.mjs";

// A mutant may never answer; newer versions of Node would wait for it.
const test = (name, run) => nodeTest(name, { timeout: 10_000 }, run);

function deferred() {
  let resolve, reject;
  const promise = new Promise((a, b) => ([resolve, reject] = [a, b]));
  return { promise, resolve, reject };
}

test("a draft for another session sends nothing", async () => {
  const guard = createRatingGuard("a");
  let sent = 0;
  assert.deepEqual({ ...(await guard.submit("b", () => sent++)) }, { status: "mismatch", error: SESSION_MISMATCH, current: true });
  assert.equal(sent, 0);
  assert.equal(guard.busy, false);
});

test("a guard without a draft lets every session pass, as the check does", async () => {
  for (const none of [undefined, null, ""]) {
    const guard = createRatingGuard(none);
    assert.equal((await guard.submit("a", () => 1)).status, "done");
    guard.begin("a");
    guard.begin(none);
    assert.equal((await guard.submit("b", () => 1)).status, "done");
  }
});

test("a submission to no session is a mismatch for a draft that has one", async () => {
  for (const none of [undefined, null, ""]) assert.equal((await createRatingGuard("a").submit(none, () => 1)).status, "mismatch");
});

test("the action is called before submit returns, so that two clicks in one turn are two calls in order", () => {
  let sent = 0;
  void createRatingGuard("a").submit("a", () => sent++);
  assert.equal(sent, 1);
});

test("a second submission while one is under way is busy, and is not sent", async () => {
  const guard = createRatingGuard("a");
  const first = deferred();
  let sent = 0;
  const send = () => (sent++, first.promise);
  const running = guard.submit("a", send);
  assert.equal(guard.busy, true);
  assert.deepEqual({ ...(await guard.submit("a", send)) }, { status: "busy", current: true });
  first.resolve("ok");
  assert.deepEqual({ ...(await running) }, { status: "done", value: "ok", current: true });
  assert.equal(sent, 1);
  assert.equal(guard.busy, false);
});

test("a submission that is refused as busy does not free the latch", async () => {
  const guard = createRatingGuard("a");
  void guard.submit("a", () => new Promise(() => {}));
  await guard.submit("a", () => 1);
  assert.equal(guard.busy, true);
  assert.equal((await guard.submit("a", () => 1)).status, "busy");
});

test("a new draft waits for the former one's submission: one at a time, whatever the session", async () => {
  const guard = createRatingGuard("a");
  const first = deferred();
  const running = guard.submit("a", () => first.promise);
  guard.begin("b");
  assert.equal((await guard.submit("b", () => 1)).status, "busy");
  first.resolve();
  await running;
  assert.equal((await guard.submit("b", () => 1)).status, "done");
});

test("a mismatch is told as such also while a submission is under way", async () => {
  const guard = createRatingGuard("a");
  void guard.submit("a", () => new Promise(() => {}));
  assert.equal((await guard.submit("b", () => 1)).status, "mismatch");
});

for (const [what, next] of [["another session", "b"], ["the same session again", "a"], ["none, as a form does that goes away", null]]) {
  test(`an answer that comes after a draft was begun for ${what} is not current`, async () => {
    const guard = createRatingGuard("a");
    const first = deferred();
    const running = guard.submit("a", () => first.promise);
    guard.begin(next);
    first.resolve(1);
    assert.deepEqual({ ...(await running) }, { status: "done", value: 1, current: false });
    assert.equal(guard.draftSessionId, next);
  });
}

test("an outcome tells whether it is current at the moment it is asked", async () => {
  const guard = createRatingGuard("a");
  const outcomes = [await guard.submit("a", () => 1), await guard.submit("b", () => 1)];
  void guard.submit("a", () => new Promise(() => {}));
  outcomes.push(await guard.submit("a", () => 1));
  assert.deepEqual(outcomes.map((outcome) => [outcome.status, outcome.current]), [["done", true], ["mismatch", true], ["busy", true]]);
  guard.begin("a");
  assert.deepEqual(outcomes.map((outcome) => outcome.current), [false, false, false]);
});

test("a draft begun in the very turn in which the answer comes makes it late", async () => {
  for (let turns = 0; turns < 6; turns++) {
    const guard = createRatingGuard("a");
    const answer = deferred();
    let begun = false;
    const seen = guard.submit("a", () => answer.promise).then((outcome) => [outcome.current, begun]);
    answer.resolve();
    for (let turn = 0; turn < turns; turn++) await null;
    guard.begin("b");
    begun = true;
    const [current, wasBegun] = await seen;
    assert.equal(current, !wasBegun, `${turns} turns after the answer`);
  }
});

test("a failure is the caller's, and tells whether it belongs on this form", async () => {
  const guard = createRatingGuard("a");
  const first = deferred();
  const failure = new Error("503");
  let current;
  const running = guard.submit("a", (isCurrent) => ((current = isCurrent), first.promise));
  assert.equal(current(), true);
  guard.begin("b");
  first.reject(failure);
  await assert.rejects(running, (error) => error === failure);
  assert.equal(current(), false);
  assert.equal(guard.busy, false);
});

test("an action that throws at once rejects, and frees the latch", async () => {
  const guard = createRatingGuard("a");
  const failure = new Error("no");
  await assert.rejects(guard.submit("a", () => { throw failure; }), (error) => error === failure);
  await assert.rejects(guard.submit("a", () => ({ get then() { throw failure; } })), (error) => error === failure);
  await assert.rejects(guard.submit("a", undefined), TypeError);
  assert.equal((await guard.submit("a", () => 1)).status, "done");
});

test("an action may use its guard: a submission from inside is busy, a draft begun inside makes the outcome late", async () => {
  const guard = createRatingGuard("a");
  let inner;
  const outcome = await guard.submit("a", async () => {
    inner = await guard.submit("a", () => 1);
    guard.begin("b");
    return 2;
  });
  assert.equal(inner.status, "busy");
  assert.deepEqual({ ...outcome }, { status: "done", value: 2, current: false });
});

test("the guard works without its object, and its state cannot be set from outside", async () => {
  const guard = createRatingGuard();
  const { begin, submit } = guard;
  begin("a");
  assert.equal(guard.draftSessionId, "a");
  const outcome = await submit("a", () => 1);
  assert.equal(outcome.status, "done");
  assert.throws(() => (guard.busy = true), TypeError);
  assert.throws(() => (guard.draftSessionId = "b"), TypeError);
  assert.throws(() => (outcome.current = true), TypeError);
});

test("two guards know nothing of each other", async () => {
  void createRatingGuard("a").submit("a", () => new Promise(() => {}));
  assert.equal((await createRatingGuard("b").submit("b", () => 1)).status, "done");
});
