import { rate } from "../../examples/rate.ts";
import { ratingForm } from "../../examples/vanilla.ts";
import { openSession, showLate, timeout } from "./page.ts";

document.querySelector("#root")!.innerHTML = `<form><textarea></textarea><button>Send</button><p role="alert"></p></form>`;
const form = ratingForm(document.querySelector("form")!, { openSession, rate, timeout, onLateFailure: showLate });
addEventListener("hashchange", () => form.draw(openSession()));
