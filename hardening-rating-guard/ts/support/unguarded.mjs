// The rating store of examples/zustand.ts as one writes it without a guard: it checks what is pending, and no more.
import { createStore } from "zustand/vanilla";

export function createRatingStore(api) {
  return createStore((set, get) => {
    let opened;
    async function send(sessionId, action) {
      const { pendingSessionId, ratings } = get();
      if (pendingSessionId && pendingSessionId !== sessionId) return set({ error: "Session mismatch: cannot rate a different session" });
      try {
        await action(ratings);
        set({ ratings: {}, error: null });
      } catch (failure) {
        set({ error: failure.message });
      }
    }
    return {
      pendingSessionId: null,
      ratings: {},
      error: null,
      checkPending: async () => set({ pendingSessionId: await api.pending() }),
      open(sessionId) {
        if (opened === sessionId) return;
        // Keeps what is half filled: it looks for what is pending, and does not know whose draft this is.
        set(get().pendingSessionId === null ? { error: null } : { ratings: {}, error: null });
        opened = sessionId;
      },
      choose: (userId, rating) => set({ ratings: { ...get().ratings, [userId]: rating } }),
      submit: (sessionId) => send(sessionId, (ratings) => api.rate(sessionId, ratings)),
      skip: (sessionId) => send(sessionId, () => api.skip(sessionId)),
    };
  });
}
