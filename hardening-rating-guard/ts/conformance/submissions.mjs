// The vectors of a form's guard: each way to bring it somewhere, crossed with each event, and with two clicks afterwards.
// What is expected is computed by the model below, which is the table of docs/rating-guard.md and nothing else.
const begin = (session) => ({ event: "begin", session });
const submit = (id, session = "a") => ({ event: "submit", id, session });
const succeed = (id) => ({ event: "succeed", id });
const fail = (id) => ({ event: "fail", id });
const timeOut = (id) => ({ event: "timeout", id });
const close = { event: "close" };

const ways = {
  fresh: ["before the first begin", []],
  "fresh-sending": ["sending before the first begin", [submit(1)]],
  "fresh-drawn": ["sending before the first begin, and the form was drawn", [submit(1), begin("a")]],
  "fresh-done": ["something was sent before the first begin", [submit(1), succeed(1)]],
  "fresh-failed": ["a try failed before the first begin", [submit(1), fail(1)]],
  "fresh-failed-none": ["a try for no session failed before the first begin", [submit(1, null), fail(1)]],
  "fresh-failed-two": ["tries for two sessions failed before the first begin", [submit(1), fail(1), submit(2, "b"), fail(2)]],
  "fresh-late": ["a try that had timed out is accepted before the first begin, after another session's failed", [submit(1, "b"), timeOut(1), submit(2), fail(2), succeed(1)]],
  "fresh-late-sending": ["a try that had timed out is accepted before the first begin, while another session's is under way", [submit(1, "b"), timeOut(1), submit(2), succeed(1)]],
  none: ["a form that has gone", [begin("a"), begin(null)]],
  empty: ["a draft for the empty id, which is none", [begin("")]],
  idle: ["a draft", [begin("a")]],
  failed: ["a try failed", [begin("a"), submit(1), fail(1)]],
  sending: ["sending", [begin("a"), submit(1)]],
  sent: ["a draft that was accepted", [begin("a"), submit(1), succeed(1)]],
  moved: ["sending, and the page moved on", [begin("a"), submit(1), begin("b")]],
  gone: ["sending, and the form has gone", [begin("a"), submit(1), begin(null)]],
  returned: ["sending, and the page moved on and came back", [begin("a"), submit(1), begin("b"), begin("a")]],
  again: ["sending, and the form was drawn again", [begin("a"), submit(1), begin("a")]],
  "moved-done": ["accepted after the page moved on", [begin("a"), submit(1), begin("b"), succeed(1)]],
  "moved-failed": ["refused after the page moved on", [begin("a"), submit(1), begin("b"), fail(1)]],
  "returned-done": ["accepted after the page came back", [begin("a"), submit(1), begin("b"), begin("a"), succeed(1)]],
  "timed-out": ["an action that hangs, after its timeout", [begin("a"), submit(1), timeOut(1)]],
  "late-success": ["accepted after its timeout", [begin("a"), submit(1), timeOut(1), succeed(1)]],
  "late-failure": ["refused after its timeout", [begin("a"), submit(1), timeOut(1), fail(1)]],
  "second-try": ["the second try, while the first still hangs", [begin("a"), submit(1), timeOut(1), submit(2)]],
  "second-try-sent": ["the first try is accepted during the second", [begin("a"), submit(1), timeOut(1), submit(2), succeed(1)]],
  closed: ["closed", [begin("a"), close]],
  "closed-sending": ["closed while sending", [begin("a"), submit(1), close]],
  "closed-sent": ["closed after it was sent", [begin("a"), submit(1), succeed(1), close]],
};
const events = {
  "begin-same": begin("a"),
  "begin-other": begin("b"),
  "begin-none": begin(null),
  "submit-same": submit(3),
  "submit-other": submit(3, "b"),
  "submit-none": submit(3, null),
  "submit-empty": submit(3, ""),
  "succeed-first": succeed(1),
  "fail-first": fail(1),
  "timeout-first": timeOut(1),
  "succeed-second": succeed(2),
  "fail-second": fail(2),
  close,
};

// What is seen in one step is seen in this order: the signal is aborted while the form still says that it is sending.
const ORDER = ["aborted", "told", "attempt", "late", "outcome"];

const vectors = [];
for (const [way, [note, steps]] of Object.entries(ways))
  for (const [name, event] of Object.entries(events)) {
    const expected = expectedOf([...steps, event, submit(4), submit(5, "b")]);
    if (expected) vectors.push({ id: `${way}-then-${name}`, note: `${note}, then ${name}`, steps: expected });
  }

/** The steps with what they have to lead to; undefined if an event names an action that is not there to end. */
function expectedOf(steps) {
  let draft = { session: null };
  let underWay;
  let closed = false;
  let told = "idle";
  let attempts = 0;
  const actions = new Map();
  const none = (session) => session === null || session === "";
  const state = () => (closed ? "closed" : underWay ? "sending" : draft.sent ? "sent" : "idle");
  const isCurrent = (from) => !closed && draft === from;
  const seen = [];

  for (const step of steps) {
    const before = told;
    const expected = { ...step };
    const action = actions.get(step.id);
    if (step.event === "begin" && !closed) draft = { session: step.session };
    if (step.event === "close") (closed = true), (draft = { session: null });
    if (step.event === "submit") {
      expected.outcome = closed ? "closed" : !none(draft.session) && draft.session !== step.session ? "mismatch" : underWay ? "busy" : draft.sent ? "sent" : undefined;
      if (expected.outcome) expected.current = isCurrent(draft);
      else {
        const target = none(step.session) ? null : step.session;
        draft.attempts ??= new Map();
        if (!draft.attempts.has(target)) draft.attempts.set(target, ++attempts);
        expected.attempt = draft.attempts.get(target);
        underWay = { id: step.id, from: draft, session: step.session, target, attempt: expected.attempt };
        actions.set(step.id, underWay);
      }
    } else if (step.id !== undefined) {
      if (!action || action.ended || (step.event === "timeout" && action !== underWay)) return undefined;
      if (step.event !== "timeout") action.ended = true;
      if (step.event === "succeed" && action.from.attempts.get(action.target) === action.attempt) action.from.attempts.delete(action.target);
      if (step.event === "succeed" && !none(action.session) && action.session === draft.session) draft.sent = true;
      if (action === underWay) {
        underWay = undefined;
        expected.outcome = { succeed: "done", fail: "failure", timeout: "timeout" }[step.event];
        expected.current = isCurrent(action.from);
        if (step.event !== "succeed" && !expected.current) expected.late = action.session;
        if (step.event === "timeout") expected.aborted = true;
      }
    }
    expected.state = told = state();
    if (told !== before) expected.told = told;
    const order = ORDER.filter((what) => expected[what] !== undefined);
    if (order.length > 1) expected.order = order;
    seen.push(expected);
  }
  return seen;
}

export const submissions = vectors;
