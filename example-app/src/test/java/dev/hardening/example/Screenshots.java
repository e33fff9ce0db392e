package dev.hardening.example;

import com.microsoft.playwright.Page;
import java.nio.file.Path;

/** Pictures of the page: below target, and with {@code -Dscreenshots} those that the documentation shows. */
final class Screenshots {

    static final boolean FOR_THE_DOCS = System.getProperty("screenshots") != null;

    private Screenshots() {}

    static void take(Page page, String name) {
        Path folder = FOR_THE_DOCS ? Path.of("..", "docs", "screenshots") : Path.of("target", "screenshots");
        page.screenshot(new Page.ScreenshotOptions()
                .setPath(folder.resolve(name + ".png"))
                .setFullPage(true));
    }
}
