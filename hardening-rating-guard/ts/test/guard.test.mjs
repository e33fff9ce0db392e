import { afterEach, beforeEach, describe, mock, test as nodeTest } from "node:test";
import assert from "node:assert/strict";
import { createGuardedSubmission, guardFor, MISMATCH_HINT, SESSION_MISMATCH } from "../support/subject.mjs";

// A mutant may never answer; newer versions of Node would wait for it.
const test = (name, run) => nodeTest(name, { timeout: 10_000 }, run);

const deferred = () => {
  let resolve, reject;
  const promise = new Promise((a, b) => ([resolve, reject] = [a, b]));
  return { promise, resolve, reject };
};
const never = () => new Promise(() => {});
const statusOf = async (guard, sessionId = "a") => (await guard.submit(sessionId, () => 1)).status;

// Time stands still unless a test moves it.
beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

describe("a draft for another session", () => {
  test("is a mismatch, and nothing is sent", async () => {
    const guard = guardFor("a");
    let sent = 0;
    const outcome = await guard.submit("b", () => sent++);
    assert.deepEqual({ ...outcome }, { status: "mismatch", error: SESSION_MISMATCH, hint: MISMATCH_HINT, current: true });
    assert.equal(sent, 0);
    assert.equal(guard.state, "idle");
  });

  test("says what to do next, and it works", async () => {
    const guard = guardFor("a");
    const { hint } = await guard.submit("b", () => 1);
    assert.equal(hint, "Call begin with the session that is open now, then submit again");
    guard.begin("b");
    assert.equal(await statusOf(guard, "b"), "done");
  });

  test("is a mismatch while another is under way, or was sent", async () => {
    const guard = guardFor("a");
    const answer = deferred();
    const running = guard.submit("a", () => answer.promise);
    assert.equal(await statusOf(guard, "b"), "mismatch");
    answer.resolve();
    await running;
    assert.equal(await statusOf(guard, "b"), "mismatch");
  });

  for (const none of [undefined, null, ""])
    test(`is a mismatch for no session: ${JSON.stringify(none)}`, async () => {
      const { status } = await guardFor("a").submit(none, () => 1);
      assert.equal(status, "mismatch");
    });
});

describe("without a draft", () => {
  test("every session passes, one at a time", async () => {
    const guard = createGuardedSubmission();
    const first = deferred();
    const running = guard.submit("a", () => first.promise);
    assert.equal(await statusOf(guard, "b"), "busy");
    first.resolve();
    await running;
    assert.equal(guard.state, "idle");
    assert.equal(await statusOf(guard, "b"), "done");
    assert.equal(await statusOf(guard, "b"), "done");
  });

  for (const none of [undefined, null, ""])
    test(`every session passes after begin(${JSON.stringify(none)})`, async () => {
      const guard = guardFor("a");
      guard.begin(none);
      assert.equal(await statusOf(guard, "b"), "done");
      assert.equal(await statusOf(guard, "a"), "done");
    });

  for (const none of [undefined, null, ""])
    test(`no session is never sent: ${JSON.stringify(none)}`, async () => {
      const guard = guardFor(none);
      assert.equal(await statusOf(guard, none ?? null), "done");
      assert.equal(guard.state, "idle");
      assert.equal(await statusOf(guard, none ?? null), "done");
    });

  test("a draft begun meanwhile for what was sent is sent", async () => {
    const guard = createGuardedSubmission();
    const answer = deferred();
    const running = guard.submit("a", () => answer.promise);
    guard.begin("a");
    answer.resolve();
    assert.equal((await running).current, false);
    assert.equal(guard.state, "sent");
    assert.equal(await statusOf(guard, "a"), "sent");
  });

  test("a draft begun meanwhile for another session is left alone", async () => {
    const guard = createGuardedSubmission();
    const answer = deferred();
    const running = guard.submit("a", () => answer.promise);
    guard.begin("b");
    answer.resolve();
    await running;
    assert.equal(guard.state, "idle");
    assert.equal(await statusOf(guard, "b"), "done");
  });

  test("a retry for no session keeps its attempt id, however none is said", async () => {
    const guard = createGuardedSubmission();
    const ids = new Set();
    for (const none of [undefined, null, "", undefined, ""])
      await assert.rejects(guard.submit(none, ({ attemptId }) => Promise.reject(ids.add(attemptId))));
    assert.equal(ids.size, 1);
  });

  test("a retry keeps its attempt id; another session has its own", async () => {
    const guard = createGuardedSubmission();
    const ids = [];
    const note = ({ attemptId }) => ids.push(attemptId);
    const fail = (submission) => {
      note(submission);
      throw new Error("lost");
    };
    await assert.rejects(guard.submit("a", fail));
    await guard.submit("a", note);
    await guard.submit("a", note);
    await assert.rejects(guard.submit("b", fail));
    await guard.submit("c", note);
    assert.equal(ids[0], ids[1]);
    assert.equal(new Set(ids).size, 4);
  });
});

