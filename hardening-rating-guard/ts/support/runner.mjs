// Runs a file of vectors against a check; in Node and in a browser.
const DECISIONS = new Map([["proceed", true], ["mismatch", false]]);
const KEYS = new Set(["id", "note", "pending", "submitted", "decision"]);

/** Which vectors the check decides otherwise. Throws on a file that it does not understand whole. */
export function failures({ version, count, vectors, ...unknown }, check) {
  demand(version === 1 && Object.keys(unknown).length === 0, "this runner knows version 1 of the file only");
  const ids = new Set();
  const failed = [];
  for (const vector of vectors) {
    const { id, note, pending, submitted, decision } = vector;
    demand(Object.keys(vector).every((key) => KEYS.has(key)), `${id} has a key that this runner does not know`);
    demand(DECISIONS.has(decision), `${id} has a decision that this runner does not know`);
    demand([pending, submitted].every((value) => (value ?? "") === String(value ?? "")), `${id} has an id that is no text`);
    demand(typeof id === "string" && !ids.has(id), `${id} is there twice`);
    demand(typeof note === "string" && note !== "", `${id} names no trap`);
    ids.add(id);
    if (check(pending, submitted).allowed !== DECISIONS.get(decision)) failed.push(`${id} (${note})`);
  }
  demand(ids.size === count, `the file says ${count} vectors and has ${ids.size}`);
  return failed;
}

function demand(holds, otherwise) {
  if (!holds) throw new Error(otherwise);
}
