// Drives the React example as a person would, and returns what each hazard came to.
import { act, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { RatingForm } from "../examples/react.tsx";

globalThis.IS_REACT_ACT_ENVIRONMENT = true;

export default async function run() {
  const container = document.getElementById("root");
  const answers = [];
  const sent = [];
  let rated = 0;
  const rate = (sessionId, text) => {
    sent.push(`${sessionId}: ${text}`);
    return new Promise((resolve, reject) => answers.push({ resolve, reject }));
  };
  let root = createRoot(container);
  const show = (sessionId, key) =>
    act(() => root.render(<StrictMode><RatingForm key={key} sessionId={sessionId} rate={rate} onRated={() => rated++} /></StrictMode>));
  const type = (text) =>
    act(() => {
      const area = container.querySelector("textarea");
      Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(area, text);
      area.dispatchEvent(new Event("input", { bubbles: true }));
    });
  const click = () => act(async () => container.querySelector("button").click());
  const seen = () => ({ sent: [...sent], text: container.querySelector("textarea")?.value, error: container.querySelector("[role=alert]")?.textContent, rated });
  const found = {};

  await show("a", "one");
  await type("good");
  await act(async () => {
    container.querySelector("button").click();
    container.querySelector("button").click();
  });
  found.doubleClick = seen();
  await act(async () => answers.shift().reject(new Error("503")));
  found.failure = seen();
  await show("b", "one");
  await click();
  found.otherSession = seen();
  await show("a", "one");
  await click();
  await show("b", "two");
  await type("for b");
  await act(async () => answers.shift().resolve());
  found.lateAnswer = seen();
  await click();
  await act(async () => answers.shift().resolve());
  found.rated = seen();
  await act(() => root.unmount());
  return found;
}
