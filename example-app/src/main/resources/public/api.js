/** An answer that is not a success. It carries the problem's code, and its text for people. */
export class ApiError extends Error {
  /**
   * @param {number} status 0 if there was no answer
   * @param {{ detail?: string, title?: string, code?: string }} problem
   */
  constructor(status, problem) {
    super(problem.detail || problem.title || `The server answered ${status}.`);
    this.status = status;
    this.code = problem.code ?? null;
  }
}

/**
 * @param {string} path
 * @param {RequestInit} [options]
 * @returns {Promise<any>} the answer's JSON
 */
async function call(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(20_000), ...options });
  } catch {
    throw new ApiError(0, { title: "The server did not answer." });
  }
  const json = /[/+]json/.test(response.headers.get("content-type") ?? "");
  const body = json ? await response.json().catch(() => null) : null;
  if (!response.ok) throw new ApiError(response.status, body ?? {});
  if (body === null) throw new ApiError(0, { title: "The server's answer was cut off. Please try again." });
  return body;
}

/**
 * @param {string} path
 * @param {object} body
 * @param {Record<string, string>} headers
 * @param {AbortSignal} [signal]
 */
const post = (path, body, headers, signal) =>
  call(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
    signal: signal ?? AbortSignal.timeout(60_000),
  });

/** The drill routes; they exist in the demo only. */
export const server = {
  status: () => call("/drill/status"),
  /** What the event stream has brought so far. @returns {Promise<import("/events.js").Message[]>} */
  history: () => call("/drill/history"),
  readiness: () => fetch("/health/ready", { cache: "no-store", signal: AbortSignal.timeout(5000) }).then((response) => response.json()),
  /**
   * @param {string} drill
   * @param {object} [body]
   */
  drill: (drill, body = {}) => post(`/drill/${drill}`, body, { "X-Drill": "1" }),
};

/**
 * @typedef {{ ratee_id: string, rating: string, reasons?: string[], other_reason_text?: string }} Entry
 * @typedef {{ attemptId: string, signal?: AbortSignal }} Attempt
 */

/**
 * A signed-in person's calls. A token is kept as long as it works: it is renewed when it is refused, or about to expire.
 * @param {string} user
 */
export function createSession(user) {
  /** @type {{ value: string, end: number } | null} */
  let token = null;
  /** @type {Promise<void> | null} */
  let signingIn = null;
  let posts = 0;
  let userId = "";
  /** @type {((posts: number) => void)[]} */
  const listeners = [];

  function signIn() {
    signingIn ??= server
      .drill("token", { user })
      .then((answer) => {
        token = { value: answer.access_token, end: Date.parse(answer.expires_at) };
        userId = answer.user_id;
      })
      .finally(() => (signingIn = null));
    return signingIn;
  }

  async function authorization() {
    if (token === null || token.end - Date.now() < 20_000) await signIn();
    return { Authorization: `Bearer ${token?.value}` };
  }

  /**
   * Runs a call, once more with a new token if this one is refused.
   * @template T
   * @param {(headers: Record<string, string>) => Promise<T>} request
   */
  async function authorized(request) {
    try {
      return await request(await authorization());
    } catch (failure) {
      if (!(failure instanceof ApiError) || failure.status !== 401) throw failure;
      await signIn();
      return request(await authorization());
    }
  }

  /**
   * @param {string} path
   * @param {object} body
   * @param {Attempt} attempt
   */
  function submit(path, body, { attemptId, signal }) {
    return authorized((headers) => {
      posts++;
      for (const listener of listeners) listener(posts);
      return post(path, body, { ...headers, "Idempotency-Key": attemptId }, signal);
    });
  }

  return {
    get userId() {
      return userId;
    },
    signIn,
    pending: () => authorized((headers) => call("/api/v1/sessions/pending-ratings", { headers })),
    /**
     * @param {string} id
     * @param {Entry[]} ratings
     * @param {Attempt} attempt
     */
    rate: (id, ratings, attempt) => submit(`/api/v1/sessions/${encodeURIComponent(id)}/rate`, { ratings }, attempt),
    /**
     * @param {string} id
     * @param {Attempt} attempt
     */
    skip: (id, attempt) => submit(`/api/v1/sessions/${encodeURIComponent(id)}/rate/skip`, {}, attempt),
    /**
     * What the form of the plain lane does: it posts what it holds.
     * @param {string} id
     * @param {Entry[]} ratings
     */
    ratePlainly: (id, ratings) =>
      authorized((headers) => post(`/plain/api/v1/sessions/${encodeURIComponent(id)}/rate`, { ratings }, headers)),
    /** @param {(posts: number) => void} listener */
    onPost: (listener) => void listeners.push(listener),
    resetPosts() {
      posts = 0;
      for (const listener of listeners) listener(posts);
    },
  };
}
