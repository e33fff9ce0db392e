/**
 * One event stream for all tabs of a browser: the tab that holds a lock reads it, and passes each event on. When that tab
 * goes away, the next in line takes over.
 */

const NAME = "focus-squad-events";
const EVENTS = ["status", "timeline", "load"];
/** No event for so long means that the stream is lost: there is one each second. */
const SILENCE = 6000;

/** @typedef {{ name: string, data: any }} Message */

/**
 * @param {(message: Message) => void} listener gets each event, and `{ name: "lost" }` when there are none
 * @returns {{ start(): void, stop(): void }}
 */
export function createEvents(listener) {
  /** @type {BroadcastChannel | null} */
  let channel = null;
  /** @type {(() => void) | null} */
  let giveUpLock = null;
  /** @type {AbortController | null} */
  let queue = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let watch;
  let heard = 0;

  /** @param {Message} message */
  function hear(message) {
    heard = Date.now();
    listener(message);
  }

  /** Reads the stream until the lock is given up. */
  function lead() {
    return new Promise((resolve) => {
      const source = new EventSource("/drill/events");
      for (const name of EVENTS)
        source.addEventListener(name, (event) => {
          const message = { name, data: JSON.parse(event.data) };
          hear(message);
          channel?.postMessage(message);
        });
      source.addEventListener("error", () => {
        listener({ name: "lost", data: null });
        channel?.postMessage({ name: "lost", data: null });
        // The browser tries again by itself, except after an answer that is no stream.
        if (source.readyState === EventSource.CLOSED) setTimeout(giveUp, 2000);
      });
      function giveUp() {
        source.close();
        giveUpLock = null;
        resolve(undefined);
      }
      giveUpLock = giveUp;
    });
  }

  async function wait() {
    while (queue !== null) {
      const waiting = queue;
      try {
        await navigator.locks.request(NAME, { signal: waiting.signal }, () => (queue === waiting ? lead() : undefined));
      } catch {
        return; // stopped
      }
    }
  }

  return {
    start() {
      if (queue !== null) return;
      queue = new AbortController();
      channel = new BroadcastChannel(NAME);
      channel.addEventListener("message", (event) => hear(event.data));
      heard = Date.now();
      watch = setInterval(() => {
        if (Date.now() - heard > SILENCE) listener({ name: "lost", data: null });
      }, 1000);
      void wait();
    },
    stop() {
      const waiting = queue;
      queue = null;
      clearInterval(watch);
      giveUpLock?.();
      waiting?.abort();
      channel?.close();
      channel = null;
    },
  };
}