describe("the attempt ids without a draft", () => {
  const ids = [];
  beforeEach(() => void (ids.length = 0));
  const counted = () => {
    let made = 0;
    return () => `id-${++made}`;
  };
  const lose = (guard, sessionId) =>
    assert.rejects(
      guard.submit(sessionId, ({ attemptId }) => {
        ids.push(attemptId);
        throw new Error("lost");
      }),
      /lost/,
    );

  test("are kept for each session", async () => {
    const guard = createGuardedSubmission({ newAttemptId: counted() });
    for (const sessionId of ["x", "y", "x", "y"]) await lose(guard, sessionId);
    assert.deepEqual(ids, ["id-1", "id-2", "id-1", "id-2"]);
  });

  test("are kept when no id can be made for another session", async () => {
    const ids = counted();
    let works = true;
    const guard = createGuardedSubmission({
      newAttemptId() {
        if (!works) throw new Error("no id");
        return ids();
      },
    });
    const idOf = async (sessionId) => (await guard.submit(sessionId, ({ attemptId }) => Promise.reject(attemptId)).catch((id) => id));
    assert.equal(await idOf("a"), "id-1");
    works = false;
    assert.match((await idOf("b")).message, /no id/);
    assert.equal(await idOf("a"), "id-1");
  });

  test("of other sessions are kept when one succeeds late", async () => {
    const guard = createGuardedSubmission({ timeout: 1000, newAttemptId: counted() });
    const answer = deferred();
    const hanging = guard.submit("x", () => answer.promise);
    mock.timers.tick(1000);
    await assert.rejects(hanging, { name: "TimeoutError" });
    await lose(guard, "y");
    answer.resolve();
    for (let turn = 0; turn < 10; turn++) await null;
    await lose(guard, "y");
    await lose(guard, "x");
    assert.deepEqual(ids, ["id-2", "id-2", "id-3"]);
  });

  test("are left alone by an older attempt that succeeds late", async () => {
    const guard = createGuardedSubmission({ timeout: 1000, newAttemptId: counted() });
    const answers = [deferred(), deferred()];
    for (const { promise } of answers) {
      const hanging = guard.submit("x", () => promise);
      mock.timers.tick(1000);
      await assert.rejects(hanging, { name: "TimeoutError" });
    }
    for (const { resolve } of answers) {
      resolve();
      for (let turn = 0; turn < 10; turn++) await null;
      await lose(guard, "x");
    }
    assert.deepEqual(ids, ["id-2", "id-2"]);
  });

  test("are kept for the newest 100 sessions", async () => {
    const guard = createGuardedSubmission({ newAttemptId: counted() });
    for (let session = 1; session <= 100; session++) await lose(guard, `s${session}`);
    await lose(guard, "s1");
    await lose(guard, "another");
    await lose(guard, "s2");
    await lose(guard, "another");
    await lose(guard, "s1");
    assert.deepEqual(ids.slice(100), ["id-1", "id-101", "id-2", "id-101", "id-102"]);
  });
});

