import { checkRatingSession, createGuardedSubmission } from "@hardening/rating-guard";
import { failures } from "/support/runner.mjs";

const file = await (await fetch("/conformance/rating-guard.json")).json();
let ran = 0;
const failed = failures(file, (pending, submitted) => (ran++, checkRatingSession(pending, submitted)));
const outcome = await createGuardedSubmission().submit("a", () => "sent");
globalThis.result = { ran, failed, outcome: { ...outcome } };
