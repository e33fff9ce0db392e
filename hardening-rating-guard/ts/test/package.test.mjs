// The package as its user gets it: packed, installed, imported by Node, and bundled.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { bundle, run } from "../support/examples.mjs";
import { read } from "../support/subject.mjs";

const here = fileURLToPath(new URL("..", import.meta.url));
const user = mkdtempSync(join(tmpdir(), "guard-user-"));
const npm = (...args) => execFileSync("npm", args, { cwd: here, encoding: "utf8", shell: process.platform === "win32" });
let packed;

before(() => {
  [packed] = JSON.parse(npm("pack", "--json", "--silent", "--pack-destination", user));
  writeFileSync(join(user, "package.json"), '{"private": true, "type": "module"}');
  npm("install", "--offline", "--no-audit", "--no-fund", "--silent", "--prefix", user, join(user, packed.filename));
});
after(() => rmSync(user, { recursive: true }));

test("the package has the module, its types, the vectors with their schema, README and licence, and nothing else", () => {
  assert.deepEqual(packed.files.map(({ path }) => path).sort(), [
    "LICENSE",
    "README.md",
    "conformance/rating-guard.json",
    "conformance/rating-guard.schema.json",
    "dist/index.d.ts",
    "dist/index.js",
    "dist/kept.d.ts",
    "dist/kept.js",
    "package.json",
  ]);
  assert.equal(read("LICENSE"), read("../../LICENSE"));
});

test("the package depends on nothing, is a module without side effects, and names its types first", () => {
  const { dependencies, peerDependencies, optionalDependencies, type, sideEffects, exports } = JSON.parse(read("package.json"));
  assert.deepEqual([dependencies, peerDependencies, optionalDependencies], [undefined, undefined, undefined]);
  assert.deepEqual([type, sideEffects], ["module", false]);
  assert.deepEqual(Object.keys(exports["."]), ["types", "default"]);
  assert.doesNotMatch(read("dist/index.js"), /\bimport\b|\brequire\b/);
});

test("the lock file holds no address", () => assert.doesNotMatch(read("package-lock.json"), /"resolved": "https?:/));

test("the module is smaller than 1.5 KB gzipped, and as large as the README says", () => {
  const bytes = gzipSync(read("dist/index.js"), { level: 9 }).length;
  const [, said] = /(\d+) bytes gzipped/.exec(read("README.md"));
  assert.ok(bytes < 1500, `${bytes} bytes`);
  assert.ok(Math.abs(bytes - said) / bytes < 0.03, `${bytes} bytes, the README says ${said}`); // zlib versions differ a little
});

test("Node imports the installed package, and its vectors", () => {
  const script = `
    import { checkRatingSession, createGuardedSubmission } from "@hardening/rating-guard";
    import { createRequire } from "node:module";
    const { count } = createRequire(import.meta.url)("@hardening/rating-guard/conformance/rating-guard.json");
    const outcome = await createGuardedSubmission().submit("a", () => "sent");
    console.log(JSON.stringify([checkRatingSession("a", "b").allowed, outcome, count]));`;
  writeFileSync(join(user, "user.js"), script);
  const printed = execFileSync(process.execPath, [join(user, "user.js")], { encoding: "utf8" });
  const { count } = JSON.parse(read("conformance/rating-guard.json"));
  assert.deepEqual(JSON.parse(printed), [false, { status: "done", value: "sent", current: true }, count]);
});

const bundled = (contents) => bundle({ stdin: { contents, resolveDir: user }, absWorkingDir: user, minify: true });

test("a bundler takes the installed package, and only what is used of it", async () => {
  const check = await bundled('import { checkRatingSession } from "@hardening/rating-guard"; export const answer = checkRatingSession("a", "b");');
  assert.deepEqual((await run(check)).answer, { allowed: false, error: "Session mismatch: cannot rate a different session" });
  assert.doesNotMatch(check, /sending/);
  const guard = await bundled('import { createGuardedSubmission } from "@hardening/rating-guard"; export const guard = createGuardedSubmission();');
  assert.equal((await (await run(guard)).guard.submit("a", () => 1)).status, "done");
  assert.match(guard, /sending/);
  assert.equal(await bundled('import "@hardening/rating-guard";'), "");
});

test("each example of the README is a file that type-checks", () => {
  const shown = [...read("README.md").matchAll(/^```tsx?\n(.*?)^```$/gms)].map(([, code]) => code);
  assert.deepEqual(shown.map((code) => code.split("\n").length > 5), [true, true]);
  assert.deepEqual(shown, [read("examples/zustand.ts"), read("examples/react.tsx")]);
});

test("the documentation says how many vectors there are", () => {
  const { count } = JSON.parse(read("conformance/rating-guard.json"));
  assert.match(read("../../docs/rating-guard.md"), new RegExp(`\\b${count}\\b conformance vectors`));
});