describe("while an action is under way", () => {
  test("the action was called before submit returned", () => {
    let sent = 0;
    void guardFor("a").submit("a", () => sent++);
    assert.equal(sent, 1);
  });

  test("a second submission is busy, and is not sent", async () => {
    const guard = guardFor("a");
    const first = deferred();
    let sent = 0;
    const send = () => (sent++, first.promise);
    const running = guard.submit("a", send);
    assert.equal(guard.state, "sending");
    assert.deepEqual({ ...(await guard.submit("a", send)) }, { status: "busy", current: true });
    assert.deepEqual({ ...(await guard.submit("a", send)) }, { status: "busy", current: true });
    first.resolve("ok");
    assert.deepEqual({ ...(await running) }, { status: "done", value: "ok", current: true });
    assert.equal(sent, 1);
  });

  test("a new draft waits for it, whatever its session", async () => {
    const guard = guardFor("a");
    const first = deferred();
    const running = guard.submit("a", () => first.promise);
    guard.begin("b");
    assert.equal(guard.state, "sending");
    assert.equal(await statusOf(guard, "b"), "busy");
    first.resolve();
    await running;
    assert.equal(guard.state, "idle");
    assert.equal(await statusOf(guard, "b"), "done");
  });

  test("it may use its guard: inside, a submission is busy", async () => {
    const guard = guardFor("a");
    let inner;
    const outcome = await guard.submit("a", async () => {
      inner = await statusOf(guard);
      guard.begin("b");
      return 2;
    });
    assert.equal(inner, "busy");
    assert.deepEqual({ ...outcome }, { status: "done", value: 2, current: false });
  });

  test("another guard knows nothing of it", async () => {
    void guardFor("a").submit("a", never);
    assert.equal(await statusOf(guardFor("b"), "b"), "done");
  });
});

describe("a draft that was accepted", () => {
  test("is sent: nothing is sent again", async () => {
    const guard = guardFor("a");
    let sent = 0;
    await guard.submit("a", () => sent++);
    assert.equal(guard.state, "sent");
    assert.deepEqual({ ...(await guard.submit("a", () => sent++)) }, { status: "sent", current: true });
    assert.equal(sent, 1);
  });

  for (let distance = 10; distance <= 400; distance += 10)
    test(`sends once for clicks ${distance} ms apart, answered in 15 ms`, async () => {
      const guard = guardFor("a");
      let sent = 0;
      const send = () => (sent++, new Promise((resolve) => setTimeout(resolve, 15)));
      const first = guard.submit("a", send);
      mock.timers.tick(distance);
      for (let turn = 0; turn < 10; turn++) await null;
      const { status } = await guard.submit("a", send);
      mock.timers.tick(15);
      await first;
      assert.equal(status, distance < 15 ? "busy" : "sent");
      assert.equal(sent, 1);
    });

  test("can be followed by a new draft for the same session", async () => {
    const guard = guardFor("a");
    await statusOf(guard);
    guard.begin("a");
    assert.equal(guard.state, "idle");
    assert.equal(await statusOf(guard), "done");
  });

  test("makes a draft begun meanwhile for its session sent too", async () => {
    const guard = guardFor("a");
    const answer = deferred();
    const running = guard.submit("a", () => answer.promise);
    guard.begin("b");
    guard.begin("a");
    answer.resolve();
    assert.equal((await running).current, false);
    assert.equal(guard.state, "sent");
    assert.equal(await statusOf(guard), "sent");
  });

  test("leaves a draft for another session alone", async () => {
    const guard = guardFor("a");
    const answer = deferred();
    const running = guard.submit("a", () => answer.promise);
    guard.begin("b");
    answer.resolve();
    await running;
    assert.equal(await statusOf(guard, "b"), "done");
  });
});

