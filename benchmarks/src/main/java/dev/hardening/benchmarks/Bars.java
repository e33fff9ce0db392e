package dev.hardening.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** A bar for each row of a table, as SVG; several figures of a row are panels, one below the other, each with its own scale. */
final class Bars {

    private static final int WIDTH = 860;
    private static final int LEFT = 280;
    private static final int RIGHT = 90;
    private static final int TOP = 40;
    private static final int BAR = 24;
    private static final int GAP = 34;
    private static final String OURS = "#0a7ea4";
    private static final String THEIRS = "#8b949e";

    private record Bar(String name, boolean ours, double value) {}

    private record Panel(String name, List<Bar> bars) {}

    private final String title;
    private final List<Panel> panels = new ArrayList<>();

    Bars(String title) {
        this.title = title;
    }

    /** Adds a figure of each row. */
    Bars panel(String name, Section section, ToDoubleFunction<List<String>> figure) {
        List<Bar> bars = new ArrayList<>();
        for (List<String> row : section.rows()) {
            String title = row.get(0);
            bars.add(new Bar(title.replaceAll("[*`]", ""), title.startsWith("**"), figure.applyAsDouble(row)));
        }
        panels.add(new Panel(name, bars));
        return this;
    }

    String svg() {
        int height = TOP;
        for (Panel panel : panels) {
            height += panel.bars.size() * BAR + GAP;
        }
        Svg svg = new Svg(WIDTH, height, 12, title);
        int y = TOP;
        for (Panel panel : panels) {
            svg.add("<text x=\"12\" y=\"%d\" class=\"title\">%s</text>", y + 16, panel.name);
            double most = panel.bars.stream().mapToDouble(Bar::value).max().orElse(0);
            for (Bar bar : panel.bars) {
                double width = most == 0 ? 0 : bar.value / most * (WIDTH - LEFT - RIGHT);
                String weight = bar.ours ? " class=\"title\"" : "";
                svg.add("<text x=\"%d\" y=\"%d\" text-anchor=\"end\"%s>%s</text>", LEFT - 10, y + 16, weight, bar.name);
                svg.add(
                        "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"2\" fill=\"%s\"/>",
                        LEFT, y + 3, Math.max(width, 1), BAR - 7, bar.ours ? OURS : THEIRS);
                svg.add(
                        "<text x=\"%.1f\" y=\"%d\"%s>%s</text>",
                        LEFT + width + 8, y + 16, weight, Section.number(bar.value));
                y += BAR;
            }
            y += GAP;
        }
        return svg.end();
    }
}
