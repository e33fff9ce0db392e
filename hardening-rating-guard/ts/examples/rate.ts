import type { Submission } from "@hardening/rating-guard";

/** Sends a rating. Throws an Error with a text for the person unless the server accepted it. */
export async function rate(sessionId: string, draft: unknown, { attemptId, signal }: Submission): Promise<void> {
  const response = await fetch(`/sessions/${encodeURIComponent(sessionId)}/rate`, {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": `"${attemptId}"` },
    body: JSON.stringify(draft),
    signal,
  });
  if (!response.ok) throw new Error(await response.text());
}
