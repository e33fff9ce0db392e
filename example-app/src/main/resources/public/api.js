/** An answer that is not a success; carries the problem's code, and its text for people. */
export class ApiError extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || `The server answered ${status}.`);
    this.status = status;
    this.code = problem.code ?? null;
  }
}

async function call(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(30_000), ...options });
  } catch {
    throw new ApiError(0, { title: "The server did not answer." });
  }
  const json = /[/+]json/.test(response.headers.get("content-type") ?? "");
  const body = json ? await response.json().catch(() => ({})) : {};
  if (!response.ok) throw new ApiError(response.status, body);
  return body;
}

const drill = (path, body = {}) =>
  call(`/drill/${path}`, {
    method: "POST",
    headers: { "X-Drill": "1", "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });

/** The drill routes; they exist in the demo only. */
export const drills = {
  status: () => call("/drill/status"),
  run: drill,
};

/** A signed-in person's calls. The token is renewed shortly before it expires. */
export function createSession(user) {
  let token = null;
  let signingIn = null;
  let posts = 0;
  const watchers = [];

  function signIn() {
    signingIn ??= drill("token", { user })
      .then((answer) => {
        const end = typeof answer.expires_at === "number" ? answer.expires_at : Date.parse(answer.expires_at);
        token = { value: answer.access_token, end: end < 1e11 ? end * 1000 : end, issue: (token?.issue ?? 0) + 1 };
        session.userId = answer.user_id;
        session.issue = token.issue;
      })
      .finally(() => (signingIn = null));
    return signingIn;
  }

  async function authorized(path, options = {}) {
    if (token === null || token.end - Date.now() < 20_000) await signIn();
    const headers = { ...options.headers, Authorization: `Bearer ${token.value}` };
    return call(path, { ...options, headers });
  }

  function post(path, body) {
    posts++;
    for (const watch of watchers) watch(posts);
    return authorized(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  }

  const session = {
    userId: null,
    /** How often this page has signed in: a later issue may be signed with a newer key. */
    issue: 0,
    signIn,
    pending: () => authorized("/api/v1/sessions/pending-ratings"),
    rate: (id, ratings) => post(`/api/v1/sessions/${encodeURIComponent(id)}/rate`, { ratings }),
    skip: (id) => post(`/api/v1/sessions/${encodeURIComponent(id)}/rate/skip`, {}),
    onPost: (watch) => watchers.push(watch),
    resetPosts() {
      posts = 0;
      for (const watch of watchers) watch(posts);
    },
  };
  return session;
}
