// A rating store, driven through interleavings that fast-check's scheduler chooses: what a person does, when the server
// answers, and what else happens in that very turn. The store without a guard fails each of these; so they bite.
import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { example } from "../support/examples.mjs";
import { SESSION_MISMATCH } from "../support/subject.mjs";
import * as unguarded from "../support/unguarded.mjs";

const guarded = await example("examples/zustand.ts");

const session = fc.constantFrom("a", "b");
const step = fc.oneof(
  fc.record({ kind: fc.constant("open"), session }),
  fc.record({ kind: fc.constant("choose"), person: fc.constantFrom("p", "q") }),
  fc.record({ kind: fc.constantFrom("submit", "skip"), session }),
  fc.record({ kind: fc.constant("checkPending"), pending: fc.constantFrom("a", "b", null) }),
);
// What the server answers, and which form is opened how many turns later, before anything else happens.
const answer = fc.record({ fails: fc.boolean(), opens: fc.option(session), turns: fc.nat({ max: 6 }) });

/** A run of the store: keeps what was sent, and looks at every state that a person could see. */
class Run {
  wrongSession = [];
  atOnce = [];
  lost = [];
  wrongForm = [];
  newAttempt = [];
  #form = { session: undefined, choices: new Map() };
  #mismatched = new Set();
  #underWay = new Set();
  #attempts = new Map();
  #choice = 0;
  #pending = null;

  constructor({ createRatingStore }, scheduler, answers) {
    this.scheduler = scheduler;
    this.answers = [...answers];
    this.madeFor = new Map();
    this.accepted = new Set();
    this.store = createRatingStore({
      pending: () => scheduler.schedule(Promise.resolve(this.#pending), "pending ratings"),
      rate: (id, ratings, submission) => this.#serve(id, Object.values(ratings), submission),
      skip: (id, submission) => this.#serve(id, [], submission),
    });
    this.store.subscribe((state) => this.#look(state));
  }

  perform({ kind, session, person, pending }) {
    const state = this.store.getState();
    if (kind === "open") this.#open(session);
    if (kind === "choose") {
      const choice = `choice ${++this.#choice}`;
      this.madeFor.set(choice, this.#form.session);
      this.#form.choices.set(person, choice);
      state.choose(person, choice);
    }
    if (kind === "submit" || kind === "skip") {
      if (this.#form.session !== undefined && this.#form.session !== session) this.#mismatched.add(this.#form.session);
      void state[kind](session);
    }
    if (kind === "checkPending") {
      this.#pending = pending;
      void state.checkPending();
    }
  }

  #open(id) {
    if (this.#form.session !== id) this.#form = { session: id, choices: new Map() };
    this.store.getState().open(id);
  }

  async #serve(id, choices, { attemptId } = { attemptId: Symbol("none") }) {
    const from = this.#form;
    const { fails, opens, turns } = this.answers.shift() ?? { fails: false, opens: null, turns: 0 };
    for (const choice of choices) if (![undefined, id].includes(this.madeFor.get(choice))) this.wrongSession.push(choice);
    if ((this.#attempts.get(id) ?? attemptId) !== attemptId) this.newAttempt.push(id);
    this.#attempts.set(id, attemptId);
    if (this.#underWay.has(id)) this.atOnce.push(id);
    this.#underWay.add(id);
    await this.scheduler.schedule(Promise.resolve(), `answer for ${id}`);
    this.#underWay.delete(id);
    if (opens !== null) void this.#openLater(opens, turns);
    if (fails) throw new Error(`503 ${from.session}`);
    for (const choice of choices) this.accepted.add(choice);
    if (choices.length === 0) for (const choice of from.choices.values()) this.accepted.add(choice);
  }

  async #openLater(id, turns) {
    for (let turn = 0; turn < turns; turn++) await null;
    this.#open(id);
  }

  #look({ ratings, error }) {
    const kept = new Set(Object.values(ratings));
    for (const choice of this.#form.choices.values()) if (!kept.has(choice) && !this.accepted.has(choice)) this.lost.push(choice);
    if (error?.startsWith("503") && error !== `503 ${this.#form.session}`) this.wrongForm.push(error);
    if (error === SESSION_MISMATCH && !this.#mismatched.has(this.#form.session)) this.wrongForm.push(error);
  }
}

const holds = (store, hazard) =>
  fc.asyncProperty(fc.scheduler(), fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), { minLength: 2, maxLength: 10 }), fc.array(answer, { maxLength: 6 }),
    async (scheduler, turns, answers) => {
      const run = new Run(store, scheduler, answers);
      scheduler.scheduleSequence(turns.map((steps, at) => ({ label: `turn ${at}`, builder: async () => steps.forEach((each) => run.perform(each)) })));
      await scheduler.waitIdle();
      assert.deepEqual(run[hazard], []);
    });

const hazards = {
  wrongSession: "what was chosen for one session is never sent to another",
  atOnce: "no two requests for one session are under way at once",
  newAttempt: "each try for one session has the same attempt id",
  lost: "what a person chose goes only when it was accepted, or another form is opened",
  wrongForm: "an error is shown only on the form that it is about",
};
for (const [hazard, name] of Object.entries(hazards)) {
  test(name, () => fc.assert(holds(guarded, hazard), { numRuns: 1000, seed: 6 }));

  test(`a store without a guard fails: ${name}`, async () => {
    const { failed, error } = await fc.check(holds(unguarded, hazard), { numRuns: 1000, seed: 6, endOnFailure: true, includeErrorInReport: true });
    assert.equal(failed, true, String(error));
  });
}
