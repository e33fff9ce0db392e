// What the tests test: the compiled module, or the mutant of it that RATING_GUARD names.
import { readFileSync } from "node:fs";

export const subject = process.env.RATING_GUARD ?? new URL("../dist/index.js", import.meta.url).href;
export const { checkRatingSession, createRatingGuard, SESSION_MISMATCH } = await import(subject);

export const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
export const vectorFile = () => JSON.parse(read("conformance/rating-guard.json"));
