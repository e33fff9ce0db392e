package dev.hardening.example;

import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.options.ColorScheme;
import com.microsoft.playwright.options.ReducedMotion;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** The machine's own Chromium, headless. */
final class Browser implements AutoCloseable {

    private static final List<String> NAMES =
            List.of("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome");
    private static final List<String> ARGUMENTS = List.of(
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync");

    private final Playwright playwright;
    private final com.microsoft.playwright.Browser browser;

    /** Where there is none, a developer's run skips with the reason, and CI's fails. */
    static Browser open() {
        Optional<Path> executable = executable();
        if (executable.isEmpty()) {
            String reason = "no Chromium on the PATH; install it, or say where it is with -Dchromium=/path/to/it";
            if (System.getenv("CI") != null) {
                throw new IllegalStateException(reason);
            }
            System.err.println("The page is not tested: " + reason);
            Assumptions.abort(reason);
        }
        return new Browser(executable.get());
    }

    private static Optional<Path> executable() {
        String said = System.getProperty("chromium");
        if (said != null) {
            return Optional.of(Path.of(said));
        }
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                .filter(folder -> !folder.isEmpty())
                .flatMap(folder -> NAMES.stream().map(name -> Path.of(folder, name)))
                .filter(Files::isExecutable)
                .findFirst();
    }

    private Browser(Path executable) {
        playwright = Playwright.create(
                new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
        browser = playwright
                .chromium()
                .launch(new BrowserType.LaunchOptions()
                        .setExecutablePath(executable)
                        .setArgs(ARGUMENTS)
                        // Else there is no page to come back to with the back button.
                        .setIgnoreDefaultArgs(List.of("--disable-back-forward-cache")));
    }

    /** A fresh profile: a width, a theme, and no motion, so that a picture is not of something on its way. */
    BrowserContext context(int width, int height, ColorScheme theme) {
        return browser.newContext(new com.microsoft.playwright.Browser.NewContextOptions()
                .setViewportSize(width, height)
                .setColorScheme(theme)
                .setReducedMotion(ReducedMotion.REDUCE));
    }

    /** What axe finds, one line each; its script comes from the test's class path. */
    static List<String> violations(Page page) throws IOException {
        try (InputStream script = Browser.class.getResourceAsStream("/axe.min.js")) {
            page.evaluate(new String(Objects.requireNonNull(script).readAllBytes(), StandardCharsets.UTF_8));
        }
        @SuppressWarnings("unchecked")
        List<String> found = (List<String>) page.evaluate("async () => (await axe.run(document)).violations.map("
                + "({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html).join(' ')}`)");
        return found;
    }

    @Override
    public void close() {
        browser.close();
        playwright.close();
    }
}
