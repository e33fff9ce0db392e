// What the tests test: the compiled module, or the mutant of it that RATING_GUARD names.
import { readFileSync } from "node:fs";

export const subject = process.env.RATING_GUARD ?? new URL("../dist/index.js", import.meta.url).href;
export const { checkRatingSession, createGuardedSubmission, MISMATCH_HINT, SESSION_MISMATCH } = await import(subject);

/** A guard whose draft was made for this session. */
export function guardFor(sessionId, options) {
  const guard = createGuardedSubmission(options);
  guard.begin(sessionId);
  return guard;
}

export const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
export const vectorFile = () => JSON.parse(read("conformance/rating-guard.json"));
