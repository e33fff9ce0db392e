// Changes the compiled guard in one place at a time, and demands that a test fails: of the check the vectors alone,
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
  ["id === undefined ||", ""],
  ["id === null ||", ""],
  ['|| id === ""', ""],
  ["|| pending === submitted", ""],
  ["isNone(pending) ||", "isNone(pending) || isNone(submitted) ||"],
  ['id === undefined || id === null || id === ""', "!id?.trim()"],
  ["isNone(pending) ||", "isNone(submitted) ||"],
  ['id === null || id === ""', 'id === null && id === ""'],
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
  ["30_000", "60_000"],
  ["if (!(timeout > 0))", "if (timeout <= 0)"],
  ["let draft = {", 'let draft = { sessionId: "x",'],
  ["let underWay;", "let underWay = {};"],
  ["let closed = false;", "let closed = true;"],
  ['closed ? "closed" : ', ""],
  ['underWay ? "sending" : ', ""],
  ['draft.sent ? "sent" : ', ""],
  ["if (telling)", "if (false)"],
  ["telling = true;", ""],
  ["        telling = false;", ""],
  ["while (told !== state())", "if (told !== state())"],
  ["listener(told);", "queueMicrotask(() => listener(told));"],
  ["if (listeners.has(listener))", ""],
  ["                    queueMicrotask(() => {\n                        throw failure;\n                    });", ""],
  ["if (closed)\n                return;", ""],
  ["draft = { sessionId, attempts: new Map() };", ""],
  ["draft = { sessionId, attempts: new Map() };", "draft.sessionId = sessionId;"],
  ["draft = { sessionId, attempts: new Map() };", "if (sessionId !== draft.sessionId) draft = { sessionId, attempts: new Map() };"],
  ["draft = { sessionId, attempts: new Map() };", "draft = { sessionId, attempts: new Map() }; underWay = undefined;"],
  ["draft = { sessionId, attempts: new Map() };\n            tell();", "draft = { sessionId, attempts: new Map() };"],
  ["!closed && draft === from", "draft === from"],
  ["draft === from;", "draft.sessionId === from.sessionId;"],
  ["!closed && draft === from", "!closed"],
  ["{ get: isCurrent, enumerable: true }", "{ value: isCurrent(), enumerable: true }"],
  ['if (closed)\n            return outcome({ status: "closed" });\n        const {', "const {"],
  ['if (closed)\n            return outcome({ status: "closed" });\n        try', "try"],
  ["checkRatingSession(from.sessionId, sessionId)", "checkRatingSession(sessionId, from.sessionId)"],
  ["if (error)", "if (false)"],
  ["error, hint: MISMATCH_HINT", "error, hint: null"],
  ["if (underWay)", "if (false)"],
  ["if (from.sent)", "if (false)"],
  ["attempts.get(target) ?? fresh", "[...attempts.values()][0] ?? fresh"],
  ["attempts.set(target, attemptId);", ""],
  ['sessionId ?? ""', "sessionId"],
  ["attempts.get(target) ?? fresh", "fresh"],
  ["made = newAttemptId()", "made = (newAttemptId.id ??= newAttemptId())"],
  ['typeof made === "string" && made', "made !== undefined && made !== null"],
  ['typeof made === "string" && made', "made"],
  ['typeof made === "string" && made', 'typeof made === "string"'],
  ["attempts.get(target) ?? fresh", "attempts.get(target) ?? newAttemptId()"],
  ["attempts.size > 100", "attempts.size > 99"],
  ["attempts.size > 100", "attempts.size > 101"],
  ["[...attempts.keys()][0]", "[...attempts.keys()].at(-1)"],
  ["(underWay = new AbortController())", "new AbortController()"],
  ["clearTimeout(timer);", ""],
  ["if (underWay === controller)", "if (true)"],
  ["underWay = undefined;", ""],
  ["underWay = undefined;\n            tell();", "underWay = undefined;"],
  ["        tell();\n        if (closed)", "        if (closed)"],
  ["        tell();\n        if (closed)", "        tell(); await null;\n        if (closed)"],
  ["if (timeout <= 2 ** 31 - 1)", "if (true)"],
  ["if (timeout <= 2 ** 31 - 1)", "if (timeout < 0)"],
  ["timeout / 1000", "timeout"],
  ["<= 2 ** 31 - 1", "< 2 ** 31"],
  ['"TimeoutError"', '"AbortError"'],
  ["                        reject(failure);", ""],
  ["controller.abort(failure);", ""],
  ["controller.abort(failure);", "controller.abort();"],
  ["signal: controller.signal, isCurrent }", "signal: controller.signal, isCurrent: () => true }"],
  ["attempts.delete(target);", ""],
  ["attempts.get(target) === attemptId", "true"],
  ["attempts.get(target) === attemptId", "(attempts.clear(), true)"],
  ["!isNone(sessionId) && draft", "draft"],
  ["!isNone(sessionId) && draft.sessionId === sessionId", "!isNone(sessionId)"],
  ["draft.sessionId === sessionId)", "draft === from)"],
  ["draft.sessionId === sessionId)", "draft.sessionId === from.sessionId)"],
  ["draft.sent = true;", ""],
  ["end();\n                    resolve(answer);", "resolve(answer);"],
  ["}, reject);", "});"],
  ['status: "done", value', 'status: "done", value: undefined'],
  ["catch (failure) {\n            end();", "catch (failure) {"],
  ["onLateFailure && !isCurrent()", "onLateFailure"],
  ["onLateFailure && !isCurrent()", "false"],
  ["onLateFailure(failure, sessionId)", "onLateFailure(failure, draft.sessionId)"],
  ["queueMicrotask(() => onLateFailure(failure, sessionId));", "onLateFailure(failure, sessionId);"],
  ["            throw failure;\n        }\n    }", "        }\n    }"],
  ["return draft.sessionId;", "return undefined;"],
  ["const own = listener.bind(undefined);", "const own = listener;"],
  ["const own = listener.bind(undefined);", "const own = (next) => listener(next);"],
  ["void listeners.delete(own)", "void 0"],
  ["closed = true;", ""],
  ["closed = true;\n            draft = { attempts: new Map() };", "closed = true;"],
  ["draft = { attempts: new Map() };\n            tell();", "draft = { attempts: new Map() };"],
  ["& 15", "& 7"],
];
const folder = mkdtempSync(join(tmpdir(), "mutants-"));
test.after(() => rmSync(folder, { recursive: true }));
ofTheWrapper.forEach(([from, to], at) => {
  test(`the tests kill the mutant of the wrapper: ${short(from)} → ${short(to)}`, async () => {
    const file = join(folder, `${at}.mjs`);
    writeFileSync(file, mutate(from, to));
    assert.equal(await passes(pathToFileURL(file).href), false);
  });
});

