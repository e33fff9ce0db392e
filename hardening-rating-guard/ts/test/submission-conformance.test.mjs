import { afterEach, beforeEach, mock, test } from "node:test";
import assert from "node:assert/strict";
import Ajv from "ajv/dist/2020.js";
import { createGuardedSubmission, read } from "../support/subject.mjs";
import { wrongSequences } from "../support/submission-runner.mjs";

const file = () => JSON.parse(read("conformance/rating-guard-submissions.json"));
const fits = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(JSON.parse(read("conformance/rating-guard-submissions.schema.json")));
const play = (vectors, create = createGuardedSubmission) => wrongSequences(vectors, create, (time) => mock.timers.tick(time));

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

test("the guard goes through each sequence as the file says", async () => {
  let played = 0;
  assert.deepEqual(await play(file(), (options) => (played++, createGuardedSubmission(options))), []);
  assert.equal(played, file().count);
});

test("the file fits its schema", () => {
  fits(file());
  assert.equal(fits.errors, null);
});

const spoiled = {
  "an unknown key": ({ vectors }) => (vectors[9].skip = true),
  "an unknown key of a step": ({ vectors }) => (vectors[9].steps[0].skip = true),
  "an unknown event": ({ vectors }) => (vectors[9].steps[0].event = "open"),
  "no steps": ({ vectors }) => (vectors[9].steps = []),
  "no note": ({ vectors }) => delete vectors[9].note,
  "another version": (file) => (file.version = 2),
};
for (const [what, spoil] of Object.entries(spoiled))
  test(`a file with ${what} is refused by schema and runner`, async () => {
    const vectors = file();
    spoil(vectors);
    assert.equal(fits(vectors), false);
    await assert.rejects(play(vectors));
  });

test("a vector too few, or twice, is refused by the runner", async () => {
  const short = file();
  short.vectors.pop();
  await assert.rejects(play(short), /says \d+ vectors and has \d+/);
  const twice = file();
  twice.vectors[1].id = twice.vectors[0].id;
  await assert.rejects(play(twice), /twice/);
});

test("an expectation that is changed is found", async () => {
  for (const change of [{ state: "closed" }, { told: "closed" }, { outcome: "busy" }, { attempt: 7 }, { late: "a" }, { aborted: true }, { order: ["told", "late"] }]) {
    const vectors = file();
    const { steps } = vectors.vectors.find(({ id }) => id === "idle-then-submit-same");
    Object.assign(steps[0], change);
    assert.equal((await play(vectors)).length, 1, JSON.stringify(change));
  }
});
