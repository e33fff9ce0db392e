// What the pages share: the session that is open is the URL's fragment, the guard's timeout its query.
export const openSession = () => location.hash.slice(1);
export const timeout = Number(new URLSearchParams(location.search).get("timeout") ?? 30_000);

export function showLate(failure: unknown, sessionId: string | null | undefined) {
  document.querySelector("#late")!.textContent = `${sessionId}: ${(failure as Error).message}`;
}
