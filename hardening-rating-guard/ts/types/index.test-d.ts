// Compile-only: what has to compile compiles, and each @ts-expect-error is an error that the types have to give.
import { checkRatingSession, createGuardedSubmission, SESSION_MISMATCH, type GuardDecision, type Outcome, type GuardedSubmission, type SessionId } from "@hardening/rating-guard";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const yes = <T extends true>(): T | void => {};

// The check takes every kind of none, and no other type than a string.
yes<Equal<Parameters<typeof checkRatingSession>, [pending: SessionId, submitted: SessionId]>>();
yes<Equal<SessionId, string | null | undefined>>();
checkRatingSession(null, undefined);
// @ts-expect-error a number is no id
checkRatingSession(1, "a");
// @ts-expect-error nor is an object
checkRatingSession("a", { id: "a" });
// @ts-expect-error both are asked for, so that none is forgotten
checkRatingSession("a");

// A decision has an error exactly when it is not allowed.
const decision = checkRatingSession("a", "b");
if (decision.allowed) yes<Equal<typeof decision.error, null>>();
else yes<Equal<typeof decision.error, "Session mismatch: cannot rate a different session">>();
// @ts-expect-error which is not known before one looks
decision.error.length;
// @ts-expect-error decisions are read-only
decision.allowed = true;
// @ts-expect-error an allowed decision has no error
const contradiction: GuardDecision = { allowed: true, error: SESSION_MISMATCH };

// An outcome tells what it has by its status.
const guard: GuardedSubmission = createGuardedSubmission();
const outcome = await guard.submit("a", () => Promise.resolve(1));
yes<Equal<typeof outcome, Outcome<number>>>();
yes<Equal<typeof outcome.current, boolean>>();
switch (outcome.status) {
  case "done":
    yes<Equal<typeof outcome.value, number>>();
    // @ts-expect-error what is done has no error
    outcome.error;
    break;
  case "mismatch":
    yes<Equal<typeof outcome.error, typeof SESSION_MISMATCH>>();
    // @ts-expect-error a mismatch has no value
    outcome.value;
    break;
  case "busy":
  case "sent":
  case "closed":
    // @ts-expect-error nothing was sent
    outcome.value;
    break;
  default:
    outcome satisfies never;
}
// @ts-expect-error the value is there only when it is done
outcome.value;
// @ts-expect-error there is no such status
if (outcome.status === "failed") throw outcome;
// @ts-expect-error outcomes are read-only
outcome.current = true;

// An action returns a value or a promise of one, and may ask whether its draft is current.
yes<Equal<Awaited<ReturnType<typeof plain>>, Outcome<string>>>();
const plain = () => guard.submit("a", () => "at once");
guard.submit("a", ({ isCurrent }) => (isCurrent() ? 1 : 2));
// @ts-expect-error an action is a function, not a promise that runs already
guard.submit("a", Promise.resolve(1));
// @ts-expect-error an action takes no session: it closes over what it sends
guard.submit("a", (sessionId: string) => sessionId);
// @ts-expect-error a session is asked for
guard.submit(() => 1);

// The guard's state is its own.
guard.begin(undefined);
// @ts-expect-error a draft is begun for something, if only for null
guard.begin();
// @ts-expect-error the state is not to be set
guard.state = "idle";
// @ts-expect-error nor is the draft, except by begin
guard.draftSessionId = "b";
void contradiction;
