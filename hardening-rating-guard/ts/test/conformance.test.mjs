import { readFileSync } from "node:fs";
import { test } from "node:test";
import assert from "node:assert/strict";
import { checkRatingSession, SESSION_MISMATCH } from "../dist/index.js";
import * as mutants from "./mutants.mjs";

const file = new URL("../../src/main/resources/META-INF/conformance/rating-guard.json", import.meta.url);
const { version, count, vectors, ...unknown } = JSON.parse(readFileSync(file, "utf8"));
const decisions = { proceed: { allowed: true, error: null }, mismatch: { allowed: false, error: SESSION_MISMATCH } };

function failures(check) {
  return vectors.filter(({ pending, submitted, decision }) => check(pending, submitted).allowed !== decisions[decision].allowed);
}

test("every vector of the file is run, and none is unknown", () => {
  assert.equal(version, 1);
  assert.deepEqual(unknown, {});
  let ran = 0;
  for (const { id, note, pending, submitted, decision, ...rest } of vectors) {
    assert.deepEqual(rest, {}, `${id} has a key that this runner does not know`);
    assert.ok(Object.hasOwn(decisions, decision), `${id} has a decision that this runner does not know`);
    assert.deepEqual(checkRatingSession(pending, submitted), decisions[decision], `${id}: ${note}`);
    ran++;
  }
  assert.equal(ran, count);
});

for (const [name, mutant] of Object.entries(mutants)) {
  test(`the vectors kill the mutant ${name}`, () => assert.notEqual(failures(mutant).length, 0));
}
