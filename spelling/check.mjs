// Checks the spelling and the grammar of the pages, the Javadoc and the comments below a folder, which is the project by default.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Dialect, LocalLinter } from "harper.js";
import { binaryInlined } from "harper.js/binaryInlined";
import { files } from "./files.mjs";
import { comments } from "./prose.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(process.argv[2] ?? join(here, ".."));
const found = files(root);
if (found.length === 0) {
  console.error(`no page and no source below ${root}`);
  process.exit(2);
}

const { quaint, off } = JSON.parse(readFileSync(join(here, "grammar.json"), "utf8"));
const QUAINT = new RegExp(`\\b(?:${quaint.join("|")})\\b`, "gi");

const cspell = spawnSync(
  process.execPath,
  [join(here, "node_modules", "cspell", "bin.mjs"), "lint", "--no-progress", "--no-summary", "--config", join(here, "cspell.json"), "--root", root, "--file-list", "stdin"],
  { cwd: root, input: found.join("\n"), encoding: "utf8" },
);
process.stdout.write(cspell.stdout + cspell.stderr);
let mistakes = cspell.status === 0 ? 0 : 1;

const linter = new LocalLinter({ binary: binaryInlined, dialect: Dialect.British });
await linter.setup();
await linter.setLintConfig({ ...(await linter.getDefaultLintConfig()), ...Object.fromEntries(off.map((rule) => [rule, false])) });
for (const name of found) {
  const content = readFileSync(join(root, name), "utf8");
  const lines = name.endsWith(".md")
    ? content.split("\n").map((text, index) => ({ text, number: index + 1 }))
    : comments(content);
  const text = lines.map((line) => line.text).join("\n");
  const report = (start, message) => {
    mistakes++;
    console.log(`${name}:${lines[text.slice(0, start).split("\n").length - 1].number} - ${message}`);
  };
  for (const word of text.matchAll(QUAINT)) {
    report(word.index, `plainer words than "${word[0]}", please`);
  }
  for (const [rule, lints] of Object.entries(await linter.organizedLints(text, { language: "markdown" }))) {
    for (const lint of lints) {
      const span = lint.span();
      report(span.start, `${rule}: "${lint.get_problem_text()}" in "${text.slice(Math.max(0, span.start - 30), span.end + 20).replaceAll("\n", " ")}": ${lint.message()}`);
    }
  }
}
console.log(`${found.length} files, ${mistakes === 0 ? "no mistake" : "mistakes found"}`);
process.exitCode = mistakes === 0 ? 0 : 1;
