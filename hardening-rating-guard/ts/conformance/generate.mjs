// Writes the conformance vectors, into the folder that is named or where they are. Run it with `npm run vectors`, review the
// difference, and commit it: the files are the contract, not these scripts.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checks } from "./checks.mjs";
import { submissions } from "./submissions.mjs";

const [folder = fileURLToPath(new URL(".", import.meta.url))] = process.argv.slice(2);
for (const [name, vectors] of Object.entries({ "rating-guard.json": checks, "rating-guard-submissions.json": submissions })) {
  if (new Set(vectors.map(({ id }) => id)).size !== vectors.length) throw new Error(`two vectors of ${name} share an id`);
  const lines = vectors.map((vector) => "    " + escape(JSON.stringify(vector))).join(",\n");
  writeFileSync(join(folder, name), `{\n  "version": 1,\n  "count": ${vectors.length},\n  "vectors": [\n${lines}\n  ]\n}\n`);
  console.log(`${vectors.length} vectors in ${name}`);
}

function escape(json) {
  return json.replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
