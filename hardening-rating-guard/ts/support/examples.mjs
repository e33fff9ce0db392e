// Bundles an example as its user's bundler would, against the guard that is under test.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { subject } from "./subject.mjs";

/** The guard that is under test takes the place of the package's own, in the kept guards too. */
const resolve = ({ path, importer }) =>
  process.env.RATING_GUARD && (path !== "./index.js" || importer.endsWith("kept.js")) ? { path: fileURLToPath(new URL(subject)) } : undefined;

export async function bundle(options, alias = {}) {
  const { outputFiles } = await build({
    bundle: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    write: false,
    logLevel: "silent",
    absWorkingDir: fileURLToPath(new URL("..", import.meta.url)),
    alias,
    plugins: [{ name: "subject", setup: (build) => build.onResolve({ filter: /^@hardening\/rating-guard$|^\.\/index\.js$/ }, resolve) }],
    ...options,
  });
  return outputFiles[0].text;
}

export const run = (code) => import(`data:text/javascript;base64,${Buffer.from(code).toString("base64")}`);

export const example = async (path) => run(await bundle({ entryPoints: [path] }));
