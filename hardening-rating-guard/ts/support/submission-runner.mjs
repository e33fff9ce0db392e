// Plays the sequences of a file of vectors on guards, and returns those that go otherwise.
import { isDeepStrictEqual } from "node:util";

const EVENTS = new Set(["begin", "submit", "succeed", "fail", "timeout", "close"]);
const KEYS = new Set(["event", "id", "session", "attempt", "outcome", "current", "aborted", "late", "state", "told", "order"]);
const TIMEOUT = 1000;

/**
 * @param create makes a guard, as createGuardedSubmission does
 * @param tick lets the guards' time pass
 */
export async function wrongSequences({ version, count, vectors, ...unknown }, create, tick) {
  demand(version === 1 && Object.keys(unknown).length === 0, "this runner knows version 1 of the file only");
  const ids = new Set();
  const wrong = [];
  for (const { id, note, steps, ...unknown } of vectors) {
    demand(Object.keys(unknown).length === 0, `${id} has a key that this runner does not know`);
    demand(typeof id === "string" && !ids.has(id), `${id} is there twice`);
    demand(typeof note === "string" && note !== "", `${id} has no note`);
    demand(Array.isArray(steps) && steps.length > 0, `${id} has no steps`);
    ids.add(id);
    for (const step of steps) {
      demand(Object.keys(step).every((key) => KEYS.has(key)), `${id} has a key that this runner does not know`);
      demand(EVENTS.has(step.event), `${id} has an event that this runner does not know`);
    }
    const seen = await play(steps, create, tick);
    const at = steps.findIndex((step, at) => !isDeepStrictEqual(seen[at], step));
    if (at >= 0) wrong.push(`${id} (${note}), step ${at + 1}: expected ${JSON.stringify(steps[at])}, saw ${JSON.stringify(seen[at])}`);
  }
  demand(ids.size === count, `the file says ${count} vectors and has ${ids.size}`);
  return wrong;
}

async function play(steps, create, tick) {
  let now, order; // what is seen in this step
  const note = (what, value, more) => {
    Object.assign(now, { [what]: value }, more);
    order.push(what);
  };
  const attempts = [];
  const submissions = new Map();
  const guard = create({ timeout: TIMEOUT, onLateFailure: (failure, session) => note("late", session ?? null) });
  guard.subscribe((state) => note("told", state));

  function submit(id, session) {
    const submission = {};
    submissions.set(id, submission);
    const action = (handed) => {
      if (!attempts.includes(handed.attemptId)) attempts.push(handed.attemptId);
      note("attempt", attempts.indexOf(handed.attemptId) + 1);
      submission.handed = handed;
      handed.signal.addEventListener("abort", () => note("aborted", true));
      return new Promise((resolve, reject) => Object.assign(submission, { succeed: resolve, fail: () => reject(new Error("refused")) }));
    };
    guard.submit(session, action).then(
      (outcome) => note("outcome", outcome.status, { current: outcome.current }),
      ({ name }) => note("outcome", name === "TimeoutError" ? "timeout" : "failure", { current: submission.handed.isCurrent() }),
    );
  }

  const seen = [];
  for (const { event, id, session } of steps) {
    now = { event };
    order = [];
    if (id !== undefined) now.id = id;
    if (session !== undefined) now.session = session;
    if (event === "begin") guard.begin(session);
    else if (event === "close") guard.close();
    else if (event === "submit") submit(id, session);
    else if (event === "timeout") tick(TIMEOUT);
    else submissions.get(id)[event]?.();
    for (let turn = 0; turn < 10; turn++) await null;
    now.state = guard.state;
    if (order.length > 1) now.order = order;
    seen.push(now);
  }
  return seen;
}

function demand(holds, otherwise) {
  if (!holds) throw new Error(otherwise);
}
