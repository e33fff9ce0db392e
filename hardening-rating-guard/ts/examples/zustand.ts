import { createGuardedSubmission, type Submission, type SubmissionState } from "@hardening/rating-guard";
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
    const guard = createGuardedSubmission({
      timeout,
      onLateFailure: (failure, sessionId) => set({ lateFailure: { sessionId: sessionId ?? "", message: messageOf(failure) } }),
    });
    guard.subscribe((submission) => set({ submission }));

    async function send(sessionId: string, action: (ratings: Ratings, submission: Submission) => Promise<void>) {
      const { ratings } = get();
      let isCurrent = () => true;
      try {
        const outcome = await guard.submit(sessionId, (submission) => {
          isCurrent = submission.isCurrent;
          return action(ratings, submission);
        });
        if (outcome.status === "done" && drafts.get(sessionId) === ratings) drafts.delete(sessionId);
        if (!outcome.current) return;
        if (outcome.status === "mismatch") set({ error: outcome.error });
        // What the person chose while the answer was on its way was not sent: it stays.
        if (outcome.status === "done" && get().ratings === ratings) set({ ratings: {}, error: null });
      } catch (failure) {
        if (isCurrent()) set({ error: messageOf(failure) }); // a late one goes to onLateFailure
      }
    }
    return {
      pendingSessionId: null,
      ratings: {},
      error: null,
      lateFailure: null,
      submission: guard.state,
      async checkPending() {
        set({ pendingSessionId: await api.pending() }); // says what to rate next, and leaves the draft alone
      },
      open(sessionId) {
        const former = guard.draftSessionId;
        if (former === sessionId) return; // the form that is open already, half filled perhaps
        if (former) drafts.set(former, get().ratings);
        set({ ratings: drafts.get(sessionId) ?? {}, error: null });
        guard.begin(sessionId); // last, because it tells the subscribers
      },
      choose: (userId, rating) => set({ ratings: { ...get().ratings, [userId]: rating } }),
      submit: (sessionId) => send(sessionId, (ratings, submission) => api.rate(sessionId, ratings, submission)),
      skip: (sessionId) => send(sessionId, (_, submission) => api.skip(sessionId, submission)),
    };
  });
}

const messageOf = (failure: unknown) => (failure instanceof Error ? failure.message : String(failure));
