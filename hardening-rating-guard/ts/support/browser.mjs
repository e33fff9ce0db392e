// A headless Chromium, driven by Playwright: the one that is installed, because none is downloaded.
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium as playwright } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];
const FLAGS = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** The browser's file; undefined where there is none, which CI does not accept. */
export const chromium = process.env.CHROMIUM ?? process.env.PATH.split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name))).find(isExecutable);
if (chromium === undefined && process.env.CI === "true") throw new Error("CI needs a Chromium on the PATH");

/** For a test that needs it. */
export const inBrowser = { skip: chromium === undefined && "no Chromium on the PATH", timeout: 240_000 };

export const launch = () =>
  playwright.launch({ executablePath: chromium, chromiumSandbox: process.getuid?.() !== 0, args: FLAGS, timeout: 120_000 });

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