const ofTheKept = [
  ["    createGuardedSubmission(options);\n    const", "    const"],
  ['|| guard.state === "closed"', ""],
  ["guard.begin(sessionId);", ""],
  ["guard = createGuardedSubmission(options);", "guard = createGuardedSubmission();"],
  ["onLateFailure: options.onLateFailure", "onLateFailure: undefined"],
  ["guards.delete(sessionId);", ""],
  ["guards.set(sessionId, guard);", ""],
  ["< 100", "< 99"],
  ["< 100", "< 101"],
  ['if (state !== "sending")', ""],
];
const kept = read("dist/kept.js");
for (const [name, content] of [["index.js", source], ["kept.js", kept], ["package.json", '{"type": "module"}']]) writeFileSync(join(folder, name), content);
ofTheKept.forEach(([from, to], at) => {
  test(`the tests kill the mutant of the kept guards: ${short(from)} → ${short(to)}`, async () => {
    const file = join(folder, `kept-${at}.mjs`);
    writeFileSync(file, mutate(from, to, kept));
    assert.equal(await passesAlone("kept", { RATING_GUARD_KEPT: pathToFileURL(file).href }), false);
  });
});

test("what is no mutant passes these tests", async () => {
  assert.equal(await passes(pathToFileURL(join(folder, "index.js")).href), true);
  assert.equal(await passesAlone("kept", { RATING_GUARD_KEPT: pathToFileURL(join(folder, "kept.js")).href }), true);
});

function short(code) {
  return code.trim().replace(/\s+/g, " ");
}

function mutate(from, to, source = read("dist/index.js")) {
  assert.equal(source.split(from).length, 2, `the source has one ${from}`);
  return source.replace(from, () => to);
}

/** The quick tests first: most mutants are dead by then. */
async function passes(guard) {
  for (const name of ["submission-conformance", "guard", "interleavings"]) if (!(await passesAlone(name, { RATING_GUARD: guard }))) return false;
  return true;
}

function passesAlone(name, subject) {
  const { NODE_TEST_CONTEXT, ...environment } = process.env; // a run of its own, not a part of this one
  const child = spawn(process.execPath, [fileURLToPath(new URL(`${name}.test.mjs`, import.meta.url))], {
    env: { ...environment, ...subject },
    stdio: "ignore",
    timeout: 300_000,
  });
  return new Promise((resolve, reject) => child.on("error", reject).on("exit", (code) => resolve(code === 0)));
}
