// Compile-only, with the typings of React 18 and of React 19.
import type { Outcome, SubmissionState } from "@hardening/rating-guard";
import { createGuardedSubmissions } from "@hardening/rating-guard/kept";
import { useGuardedSubmission } from "@hardening/rating-guard/react";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const yes = <T extends true>(): T | void => {};

const guards = createGuardedSubmissions({ timeout: 1000, onLateFailure: (failure) => console.error(failure) });
const form = useGuardedSubmission("a", guards);
useGuardedSubmission("a");
yes<Equal<typeof form.state, SubmissionState>>();
const outcome = await form.submit(({ attemptId }) => attemptId.length);
yes<Equal<typeof outcome, Outcome<number>>>();
form.begin();
// @ts-expect-error a form is drawn for a session
useGuardedSubmission(null);
// @ts-expect-error the session is the form's
form.submit("a", () => 1);
// @ts-expect-error a guard is kept for a session
guards.get(undefined);
// @ts-expect-error milliseconds are a number
createGuardedSubmissions({ timeout: "1 s" });
declare const console: { error(failure: unknown): void };
