// Compiles the sources with plain tsc: JavaScript without comments, because it is what a browser loads, and types with them.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const [outDir = "dist"] = process.argv.slice(2);
const here = fileURLToPath(new URL("..", import.meta.url));
const tsc = fileURLToPath(import.meta.resolve("typescript/bin/tsc"));

for (const what of [["--declaration", "false", "--removeComments"], ["--emitDeclarationOnly"]])
  execFileSync(process.execPath, [tsc, "-p", "tsconfig.build.json", "--outDir", outDir, ...what], { cwd: here, stdio: "inherit" });
