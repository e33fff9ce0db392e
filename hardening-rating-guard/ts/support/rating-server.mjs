// A real server for the examples' pages. It keeps one rating for each session, gives the first answer again under the same
// Idempotency-Key, and misbehaves as a test asks.
import { once } from "node:events";
import { createServer } from "node:http";
import { extname } from "node:path";

const TYPES = { ".js": "text/javascript", ".mjs": "text/javascript", ".json": "application/json" };

export class RatingServer {
  /** Each request: its session, its key and what it holds. */
  posts = [];
  /** What was kept, by session. */
  kept = new Map();
  /** What the next requests do; then they are answered at once. */
  next = [];
  /** Whether each answer is lost. A browser sends a request again by itself when a connection that it used before is reset. */
  losing = false;
  aborted = 0;
  #files;
  #answers = new Map();
  #server = createServer((request, response) => void this.#serve(request, response));

  constructor(files) {
    this.#files = files;
  }

  async start() {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    this.address = `http://127.0.0.1:${this.#server.address().port}`;
    return this;
  }

  stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #serve(request, response) {
    const path = new URL(request.url, "http://localhost").pathname;
    if (request.method === "POST") return this.#rate(path.split("/")[2], request, response);
    const [type, content] = path in this.#files ? [TYPES[extname(path)], this.#files[path]] : ["text/html", pageOf(path)];
    response.writeHead(200, { "content-type": `${type}; charset=utf-8` }).end(content);
  }

  async #rate(session, request, response) {
    const body = Buffer.concat(await request.toArray()).toString();
    const key = request.headers["idempotency-key"];
    this.posts.push({ session, key, body });
    const { after = 0, held, refused, hangs } = this.next.shift() ?? {};
    response.on("close", () => (this.aborted += response.writableEnded ? 0 : 1));
    if (hangs) return;
    await held;
    if (after) await new Promise((resolve) => setTimeout(resolve, after));
    const [status, text] = refused ? [409, refused] : this.#keep(session, key, body);
    if (this.losing) response.destroy();
    else response.writeHead(status).end(text);
  }

  #keep(session, key, body) {
    if (!this.#answers.has(key)) {
      if (this.kept.has(session)) return [409, "rated already"];
      this.kept.set(session, body);
      this.#answers.set(key, [200, "thanks"]);
    }
    return this.#answers.get(key);
  }
}

const pageOf = (path) => `<!doctype html><title>test</title><div id="root"></div><p id="late"></p>
<script type="importmap">{"imports": {"@hardening/rating-guard": "/dist/index.js"}}</script>
<script type="module" src="${path}.js"></script>`;