describe("an answer that comes after another draft was begun", () => {
  for (const next of ["b", "a", null])
    test(`is not current: ${next}`, async () => {
      const guard = guardFor("a");
      const first = deferred();
      const running = guard.submit("a", () => first.promise);
      guard.begin(next);
      first.resolve(1);
      assert.deepEqual({ ...(await running) }, { status: "done", value: 1, current: false });
      assert.equal(guard.draftSessionId, next);
    });

  test("is told at the moment that it is asked", async () => {
    const guard = guardFor("a");
    const outcomes = [await guard.submit("b", () => 1)];
    const answer = deferred();
    const running = guard.submit("a", () => answer.promise);
    outcomes.push(await guard.submit("a", () => 1));
    answer.resolve();
    outcomes.push(await running, await guard.submit("a", () => 1));
    assert.deepEqual(outcomes.map(({ status, current }) => [status, current]), [["mismatch", true], ["busy", true], ["done", true], ["sent", true]]);
    guard.begin("a");
    assert.deepEqual(outcomes.map(({ current }) => current), [false, false, false, false]);
  });

  test("is late also in the very turn in which it comes", async () => {
    for (let turns = 0; turns < 8; turns++) {
      const guard = guardFor("a");
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
});

describe("a failure", () => {
  test("is the caller's own, and the draft can be sent again", async () => {
    const guard = guardFor("a");
    const failure = new Error("503");
    await assert.rejects(guard.submit("a", () => Promise.reject(failure)), (error) => error === failure);
    assert.equal(guard.state, "idle");
    assert.equal(await statusOf(guard), "done");
  });

  test("may come at once", async () => {
    const guard = guardFor("a");
    const failure = new Error("no");
    const fails = [() => { throw failure; }, () => ({ get then() { throw failure; } })];
    for (const action of fails) await assert.rejects(guard.submit("a", action), (error) => error === failure);
    await assert.rejects(guard.submit("a", undefined), TypeError);
    assert.equal(await statusOf(guard), "done");
  });

  test("after another draft was begun goes to onLateFailure too", async () => {
    const late = [];
    const guard = guardFor("a", { onLateFailure: (failure, sessionId) => late.push([failure, sessionId]) });
    const answer = deferred();
    const failure = new Error("409");
    let isCurrent;
    const running = guard.submit("a", (submission) => (({ isCurrent } = submission), answer.promise));
    assert.equal(isCurrent(), true);
    guard.begin("b");
    answer.reject(failure);
    await assert.rejects(running, (error) => error === failure);
    assert.equal(isCurrent(), false);
    assert.deepEqual(late, [[failure, "a"]]);
    assert.equal(guard.state, "idle");
  });

  test("on the form that shows it is not late", async () => {
    const late = [];
    const guard = guardFor("a", { onLateFailure: (failure) => late.push(failure) });
    await assert.rejects(guard.submit("a", () => Promise.reject(new Error("503"))));
    assert.deepEqual(late, []);
  });

  test("of the late handler does not reach the guard", async (context) => {
    const uncaught = nextUncaught(context);
    const guard = guardFor("a", { onLateFailure: () => { throw new Error("of the handler"); } });
    const answer = deferred();
    const running = guard.submit("a", () => answer.promise);
    guard.begin("b");
    answer.reject(new Error("409"));
    await assert.rejects(running, /409/);
    assert.equal((await uncaught).message, "of the handler");
    assert.equal(await statusOf(guard, "b"), "done");
  });
});

describe("the attempt id", () => {
  test("is the same for each try of a draft, and new for a new one", async () => {
    const guard = guardFor("a");
    const ids = [];
    const lose = ({ attemptId }) => {
      ids.push(attemptId);
      throw new Error("lost");
    };
    await assert.rejects(guard.submit("a", lose));
    await assert.rejects(guard.submit("a", lose));
    guard.begin("a");
    await assert.rejects(guard.submit("a", lose));
    assert.equal(ids[0], ids[1]);
    assert.notEqual(ids[1], ids[2]);
  });

  test("is a UUID of version 4", async () => {
    for (let at = 0; at < 100; at++) {
      const { value } = await guardFor("a").submit("a", ({ attemptId }) => attemptId);
      assert.match(value, /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    }
  });

  test("takes each hexadecimal digit", async () => {
    let ids = "";
    for (let at = 0; at < 100; at++) ids += (await guardFor("a").submit("a", ({ attemptId }) => attemptId)).value;
    assert.equal([...new Set(ids)].sort().join(""), "-0123456789abcdef");
  });

  test("comes from newAttemptId, where it is given", async () => {
    let made = 0;
    const guard = guardFor("a", { newAttemptId: () => `id-${++made}` });
    assert.equal((await guard.submit("a", ({ attemptId }) => attemptId)).value, "id-1");
  });

  test("that cannot be made fails the submission, and nothing is sent", async () => {
    const seen = [];
    const failure = new Error("no id");
    const newAttemptId = () => {
      throw failure;
    };
    const guard = guardFor("a", { newAttemptId, onLateFailure: (late) => seen.push(late) });
    guard.subscribe((state) => seen.push(state));
    await assert.rejects(guard.submit("a", () => seen.push("sent")), (error) => error === failure);
    assert.equal(guard.state, "idle");
    assert.deepEqual(seen, []);
  });

  for (const none of [undefined, null, "", 1, Promise.resolve("id-1")])
    test(`that is ${JSON.stringify(none)} is refused, and nothing is sent`, async () => {
      const sent = [];
      const guard = guardFor("a", { newAttemptId: () => none });
      await assert.rejects(guard.submit("a", () => sent.push("a")), TypeError);
      assert.deepEqual(sent, []);
      assert.equal(guard.state, "idle");
    });

  describe("whose maker calls the guard", () => {
    /** A guard for "a"; `call` is what its maker does once, while it makes the first id. */
    function guardWhoseMaker(call, options) {
      let made = 0;
      const guard = guardFor("a", { ...options, newAttemptId: () => (++made === 1 && call(guard), `id-${made}`) });
      return guard;
    }

    test("and closes it: nothing is sent", async () => {
      const sent = [];
      const guard = guardWhoseMaker((own) => own.close());
      assert.deepEqual({ ...(await guard.submit("a", () => sent.push("a"))) }, { status: "closed", current: false });
      assert.deepEqual(sent, []);
      assert.equal(guard.state, "closed");
    });

    test("and begins another session: a mismatch of that draft", async () => {
      const sent = [];
      const guard = guardWhoseMaker((own) => own.begin("b"));
      const { status, current } = await guard.submit("a", () => sent.push("a"));
      assert.deepEqual([status, current], ["mismatch", true]);
      assert.deepEqual(sent, []);
      assert.equal(guard.state, "idle");
    });

    test("and begins the same session: the new draft is sent", async () => {
      const guard = guardWhoseMaker((own) => own.begin("a"));
      const { value, current } = await guard.submit("a", ({ attemptId, isCurrent }) => [attemptId, isCurrent()]);
      assert.deepEqual([value, current], [["id-1", true], true]);
      assert.equal(guard.state, "sent");
    });

    test("and submits: one action is called, with the id of its try", async () => {
      const ids = [];
      const answer = deferred();
      const send = ({ attemptId }) => (ids.push(attemptId), answer.promise);
      let inner;
      const guard = guardWhoseMaker((own) => (inner = own.submit("a", send)));
      assert.equal((await guard.submit("a", send)).status, "busy");
      assert.deepEqual(ids, ["id-2"]);
      answer.resolve();
      assert.equal((await inner).status, "done");
    });

    test("and submits what fails at once: its id is kept", async () => {
      const ids = [];
      const send = ({ attemptId }) => Promise.reject(ids.push(attemptId));
      let inner;
      const guard = guardWhoseMaker((own) => (inner = own.submit("a", send)));
      assert.equal((await guard.submit("a", send)).status, "busy");
      await assert.rejects(inner);
      await assert.rejects(guard.submit("a", send));
      assert.deepEqual(ids, ["id-2", "id-2"]);
    });
  });

  test("that throws leaves the id of another session's try", async () => {
    const ids = [];
    let works = true;
    const newAttemptId = () => {
      if (!works) throw new Error("no id");
      return `id-${ids.length}`;
    };
    const guard = createGuardedSubmission({ newAttemptId });
    const lose = ({ attemptId }) => Promise.reject(ids.push(attemptId));
    await assert.rejects(guard.submit("a", lose));
    works = false;
    await assert.rejects(guard.submit("b", lose), /no id/);
    await assert.rejects(guard.submit("a", lose));
    assert.deepEqual(ids, ["id-0", "id-0"]);
  });

  test("is made only if the draft needs one", async () => {
    let made = 0;
    const guard = guardFor("a", { newAttemptId: () => `id-${++made}` });
    const answer = deferred();
    assert.equal(await statusOf(guard, "b"), "mismatch");
    assert.equal(made, 0);
    await assert.rejects(guard.submit("a", () => Promise.reject(new Error("lost"))));
    const running = guard.submit("a", () => answer.promise);
    assert.equal(await statusOf(guard), "busy");
    answer.resolve();
    await running;
    assert.equal(await statusOf(guard), "sent");
    guard.close();
    assert.equal(await statusOf(guard), "closed");
    assert.equal(made, 1);
  });
});

describe("an action that hangs", () => {
  test("is aborted, and the draft is tried again with the same id", async () => {
    const guard = guardFor("a", { timeout: 1000 });
    const tries = [];
    const hang = (submission) => (tries.push(submission), never());
    const first = guard.submit("a", hang);
    mock.timers.tick(999);
    assert.equal(guard.state, "sending");
    assert.equal(tries[0].signal.aborted, false);
    mock.timers.tick(1);
    await assert.rejects(first, { name: "TimeoutError", message: "No answer within 1 s" });
    assert.equal(tries[0].signal.aborted, true);
    assert.equal(tries[0].signal.reason.name, "TimeoutError");
    assert.equal(guard.state, "idle");
    void guard.submit("a", hang);
    assert.equal(tries[0].attemptId, tries[1].attemptId);
    assert.equal(tries[1].signal.aborted, false);
  });

  test("is aborted while the form still sends, before its outcome", async () => {
    const guard = guardFor("a", { timeout: 1000 });
    const seen = [];
    let meanwhile;
    const running = guard.submit("a", ({ signal }) => {
      signal.addEventListener("abort", () => {
        seen.push(guard.state);
        meanwhile = statusOf(guard);
      });
      return never();
    });
    mock.timers.tick(1000);
    await running.catch(({ name }) => seen.push(name, guard.state));
    assert.deepEqual(seen, ["sending", "TimeoutError", "idle"]);
    assert.equal(await meanwhile, "busy");
  });

  for (const [how, state] of [["resolve", "sent"], ["reject", "idle"]])
    test(`times out also if the signal makes the action ${how}`, async () => {
      const guard = guardFor("a", { timeout: 1000 });
      const answer = deferred();
      const running = guard.submit("a", ({ signal }) => {
        signal.addEventListener("abort", () => answer[how](new Error("aborted")));
        return answer.promise;
      });
      mock.timers.tick(1000);
      await assert.rejects(running, { name: "TimeoutError" });
      for (let turn = 0; turn < 10; turn++) await null;
      assert.equal(guard.state, state);
    });

  test("times out also where there is no DOMException", async () => {
    const { DOMException } = globalThis;
    delete globalThis.DOMException;
    try {
      const guard = guardFor("a", { timeout: 1000 });
      let signal;
      const running = guard.submit("a", (submission) => (({ signal } = submission), never()));
      mock.timers.tick(1000);
      await assert.rejects(running, { name: "TimeoutError", message: "No answer within 1 s" });
      assert.ok(signal.reason instanceof Error);
      assert.equal(guard.state, "idle");
    } finally {
      globalThis.DOMException = DOMException;
    }
  });

  test("ends after 30 s, if no other time is given", async () => {
    const running = guardFor("a").submit("a", never);
    mock.timers.tick(30_000);
    await assert.rejects(running, { name: "TimeoutError", message: "No answer within 30 s" });
  });

  test("that succeeds after all makes its draft sent", async () => {
    const guard = guardFor("a", { timeout: 1000 });
    const answer = deferred();
    const running = guard.submit("a", () => answer.promise);
    mock.timers.tick(1000);
    await assert.rejects(running);
    answer.resolve();
    await answer.promise;
    assert.equal(guard.state, "sent");
    assert.equal(await statusOf(guard), "sent");
  });

  test("that succeeds during the second try leaves that one alone", async () => {
    const guard = guardFor("a", { timeout: 1000 });
    const [first, second] = [deferred(), deferred()];
    const lost = guard.submit("a", () => first.promise);
    mock.timers.tick(1000);
    await assert.rejects(lost);
    const running = guard.submit("a", () => second.promise);
    first.resolve();
    await first.promise;
    assert.equal(guard.state, "sending");
    second.reject(new Error("409"));
    await assert.rejects(running, /409/);
    assert.equal(guard.state, "sent");
  });

  test("that fails after all is not told twice", async () => {
    const late = [];
    const guard = guardFor("a", { timeout: 1000, onLateFailure: (failure) => late.push(failure.name) });
    const answer = deferred();
    const running = guard.submit("a", () => answer.promise);
    guard.begin("b");
    mock.timers.tick(1000);
    await assert.rejects(running, { name: "TimeoutError" });
    answer.reject(new Error("later"));
    await answer.promise.catch(() => {});
    await null;
    assert.deepEqual(late, ["TimeoutError"]);
  });

  test("in time is not aborted afterwards", async () => {
    const guard = guardFor("a", { timeout: 1000 });
    const { value } = await guard.submit("a", ({ signal }) => signal);
    mock.timers.tick(5000);
    assert.equal(value.aborted, false);
  });

  test("may hang for ever, if that is asked for", async () => {
    for (const timeout of [Infinity, 2 ** 31, 2 ** 31 - 0.5]) {
      const guard = guardFor("a", { timeout });
      void guard.submit("a", never);
      mock.timers.tick(2 ** 30);
      assert.equal(guard.state, "sending");
    }
  });

  for (const timeout of [0, -1, NaN, "soon", null])
    test(`has no timeout of ${timeout}`, () => assert.throws(() => createGuardedSubmission({ timeout }), { name: "RangeError", message: "timeout must be a number of milliseconds above 0" }));
});

describe("a closed guard", () => {
  test("sends nothing, and cannot be begun again", async () => {
    const guard = guardFor("a");
    guard.close();
    guard.close();
    guard.begin("b");
    assert.equal(guard.state, "closed");
    assert.equal(guard.draftSessionId, undefined);
    let sent = 0;
    for (const session of ["a", "b", null]) {
      const outcome = await guard.submit(session, () => sent++);
      assert.deepEqual({ ...outcome }, { status: "closed", current: false });
    }
    assert.equal(sent, 0);
  });

  test("lets what is under way end, and takes it for late", async () => {
    const late = [];
    const guard = guardFor("a", { onLateFailure: (failure, sessionId) => late.push([failure.message, sessionId]) });
    const answer = deferred();
    let signal;
    const running = guard.submit("a", (submission) => (({ signal } = submission), answer.promise));
    guard.close();
    assert.equal(signal.aborted, false);
    answer.reject(new Error("409"));
    await assert.rejects(running);
    assert.deepEqual(late, [["409", "a"]]);
    assert.equal(guard.state, "closed");
  });
});

describe("a subscriber", () => {
  const watched = (guard) => {
    const seen = [];
    const end = guard.subscribe((state) => seen.push(state));
    return { seen, end };
  };

  test("is told each change, once", async () => {
    const guard = guardFor("a");
    const { seen } = watched(guard);
    await assert.rejects(guard.submit("a", () => Promise.reject(new Error("503"))));
    await statusOf(guard);
    await statusOf(guard);
    guard.begin("a");
    guard.begin("b");
    guard.close();
    guard.close();
    assert.deepEqual(seen, ["sending", "idle", "sending", "sent", "idle", "closed"]);
  });

  test("is told before the action is called and before the answer", async () => {
    const guard = guardFor("a");
    const seen = [];
    guard.subscribe((state) => seen.push(state));
    await guard.submit("a", () => seen.push("called"));
    seen.push("answered");
    assert.deepEqual(seen, ["sending", "called", "sent", "answered"]);
  });

  test("is told no more after the end, which ends only its own", () => {
    const guard = guardFor("a");
    const seen = [];
    const listener = (state) => seen.push(state);
    const end = guard.subscribe(listener);
    guard.subscribe(listener);
    end();
    end();
    guard.close();
    assert.deepEqual(seen, ["closed"]);
  });

  test("that changes the state is told afterwards, in order", async () => {
    const guard = guardFor("a");
    guard.subscribe((state) => state === "sent" && guard.begin("b"));
    const { seen } = watched(guard);
    await statusOf(guard);
    assert.deepEqual(seen, ["sending", "sent", "idle"]);
  });

  test("that closes the guard on sending keeps the action from being called", async () => {
    let sent = 0;
    const seen = [];
    const guard = guardFor("a");
    guard.subscribe((state) => state === "sending" && guard.close());
    guard.subscribe((state) => seen.push(state));
    assert.deepEqual({ ...(await guard.submit("a", () => sent++)) }, { status: "closed", current: false });
    assert.equal(sent, 0);
    assert.deepEqual(seen, ["sending", "closed"]);
  });

  for (const none of [undefined, null, {}])
    test(`that is ${JSON.stringify(none)} is refused at once`, () => assert.throws(() => guardFor("a").subscribe(none), TypeError));

  test("that throws stops neither the others nor the guard", async (context) => {
    const uncaught = nextUncaught(context);
    const guard = guardFor("a");
    guard.subscribe(() => {
      throw new Error("of the listener");
    });
    const { seen } = watched(guard);
    guard.close();
    assert.deepEqual(seen, ["closed"]);
    assert.equal((await uncaught).message, "of the listener");
  });

  test("that another one has ended is told no more", () => {
    const guard = guardFor("a");
    let end = () => {};
    guard.subscribe(() => end());
    const { seen, end: second } = watched(guard);
    end = second;
    guard.close();
    assert.deepEqual(seen, []);
  });

  test("may end itself while it is told", () => {
    const guard = guardFor("a");
    const end = guard.subscribe(() => end());
    const { seen } = watched(guard);
    guard.close();
    assert.deepEqual(seen, ["closed"]);
  });
});

test("the guard works without its object, and is read-only", async () => {
  const guard = createGuardedSubmission();
  const { begin, submit, subscribe, close } = guard;
  begin("a");
  subscribe(() => {});
  assert.equal(guard.draftSessionId, "a");
  const outcome = await submit("a", () => 1);
  assert.equal(outcome.status, "done");
  assert.throws(() => (guard.state = "idle"), TypeError);
  assert.throws(() => (guard.draftSessionId = "b"), TypeError);
  assert.throws(() => (outcome.current = true), TypeError);
  close();
  assert.equal(guard.state, "closed");
});

/** The next error that reaches the process, in place of the test runner's own handling. */
function nextUncaught(context) {
  const handlers = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  context.after(() => handlers.forEach((handler) => process.on("uncaughtException", handler)));
  return new Promise((resolve) => process.once("uncaughtException", resolve));
}
