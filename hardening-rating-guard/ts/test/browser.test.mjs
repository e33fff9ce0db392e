import { test } from "node:test";
import assert from "node:assert/strict";
import { chromium, page, resultOf } from "../support/browser.mjs";
import { bundle } from "../support/examples.mjs";
import { read, SESSION_MISMATCH } from "../support/subject.mjs";

const where = { skip: chromium === undefined && "no Chromium on the PATH", timeout: 120_000 };

test("a browser loads the module as it is, and decides every vector as the file says", where, async ({ signal }) => {
  const files = Object.fromEntries(["dist/index.js", "support/runner.mjs", "support/vectors-page.mjs", "conformance/rating-guard.json"].map((path) => [`/${path}`, read(path)]));
  const { result, failure } = await resultOf({ ...files, "/page.html": page("/support/vectors-page.mjs") }, signal);
  assert.equal(failure, undefined);
  assert.deepEqual(result.failed, []);
  assert.equal(result.ran, JSON.parse(read("conformance/rating-guard.json")).count);
  assert.deepEqual(result.outcome, { status: "done", value: "sent", current: true });
});

test("the React example, bundled: two clicks send once, a failure keeps the text, another session gets nothing, a late answer changes nothing", where, async ({ signal }) => {
  const define = { "process.env.NODE_ENV": '"development"' };
  const app = await bundle({ entryPoints: ["support/react-page.jsx"], jsx: "automatic", platform: "browser", define });
  const { result, failure } = await resultOf({ "/app.js": app, "/page.html": page("/app.js") }, signal);
  assert.equal(failure, undefined);
  assert.deepEqual(result, {
    doubleClick: { sent: ["a: good"], text: "good", error: "", rated: 0 },
    failure: { sent: ["a: good"], text: "good", error: "503", rated: 0 },
    otherSession: { sent: ["a: good"], text: "good", error: SESSION_MISMATCH, rated: 0 },
    lateAnswer: { sent: ["a: good", "a: good"], text: "for b", error: "", rated: 0 },
    rated: { sent: ["a: good", "a: good", "b: for b"], text: "for b", error: "", rated: 1 },
  });
});
