// Bundles an example as its user's bundler would, against the guard that is under test.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { subject } from "./subject.mjs";

export async function bundle(options, alias = {}) {
  const { outputFiles } = await build({
    bundle: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    write: false,
    logLevel: "silent",
    absWorkingDir: fileURLToPath(new URL("..", import.meta.url)),
    alias: process.env.RATING_GUARD ? { ...alias, "@hardening/rating-guard": fileURLToPath(new URL(subject)) } : alias,
    ...options,
  });
  return outputFiles[0].text;
}

export const run = (code) => import(`data:text/javascript;base64,${Buffer.from(code).toString("base64")}`);

export const example = async (path) => run(await bundle({ entryPoints: [path] }));
