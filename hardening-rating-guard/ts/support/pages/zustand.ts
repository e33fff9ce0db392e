import { rate } from "../../examples/rate.ts";
import { createRatingStore } from "../../examples/zustand.ts";
import { openSession, showLate, timeout } from "./page.ts";

document.querySelector("#root")!.innerHTML = `<form><textarea></textarea><button>Send</button><p role="alert"></p></form>`;
const form = document.querySelector("form")!;
const area = form.querySelector("textarea")!;
const button = form.querySelector("button")!;
const store = createRatingStore({ pending: async () => openSession(), rate, skip: (id, submission) => rate(id, {}, submission) }, timeout);

store.subscribe(({ ratings, error, lateFailure, submission }) => {
  area.value = ratings.p ?? "";
  form.querySelector("[role=alert]")!.textContent = error;
  button.disabled = submission === "sending";
  button.textContent = { idle: "Send", sending: "Sending…", sent: "Sent", closed: "Closed" }[submission];
  if (lateFailure) showLate(new Error(lateFailure.message), lateFailure.sessionId);
});
area.addEventListener("input", () => store.getState().choose("p", area.value as "green"));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  void store.getState().submit(openSession());
});
addEventListener("hashchange", () => store.getState().open(openSession()));
store.getState().open(openSession());
