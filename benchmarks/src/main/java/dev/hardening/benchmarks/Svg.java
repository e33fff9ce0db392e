package dev.hardening.benchmarks;

import java.util.Locale;

/** A picture that reads well on light and dark pages, and that has a title for people who cannot see it. */
final class Svg {

    private final StringBuilder text = new StringBuilder();

    Svg(int width, int height, int left, String title) {
        add("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\">", width, height);
        add("<title>%s</title>", title);
        add("<style>text{font:13px system-ui,sans-serif;fill:#57606a}.title{font-weight:600}");
        add("line{stroke:#8b949e;stroke-opacity:.35}polyline{fill:none;stroke-width:1.5;stroke-linejoin:round}");
        add("@media (prefers-color-scheme:dark){text{fill:#c9d1d9}}</style>");
        add("<text class=\"title\" x=\"%d\" y=\"20\">%s</text>", left, title);
    }

    /** Adds a line; its values are formatted as in the root locale. */
    void add(String format, Object... values) {
        text.append(String.format(Locale.ROOT, format, values)).append('\n');
    }

    String end() {
        return text.append("</svg>\n").toString();
    }
}
