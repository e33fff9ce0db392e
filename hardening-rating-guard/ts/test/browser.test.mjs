// The module as it is, and the examples as real pages, in a real browser: one server, one set of hazards for all of them.
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { inBrowser, launch } from "../support/browser.mjs";
import { bundle } from "../support/examples.mjs";
import { RatingServer } from "../support/rating-server.mjs";
import { read, SESSION_MISMATCH } from "../support/subject.mjs";

const REACT_18 = { react: "react-18", "react-dom": "react-dom-18" };
const PAGES = {
  vanilla: ["support/pages/vanilla.ts"],
  zustand: ["support/pages/zustand.ts"],
  "react-19": ["support/pages/react.tsx"],
  "react-18": ["support/pages/react.tsx", REACT_18],
};

describe("in a browser", inBrowser, () => {
  let browser, server;

  before(async () => {
    const files = {};
    for (const path of ["dist/index.js", "support/runner.mjs", "support/vectors-page.js", "conformance/rating-guard.json"]) files[`/${path}`] = read(path);
    for (const [name, [entry, alias = {}]] of Object.entries(PAGES))
      files[`/${name}.js`] = await bundle({ entryPoints: [entry], jsx: "automatic", platform: "browser", define: { "process.env.NODE_ENV": '"development"' } }, alias);
    server = await new RatingServer(files).start();
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    server?.stop();
  });

  test("the module decides every vector as the file says", async () => {
    const page = await browser.newPage();
    await page.goto(`${server.address}/support/vectors-page`);
    await page.waitForFunction(() => globalThis.result);
    const result = await page.evaluate(() => globalThis.result);
    assert.deepEqual(result.failed, []);
    assert.equal(result.ran, JSON.parse(read("conformance/rating-guard.json")).count);
    assert.deepEqual(result.outcome, { status: "done", value: "sent", current: true });
    await page.close();
  });

  for (const name of Object.keys(PAGES))
    describe(`the ${name} page`, () => {
      let context, page, sessions = 0;

      before(async () => {
        context = await browser.newContext();
        page = await context.newPage();
      });
      after(() => context?.close());

      /** Opens a session that no test had before. */
      async function open(query = "", on = page) {
        const session = `${name}-${++sessions}`;
        server.posts = [];
        server.next = [];
        server.losing = false;
        server.aborted = 0;
        await on.goto(`${server.address}/${name}?${sessions}&${query}#${session}`);
        await button(on).waitFor();
        return session;
      }
      /** Holds the next answer back until the function that it returns is called. */
      function held(answer = {}) {
        let release;
        server.next = [{ ...answer, held: new Promise((resolve) => (release = resolve)) }];
        return release;
      }
      const button = (on = page) => on.locator("button");
      const area = (on = page) => on.locator("textarea");
      const alert = (on = page) => on.locator("[role=alert]");
      const move = (session) => page.evaluate((next) => (location.hash = next), session);
      const until = async (holds) => {
        for (const end = Date.now() + 30_000; !(await holds()); await new Promise((resolve) => setTimeout(resolve, 5)))
          if (Date.now() > end) throw new Error(`never held: ${holds}`);
      };
      const says = (label, on = page) => until(async () => (await button(on).textContent()) === label);
      const complains = (text, on = page) => until(async () => (await alert(on).textContent()).includes(text));
      const keys = () => new Set(server.posts.map(({ key }) => key)).size;

      test("sends once for two clicks, 10 to 400 ms apart", async () => {
        for (let distance = 10; distance <= 400; distance += 30) {
          const session = await open();
          await area().fill("green");
          server.next = [{ after: 15 }];
          // Past the button, which may be disabled: the guard alone has to hold.
          await page.evaluate(async (wait) => {
            const submit = () => document.querySelector("form").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
            submit();
            await new Promise((resolve) => setTimeout(resolve, wait));
            submit();
          }, distance);
          await says("Sent");
          assert.deepEqual(server.posts.map((post) => post.session), [session], `${distance} ms`);
        }
      });

      test("sends once for a person's double click", async () => {
        await open();
        await area().fill("green");
        server.next = [{ after: 15 }];
        await button().dblclick({ delay: 30 });
        await says("Sent");
        assert.equal(server.posts.length, 1);
      });

      test("tries a lost answer again under the same key", async () => {
        const session = await open();
        await area().fill("green");
        server.losing = true;
        await button().click();
        await complains("fetch");
        server.losing = false;
        assert.equal(await area().inputValue(), "green");
        await button().click();
        await says("Sent");
        assert.equal(keys(), 1);
        assert.match(server.posts[0].key, /^"[\da-f-]{36}"$/);
        assert.match(server.kept.get(session), /green/);
      });

      test("tries a lost answer again under the same key after it moved on and back", async () => {
        const session = await open();
        await area().fill("green");
        server.losing = true;
        await button().click();
        await complains("fetch");
        server.losing = false;
        await move("between");
        await until(async () => (await area().inputValue()) === "");
        await move(session);
        await until(async () => (await area().inputValue()) === "green");
        await button().click();
        await says("Sent");
        assert.equal(keys(), 1);
        assert.match(server.kept.get(session), /green/);
      });

      test("keeps the draft while offline, and sends it afterwards", async () => {
        const session = await open();
        await area().fill("green");
        await context.setOffline(true);
        await button().click();
        await complains("fetch");
        assert.equal(await area().inputValue(), "green");
        await context.setOffline(false);
        await button().click();
        await says("Sent");
        assert.equal(server.posts.length, 1);
        assert.match(server.kept.get(session), /green/);
      });

      test("aborts an action that hangs, and tries it again", async () => {
        await open("timeout=200");
        await area().fill("green");
        server.next = [{ hangs: true }];
        await button().click();
        await complains("No answer within 0.2 s");
        await until(() => server.aborted === 1);
        assert.equal(await area().inputValue(), "green");
        await button().click();
        await says("Sent");
        assert.equal(server.posts.length, 2);
        assert.equal(keys(), 1);
      });

      test("says on another form that a rating was refused", async () => {
        const session = await open();
        await area().fill("green");
        const answer = held({ refused: "the session is over" });
        await button().click();
        await move("other");
        await until(async () => (await area().inputValue()) === "");
        await area().fill("red");
        answer();
        await until(async () => (await page.locator("#late").textContent()) === `${session}: the session is over`);
        assert.equal(await alert().textContent(), "");
        assert.equal(await area().inputValue(), "red");
        await move(session);
        await until(async () => (await area().inputValue()) === "green");
        await says("Send");
      });

      test("keeps what was typed while the answer was on its way", async () => {
        const session = await open();
        await area().fill("green");
        const answer = held();
        await button().click();
        await says("Sending…");
        await area().fill("red");
        answer();
        await says("Sent");
        assert.equal(await area().inputValue(), "red");
        await move("other");
        await until(async () => (await area().inputValue()) === "");
        await move(session);
        await until(async () => (await area().inputValue()) === "red");
        assert.match(server.kept.get(session), /green/);
      });

      test("sends once when it moves on and comes back meanwhile", async () => {
        const session = await open();
        await area().fill("green");
        const answer = held();
        await button().click();
        await move("another");
        await until(async () => (await area().inputValue()) === "");
        await move(session);
        await page.evaluate(() => document.querySelector("form").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true })));
        answer();
        await says("Sent");
        await button().click();
        await says("Sent");
        assert.deepEqual(server.posts.map((post) => post.session), [session]);
      });

      test("in a second tab keeps the draft that was refused", async () => {
        const session = await open();
        const second = await context.newPage();
        await second.goto(page.url());
        await area().fill("green");
        await area(second).fill("red");
        await button().click();
        await says("Sent");
        await button(second).click();
        await complains("rated already", second);
        assert.equal(await area(second).inputValue(), "red");
        await says("Send", second);
        assert.match(server.kept.get(session), /green/);
        await second.close();
      });

      test("sends nothing for a session that the form is not for", async () => {
        await open("fixed-key");
        await area().fill("green");
        // The page moves on, and the form does not know.
        await page.evaluate(() => {
          history.replaceState(null, "", "#moved");
          globalThis.moveBehindTheForm?.("moved");
        });
        await new Promise((resolve) => setTimeout(resolve, 50));
        await button().click();
        await complains(SESSION_MISMATCH);
        assert.equal(await area().inputValue(), "green");
        assert.equal(server.posts.length, 0);
      });

      if (name.startsWith("react"))
        test("begins a draft at once for a session that was sent before", async () => {
          const session = await open();
          const submit = () => page.evaluate(async () => (await globalThis.hook.submit(() => 1)).status);
          const goTo = async (next) => {
            await page.evaluate((next) => globalThis.moveBehindTheForm(next), next);
            await until(() => page.evaluate((next) => globalThis.hook.sessionId === next, next));
          };
          const begin = async () => {
            await page.evaluate(() => globalThis.hook.begin());
            await until(() => page.evaluate(() => globalThis.hook.state === "idle"));
          };
          assert.equal(await submit(), "done");
          await goTo(`${session}-next`);
          assert.equal(await submit(), "mismatch");
          await begin();
          assert.equal(await submit(), "done");
          await goTo(session);
          assert.equal(await submit(), "mismatch");
          await begin();
          assert.equal(await submit(), "done");
        });

      if (name.startsWith("react"))
        test("sends once when it is hidden and shown again", async () => {
          await open();
          await area().fill("green");
          const answer = held();
          await button().click();
          await page.evaluate(() => globalThis.setMode("hidden"));
          await until(async () => !(await button().isVisible()));
          answer();
          await page.evaluate(() => globalThis.setMode("visible"));
          await says("Sent");
          await button().click();
          await says("Sent");
          assert.equal(server.posts.length, 1);
        });

      if (name.startsWith("react"))
        test("says while it is hidden that a rating was refused", async () => {
          const session = await open();
          await area().fill("green");
          const answer = held({ refused: "the session is over" });
          await button().click();
          await page.evaluate(() => globalThis.setMode("hidden"));
          answer();
          await until(async () => (await page.locator("#late").textContent()) === `${session}: the session is over`);
          await page.evaluate(() => globalThis.setMode("visible"));
          await says("Send");
          assert.equal(await area().inputValue(), "green");
        });
    });
});
