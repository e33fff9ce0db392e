import type { GuardedSubmission, Submission, SubmissionState } from "@hardening/rating-guard";
import { createGuardedSubmissions } from "@hardening/rating-guard/kept";
import { createStore } from "zustand/vanilla";

export type Ratings = Record<string, "green" | "red" | "skip">;

/** The server. A call rejects with an Error for the person if the server refused it, or if its answer was lost. */
export interface RatingApi {
  pending(): Promise<string | null>;
  rate(sessionId: string, ratings: Ratings, submission: Submission): Promise<void>;
  skip(sessionId: string, submission: Submission): Promise<void>;
}

export interface RatingState {
  pendingSessionId: string | null;
  ratings: Ratings;
  error: string | null;
  /** What went wrong with a form that is no longer open; opening its session shows its ratings again. */
  lateFailure: { sessionId: string; message: string } | null;
  submission: SubmissionState;
  checkPending(): Promise<void>;
  open(sessionId: string): void;
  choose(userId: string, rating: Ratings[string]): void;
  submit(sessionId: string): Promise<void>;
  skip(sessionId: string): Promise<void>;
}

export function createRatingStore(api: RatingApi, timeout = 30_000) {
  return createStore<RatingState>()((set, get) => {
    const drafts = new Map<string, Ratings>(); // of the forms that are not open
    const guards = createGuardedSubmissions({ timeout }); // one for each session, which knows it when its form is opened again
    let guard: GuardedSubmission | undefined; // of the form that is open
    let unsubscribe = () => {};

    async function send(sessionId: string, action: (ratings: Ratings, submission: Submission) => Promise<void>) {
      const { ratings } = get();
      const own = guard;
      try {
        const outcome = await (own ?? guards.get(sessionId)).submit(sessionId, (submission) => action(ratings, submission));
        if (outcome.status === "done" && drafts.get(sessionId) === ratings) drafts.delete(sessionId);
        if (own !== guard) return;
        if (outcome.status === "mismatch") set({ error: outcome.error });
        // What the person chose while the answer was on its way was not sent: it stays.
        if (outcome.status === "done" && get().ratings === ratings) set({ ratings: {}, error: null });
      } catch (failure) {
        const message = messageOf(failure);
        set(own === guard ? { error: message } : { lateFailure: { sessionId, message } });
      }
    }
    return {
      pendingSessionId: null,
      ratings: {},
      error: null,
      lateFailure: null,
      submission: "idle",
      async checkPending() {
        set({ pendingSessionId: await api.pending() }); // says what to rate next, and leaves the draft alone
      },
      open(sessionId) {
        const former = guard?.draftSessionId;
        if (former === sessionId) return; // the form that is open already, half filled perhaps
        if (former) drafts.set(former, get().ratings);
        unsubscribe();
        guard = guards.get(sessionId);
        unsubscribe = guard.subscribe((submission) => set({ submission }));
        set({ ratings: drafts.get(sessionId) ?? {}, error: null, submission: guard.state });
      },
      choose: (userId, rating) => set({ ratings: { ...get().ratings, [userId]: rating } }),
      submit: (sessionId) => send(sessionId, (ratings, submission) => api.rate(sessionId, ratings, submission)),
      skip: (sessionId) => send(sessionId, (_, submission) => api.skip(sessionId, submission)),
    };
  });
}

const messageOf = (failure: unknown) => (failure instanceof Error ? failure.message : String(failure));
