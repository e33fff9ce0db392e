// Changes the compiled guard in one place at a time, and demands that somebody notices: of the check the vectors alone,
// of the wrapper its tests. A pattern that no longer fits the source fails too.
import { test } from "node:test";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { failures } from "../support/runner.mjs";
import { run } from "../support/examples.mjs";
import { read, vectorFile } from "../support/subject.mjs";

const source = read("dist/index.js");

const ofTheCheck = [
  ["pending === undefined ||", ""],
  ["pending === null ||", ""],
  ['pending === "" ||', ""],
  ["|| pending === submitted", ""],
  ["pending === undefined || pending === null ||", "pending == null || submitted == null ||"],
  ['pending === undefined || pending === null || pending === ""', "!pending?.trim()"],
  ["pending === undefined || pending === null", "submitted === undefined || submitted === null"],
  ['pending === "" ||', 'pending === "" && '],
  ["|| pending === submitted", "&& pending === submitted"],
  ["pending === submitted", "pending !== submitted"],
  ["pending === submitted", "pending == String(submitted)"],
  ["pending === submitted", "pending.trim() === submitted?.trim()"],
  ["pending === submitted", "pending.toLowerCase() === submitted?.toLowerCase()"],
  ["pending === submitted", "pending.normalize() === submitted?.normalize()"],
  ["pending === submitted", "pending.includes(submitted)"],
  ["pending === submitted", "pending.startsWith(submitted)"],
  ["pending === submitted", "!!submitted"],
  ["pending === submitted", "submitted !== undefined && submitted !== null && pending.localeCompare(submitted) === 0"],
  ["? { allowed: true, error: null }", "? { allowed: false, error: null }"],
  [": { allowed: false,", ": { allowed: true,"],
];
for (const [from, to] of ofTheCheck) {
  test(`the vectors kill the mutant of the check: ${from} → ${to}`, async () => {
    const { checkRatingSession } = await run(mutate(from, to));
    assert.notDeepEqual(failures(vectorFile(), checkRatingSession), []);
  });
}

const ofTheWrapper = [
  ["let draft = { sessionId };", "let draft = {};"],
  ["let busy = false;", "let busy = true;"],
  ["draft = { sessionId: next };", ""],
  ["draft = { sessionId: next };", "draft.sessionId = next;"],
  ["draft = { sessionId: next };", "if (next !== draft.sessionId) draft = { sessionId: next };"],
  ["draft = { sessionId: next };", "draft = { sessionId: next }; busy = false;"],
  ["return draft.sessionId;", "return sessionId;"],
  ["return busy;", "return !busy;"],
  ["draft === from", "draft.sessionId === from.sessionId"],
  ["draft === from", "true"],
  ["checkRatingSession(from.sessionId, submitted)", "checkRatingSession(submitted, from.sessionId)"],
  ["checkRatingSession(from.sessionId, submitted)", "checkRatingSession(sessionId, submitted)"],
  ["if (!allowed)", "if (false)"],
  ["if (busy)", "if (false)"],
  ["            busy = true;", ""],
  ["            busy = true;", "            busy = true; await null;"],
  ["                busy = false;", ""],
  ["await action(isCurrent)", "action(isCurrent)"],
  ["await action(isCurrent)", "await action(() => true)"],
  ['status: "done", value, get current() { return isCurrent(); }', 'status: "done", value, current: isCurrent()'],
  ['status: "mismatch", error, get current() { return isCurrent(); }', 'status: "mismatch", error, current: true'],
  ['status: "busy", get current() { return isCurrent(); }', 'status: "busy", current: true'],
  ['status: "mismatch", error,', 'status: "mismatch", error: null,'],
  ["            finally {", "            catch { return undefined; } finally {"],
];
const folder = mkdtempSync(join(tmpdir(), "mutants-"));
test.after(() => rmSync(folder, { recursive: true }));
ofTheWrapper.forEach(([from, to], at) => {
  test(`the tests kill the mutant of the wrapper: ${from.trim()} → ${to.trim()}`, async () => {
    const file = join(folder, `${at}.mjs`);
    writeFileSync(file, mutate(from, to));
    assert.equal(await passes(pathToFileURL(file).href), false);
  });
});

test("what is no mutant passes the wrapper's tests", async () => {
  const file = join(folder, "same.mjs");
  writeFileSync(file, source);
  assert.equal(await passes(pathToFileURL(file).href), true);
});

function mutate(from, to) {
  assert.equal(source.split(from).length, 2, `the source has one ${from}`);
  return source.replace(from, () => to);
}

/** The quick tests first: most mutants are dead by then. */
async function passes(guard) {
  return (await passesAlone("guard", guard)) && (await passesAlone("interleavings", guard));
}

function passesAlone(name, guard) {
  const { NODE_TEST_CONTEXT, ...environment } = process.env; // a run of its own, not a part of this one
  const child = spawn(process.execPath, [fileURLToPath(new URL(`${name}.test.mjs`, import.meta.url))], {
    env: { ...environment, RATING_GUARD: guard },
    stdio: "ignore",
    timeout: 120_000,
  });
  return new Promise((resolve, reject) => child.on("error", reject).on("exit", (code) => resolve(code === 0)));
}
