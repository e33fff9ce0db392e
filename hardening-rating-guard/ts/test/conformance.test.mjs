import { test } from "node:test";
import assert from "node:assert/strict";
import Ajv from "ajv/dist/2020.js";
import { failures } from "../support/runner.mjs";
import { checkRatingSession, read, SESSION_MISMATCH, vectorFile } from "../support/subject.mjs";
import * as wrongGuards from "../support/wrong-guards.mjs";

const fits = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(JSON.parse(read("conformance/rating-guard.schema.json")));

test("the guard decides each vector as the file says", () => {
  const file = vectorFile();
  let ran = 0;
  const failed = failures(file, (pending, submitted) => (ran++, checkRatingSession(pending, submitted)));
  assert.deepEqual(failed, []);
  assert.equal(ran, file.count);
  assert.ok(ran >= 360);
});

test("a decision holds its error, and nothing else", () => {
  assert.deepEqual(checkRatingSession("a", "a"), { allowed: true, error: null });
  assert.deepEqual(checkRatingSession("a", "b"), { allowed: false, error: "Session mismatch: cannot rate a different session" });
  assert.equal(SESSION_MISMATCH, "Session mismatch: cannot rate a different session");
});

test("the file fits its schema", () => {
  fits(vectorFile());
  assert.equal(fits.errors, null);
});

const spoiled = {
  "an unknown key": (file) => (file.vectors[9].skip = true),
  "an unknown key of the file": (file) => (file.exceptions = []),
  "an unknown decision": (file) => (file.vectors[9].decision = "allow"),
  "no decision": (file) => delete file.vectors[9].decision,
  "no note": (file) => delete file.vectors[9].note,
  "no id": (file) => delete file.vectors[9].id,
  "an id that is a number": (file) => (file.vectors[9].pending = 7),
  "another version": (file) => (file.version = 2),
};
for (const [what, spoil] of Object.entries(spoiled)) {
  test(`a file with ${what} is refused by schema and runner`, () => {
    const file = vectorFile();
    spoil(file);
    assert.equal(fits(file), false);
    assert.throws(() => failures(file, checkRatingSession));
  });
}

test("a vector too few, or twice, is refused by the runner", () => {
  const short = vectorFile();
  short.vectors.pop();
  assert.throws(() => failures(short, checkRatingSession), /says \d+ vectors and has \d+/);
  const twice = vectorFile();
  twice.vectors[1].id = twice.vectors[0].id;
  assert.throws(() => failures(twice, checkRatingSession), /twice/);
});

test("absent is undefined, and lone surrogates are as they are", () => {
  const vector = Object.fromEntries(vectorFile().vectors.map((v) => [v.id, v]));
  assert.equal("pending" in vector["none-absent-null"], false);
  assert.equal(vector["none-null-absent"].pending, null);
  assert.equal(vector["surrogate-high-same"].pending.charCodeAt(0), 0xd800);
  assert.equal(vector["surrogate-low-same"].pending.charCodeAt(0), 0xdc00);
});

for (const [name, wrong] of Object.entries(wrongGuards)) {
  test(`the vectors tell a guard that ${name} from the right one`, () => assert.notDeepEqual(failures(vectorFile(), wrong), []));
}
