import { element, icon } from "/dom.js";
import { createCard } from "/cards/card.js";

/** @param {import("/app.js").Context} context */
export function createSecretsCard(context) {
  const card = createCard({
    id: "secrets",
    title: "Secrets",
    artifact: "hardening-config",
    page: "config",
    what: "Every setting is checked before anything starts. All that is missing is named in one message.",
    without: "it starts, reports that it is healthy, and fails at the first request that needs the missing one.",
  });
  const settings = element("ul", { class: "settings", "data-testid": "settings" });
  const output = element("pre", { class: "console", "data-testid": "copy-output", tabindex: "0", "aria-label": "What the hardened copy printed", hidden: "" });
  card.evidence.append(element("h4", {}, "What it needs to start"), settings, output);
  let drawn = "";

  return {
    card,
    /** @type {import("/drills.js").Drill[]} */
    drills: [
      {
        id: "secrets-boot",
        label: "Start without two",
        begin: "Two copies start without SUPABASE_URL and LIVEKIT_API_KEY…",
        act: async () => {
          const answer = await context.server.drill("secrets/boot");
          output.textContent = answer.hardened.output.trim();
          output.hidden = false;
          return answer;
        },
        see: ({ hardened, plain }) => ({
          hardened: {
            state: hardened.exit_code === 78 ? "ok" : "error",
            text: `Refused to start after ${seconds(hardened.took_ms)}: exit code ${hardened.exit_code}, both names in one message.`,
          },
          plain: {
            state: plain.first_request >= 500 ? "error" : "warn",
            text: plain.started
              ? `Started, health says ${plain.health}. The first signed-in request: ${plain.first_request}.`
              : "It did not start.",
          },
          failed: plain.started && plain.first_request >= 500,
          recovered: hardened.exit_code === 78,
        }),
      },
    ],
    /** @param {import("/app.js").Status} status */
    show({ secrets }) {
      const required = secrets.settings.filter((setting) => setting.required);
      const present = required.filter((setting) => setting.present).length;
      card.lamp(present === required.length ? "ok" : "error", present === required.length ? "Complete" : "Incomplete");
      card.facts([`${present} of ${required.length} required settings present`, "checked once, before anything else"]);
      const next = JSON.stringify(secrets.settings);
      if (next === drawn) return;
      drawn = next;
      settings.replaceChildren(
        ...secrets.settings.map((setting) =>
          element(
            "li",
            { "data-state": setting.present ? "ok" : setting.required ? "error" : "idle" },
            icon(setting.present ? "ok" : setting.required ? "error" : "idle"),
            element("code", {}, setting.name),
            element("span", { class: "quiet" }, setting.present ? "present" : setting.required ? "missing" : "optional"),
          ),
        ),
      );
    },
    forget() {
      output.hidden = true;
    },
  };
}

/** @param {number} ms */
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
