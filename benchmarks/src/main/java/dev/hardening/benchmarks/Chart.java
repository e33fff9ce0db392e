package dev.hardening.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A line chart with a logarithmic scale, as SVG that reads well on light and dark pages. */
final class Chart {

    private static final int WIDTH = 860;
    private static final int HEIGHT = 320;
    private static final int LEFT = 70;
    private static final int RIGHT = 20;
    private static final int TOP = 56;
    private static final int BOTTOM = 44;
    private static final double PLOT_WIDTH = WIDTH - LEFT - RIGHT;
    private static final double PLOT_HEIGHT = HEIGHT - TOP - BOTTOM;
    /** Told apart by people who see colours in another way, and on both backgrounds. */
    private static final String[] COLOURS = {"#0a7ea4", "#d9730d", "#8e6bbf", "#5a8f29"};

    private record Line(String name, List<Double> values) {}

    private final String title;
    private final String acrossLabel;
    private final double across;
    private final double tick;
    private final double least;
    private final List<Line> lines = new ArrayList<>();

    /**
     * A chart without lines.
     *
     * @param across what the width stands for
     * @param tick the distance of two marks on it
     * @param least the lower end of the scale; a power of ten
     */
    Chart(String title, String acrossLabel, double across, double tick, double least) {
        this.title = title;
        this.acrossLabel = acrossLabel;
        this.across = across;
        this.tick = tick;
        this.least = least;
    }

    /** Adds a line whose values are spread evenly over the width. */
    void line(String name, List<Double> values) {
        lines.add(new Line(name, List.copyOf(values)));
    }

    String svg() {
        double most = least * 10;
        for (Line line : lines) {
            for (double value : line.values) {
                while (value > most) {
                    most *= 10;
                }
            }
        }
        Svg svg = new Svg(WIDTH, HEIGHT, LEFT, title);
        for (double power = least; power <= most * 1.01; power *= 10) {
            double y = y(power, most);
            svg.add("<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>", LEFT, y, WIDTH - RIGHT, y);
            svg.add("<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>", LEFT - 8, y + 4, label(power));
        }
        for (double mark = 0; mark <= across * 1.001; mark += tick) {
            double x = LEFT + mark / across * PLOT_WIDTH;
            svg.add("<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>", x, HEIGHT - 24, label(mark));
        }
        svg.add("<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>", WIDTH - RIGHT, HEIGHT - 6, acrossLabel);
        int legend = LEFT;
        for (int i = 0; i < lines.size(); i++) {
            String name = lines.get(i).name;
            svg.add("<text x=\"%d\" y=\"42\" style=\"fill:%s\">%s</text>", legend, COLOURS[i], name);
            legend += 24 + name.length() * 7;
        }
        for (int i = lines.size() - 1; i >= 0; i--) { // the first on top
            String points = points(lines.get(i).values, most);
            svg.add("<polyline stroke=\"%s\" points=\"%s\"/>", COLOURS[i], points);
        }
        return svg.end();
    }

    private static String label(double value) {
        return value >= 1 || value == 0 ? String.format(Locale.ROOT, "%,.0f", value) : String.valueOf(value);
    }

    private String points(List<Double> values, double most) {
        StringBuilder points = new StringBuilder();
        for (int i = 0; i < values.size(); i++) {
            double x = LEFT + (i + 0.5) / values.size() * PLOT_WIDTH;
            points.append(String.format(Locale.ROOT, "%.1f,%.1f ", x, y(values.get(i), most)));
        }
        return points.toString().strip();
    }

    private double y(double value, double most) {
        double share = Math.log10(Math.max(value, least) / least) / Math.log10(most / least);
        return TOP + PLOT_HEIGHT * (1 - share);
    }
}
