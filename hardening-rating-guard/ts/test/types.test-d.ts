// Compile-only: each @ts-expect-error is an error that the types must give.
import { checkRatingSession, createRatingGuard, type Outcome } from "../src/index.js";
import { createStore } from "zustand/vanilla";

const decision = checkRatingSession("a", undefined);
if (!decision.allowed) decision.error satisfies string;
if (decision.allowed) decision.error satisfies null;
// @ts-expect-error a number is no id
checkRatingSession(1, "a");
// @ts-expect-error decisions are read-only
decision.allowed = true;

const guard = createRatingGuard("a");
const outcome: Outcome<number> = await guard.submit("a", () => Promise.resolve(1));
if (outcome.status === "done") outcome.value satisfies number;
// @ts-expect-error the value is there only when it is done
outcome.value;
// @ts-expect-error busy is not to be set
guard.busy = true;

// The zustand example of the README.
interface RatingState {
  draft: Record<string, "green" | "red" | "skip">;
  error: string | null;
  open(sessionId: string): void;
  submit(sessionId: string): Promise<void>;
}
export const ratingStore = (send: (sessionId: string, draft: RatingState["draft"]) => Promise<void>) => {
  const guard = createRatingGuard();
  return createStore<RatingState>()((set, get) => ({
    draft: {},
    error: null,
    open(sessionId) {
      guard.begin(sessionId);
      set({ draft: {}, error: null });
    },
    async submit(sessionId) {
      const outcome = await guard.submit(sessionId, () => send(sessionId, get().draft));
      if (outcome.status === "mismatch") set({ error: outcome.error });
      if (outcome.status === "done" && outcome.current) set({ draft: {}, error: null });
    },
  }));
};
