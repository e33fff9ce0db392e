import { existsSync, readdirSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";

const PAGE = /^[^/]+\.md$|^(?:docs|\.github)\/.+\.md$|^(?:integration-tests\/)?[^/]+\/README\.md$/;
const SOURCE = /^(?!spelling\/).*(?:\/src\/main\/.*\.(?:java|js|kt)|\/ts\/src\/.*\.tsx?)$/;
const NOT_OURS = new Set([".git", "node_modules", "target", "dist"]);

/** The pages of a checkout and its main sources, as paths that begin at the root. */
export function files(root, folder = root) {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        return NOT_OURS.has(entry.name) ? [] : files(root, path);
      }
      const name = relative(root, path).split(sep).join("/");
      return PAGE.test(name) || SOURCE.test(name) ? [name] : [];
    })
    .sort();
}
