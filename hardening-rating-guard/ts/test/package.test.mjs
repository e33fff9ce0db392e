// The package as its user gets it: packed, installed, imported by Node, and bundled.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
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
  npm("install", "--offline", "--legacy-peer-deps", "--no-audit", "--no-fund", "--silent", "--prefix", user, join(user, packed.filename));
});
after(() => rmSync(user, { recursive: true }));

test("the package has the modules, their types, and no vectors", () => {
  assert.deepEqual(packed.files.map(({ path }) => path).sort(), [
    "LICENSE",
    "README.md",
    ...["index", "kept", "react"].flatMap((name) => [`dist/${name}.d.ts`, `dist/${name}.js`]),
    "package.json",
  ]);
  assert.ok(packed.unpackedSize < 50_000, `${packed.unpackedSize} bytes`);
  assert.equal(read("LICENSE"), read("../../LICENSE"));
});

test("the vectors and their schemas are a package of their own", () => {
  const [vectors] = JSON.parse(npm("pack", "--json", "--silent", "--dry-run", "./conformance"));
  assert.equal(vectors.name, "@hardening/rating-guard-conformance");
  assert.equal(vectors.version, packed.version);
  const data = readdirSync(new URL("../conformance", import.meta.url)).filter((name) => name.startsWith("rating-guard"));
  assert.deepEqual(vectors.files.map(({ path }) => path).sort(), [...data, "package.json"].sort());
});

test("the package depends on nothing, and only its hook on React", () => {
  const { dependencies, peerDependencies, peerDependenciesMeta, type, sideEffects, exports } = JSON.parse(read("package.json"));
  assert.deepEqual([dependencies, peerDependencies, peerDependenciesMeta], [undefined, { react: ">=18" }, { react: { optional: true } }]);
  assert.deepEqual([type, sideEffects], ["module", false]);
  for (const entry of [".", "./kept", "./react"]) assert.deepEqual(Object.keys(exports[entry]), ["types", "default"]);
  const imports = (name) => [...read(`dist/${name}.js`).matchAll(/from "(.*)"/g)].map(([, from]) => from);
  assert.deepEqual(imports("index"), []);
  assert.deepEqual(imports("kept"), ["./index.js"]);
  assert.deepEqual(imports("react"), ["react", "./kept.js"]);
  assert.doesNotMatch(read("dist/index.js"), /\bimport\b|\brequire\b/);
});

test("the lock file holds no address", () => assert.doesNotMatch(read("package-lock.json"), /"resolved":/));

for (const [name, limit] of [["index", 1600], ["kept", 500], ["react", 550]])
  test(`${name}.js is as small as the README says`, () => {
    const bytes = gzipSync(read(`dist/${name}.js`), { level: 9 }).length;
    const [, said] = new RegExp(`\\b${name}\\.js\\D*(\\d+) bytes`).exec(read("README.md"));
    assert.ok(bytes < limit, `${bytes} bytes`);
    assert.ok(Math.abs(bytes - said) / bytes < 0.03, `${bytes} bytes, the README says ${said}`); // zlib versions differ a little
  });

test("Node imports the installed package", () => {
  const script = `
    import { checkRatingSession, createGuardedSubmission } from "@hardening/rating-guard";
    import { createGuardedSubmissions } from "@hardening/rating-guard/kept";
    const outcome = await createGuardedSubmission().submit("a", () => "sent");
    console.log(JSON.stringify([checkRatingSession("a", "b").allowed, outcome, createGuardedSubmissions().get("a").state]));`;
  writeFileSync(join(user, "user.js"), script);
  const printed = execFileSync(process.execPath, [join(user, "user.js")], { encoding: "utf8" });
  assert.deepEqual(JSON.parse(printed), [false, { status: "done", value: "sent", current: true }, "idle"]);
});

const bundled = (contents) => bundle({ stdin: { contents, resolveDir: user }, absWorkingDir: user, minify: true });

test("a bundler takes only what is used of the package", async () => {
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
  assert.deepEqual(shown, ["rate.ts", "vanilla.ts", "zustand.ts", "react.tsx"].map((name) => read(`examples/${name}`)));
});

test("the documentation says how many vectors there are", () => {
  for (const name of ["rating-guard.json", "rating-guard-submissions.json"]) {
    const { count } = JSON.parse(read(`conformance/${name}`));
    assert.match(read("../../docs/rating-guard.md"), new RegExp(`\\| \`${name}\`, ${count} vectors \\|`));
  }
});
