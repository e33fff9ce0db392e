// Loads a page in a headless Chromium from a server on loopback, and returns what the page posts to /result.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";

const NAMES = [process.env.CHROMIUM, "chromium", "chromium-browser", "google-chrome"].filter(Boolean);

/** The browser's command; undefined where there is none, which CI does not accept. */
export const chromium = NAMES.find((name) => spawnSync(name, ["--version"]).status === 0);
if (chromium === undefined && process.env.CI === "true") throw new Error("CI needs a Chromium on the PATH");

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".json": "application/json" };

export async function resultOf(files, signal) {
  const posted = deferred();
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, "http://localhost").pathname;
    if (request.method === "POST") {
      const chunks = await request.toArray();
      response.writeHead(204).end();
      posted.resolve(JSON.parse(Buffer.concat(chunks).toString()));
    } else if (path in files) {
      response.writeHead(200, { "content-type": `${TYPES[extname(path)]}; charset=utf-8` }).end(files[path]);
    } else {
      response.writeHead(404).end();
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const profile = mkdtempSync(join(tmpdir(), "guard-browser-"));
  const sandbox = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  const browser = spawn(
    chromium,
    [
      "--headless", ...sandbox, "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", `--user-data-dir=${profile}`, `http://127.0.0.1:${server.address().port}/page.html`,
    ],
    { stdio: "ignore", detached: true },
  );
  const exited = once(browser, "exit");
  signal.addEventListener("abort", () => posted.reject(signal.reason));
  exited.then(([code]) => posted.reject(new Error(`the browser ended with ${code} before the page had a result`)), posted.reject);
  try {
    return await posted.promise;
  } finally {
    // Its group, because it has processes of its own.
    if (browser.exitCode === null) process.kill(-browser.pid, "SIGKILL");
    await exited.catch(() => {});
    server.closeAllConnections();
    server.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

function deferred() {
  let resolve, reject;
  const promise = new Promise((a, b) => ([resolve, reject] = [a, b]));
  return { promise, resolve, reject };
}

/** A page that runs a module and posts what its default export returns, or the failure. */
export const page = (module) => `<!doctype html><title>test</title><div id="root"></div>
<script type="importmap">{"imports": {"@hardening/rating-guard": "/dist/index.js"}}</script>
<script type="module">
const post = (result) => fetch("/result", { method: "POST", body: JSON.stringify(result) });
try {
  const { default: run } = await import("${module}");
  await post({ result: await run() });
} catch (failure) {
  await post({ failure: String(failure.stack ?? failure) });
}
</script>`;
