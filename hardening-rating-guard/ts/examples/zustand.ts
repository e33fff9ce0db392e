import { createRatingGuard } from "@hardening/rating-guard";
import { createStore } from "zustand/vanilla";

export type Ratings = Record<string, "green" | "red" | "skip">;

/** The server: each call rejects with an Error for the person, after a timeout too. */
export interface RatingApi {
  pending(): Promise<string | null>;
  rate(sessionId: string, ratings: Ratings): Promise<void>;
  skip(sessionId: string): Promise<void>;
}

export interface RatingState {
  pendingSessionId: string | null;
  ratings: Ratings;
  error: string | null;
  checkPending(): Promise<void>;
  open(sessionId: string): void;
  choose(userId: string, rating: Ratings[string]): void;
  submit(sessionId: string): Promise<void>;
  skip(sessionId: string): Promise<void>;
}

export function createRatingStore(api: RatingApi) {
  const guard = createRatingGuard();
  return createStore<RatingState>()((set, get) => {
    async function send(sessionId: string, action: (ratings: Ratings) => Promise<void>) {
      const { ratings } = get();
      // A failure is a value like any other, so that the outcome tells whether it belongs on this form.
      const outcome = await guard.submit(sessionId, () => action(ratings).then(() => null, messageOf));
      if (!outcome.current) return;
      if (outcome.status === "mismatch") set({ error: outcome.error });
      if (outcome.status === "done" && outcome.value !== null) set({ error: outcome.value });
      // What the person chose while the answer was on its way was not sent: it stays.
      if (outcome.status === "done" && outcome.value === null && get().ratings === ratings) set({ ratings: {}, error: null });
    }
    return {
      pendingSessionId: null,
      ratings: {},
      error: null,
      async checkPending() {
        set({ pendingSessionId: await api.pending() }); // says what to rate next, and leaves the draft alone
      },
      open(sessionId) {
        if (guard.draftSessionId === sessionId) return; // the form that is open already, half filled perhaps
        guard.begin(sessionId);
        set({ ratings: {}, error: null });
      },
      choose: (userId, rating) => set({ ratings: { ...get().ratings, [userId]: rating } }),
      submit: (sessionId) => send(sessionId, (ratings) => api.rate(sessionId, ratings)),
      skip: (sessionId) => send(sessionId, () => api.skip(sessionId)),
    };
  });
}

const messageOf = (failure: unknown) => (failure instanceof Error ? failure.message : String(failure));
