package dev.hardening.benchmarks;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** One group's table, and what was to be reached in it. */
record Section(List<String> header, List<List<String>> rows, List<Target> targets) {

    /** A figure that was to be reached. */
    record Target(String what, String wanted, String measured, Verdict verdict) {

        static Target of(String what, String wanted, String measured, boolean reached) {
            return new Target(what, wanted, measured, reached ? Verdict.PASS : Verdict.MISSED);
        }
    }

    enum Verdict {
        PASS,
        MISSED,
        /** It is asked of another JDK. */
        OTHER_JDK
    }

    Section(String... header) {
        this(Arrays.asList(header), new ArrayList<>(), new ArrayList<>());
    }

    void row(Object... cells) {
        rows.add(Arrays.stream(cells).map(Section::cell).toList());
    }

    private static String cell(Object value) {
        return value instanceof Double number
                ? number(number)
                : value instanceof Long whole ? whole(whole) : value.toString();
    }

    /** Three digits that mean something, or all of a larger number. */
    static String number(double value) {
        double size = Math.abs(value);
        String format = size >= 100 || size == 0 ? "%,.0f" : size >= 10 ? "%,.1f" : size >= 1 ? "%,.2f" : "%,.3f";
        return String.format(Locale.ROOT, format, value);
    }

    /** The number of a cell. */
    static double parse(String cell) {
        return Double.parseDouble(cell.replace(",", ""));
    }

    static String whole(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    String table() {
        return markdown(header, rows);
    }

    static String markdown(List<String> header, List<List<String>> rows) {
        StringBuilder text = new StringBuilder();
        line(text, header);
        line(
                text,
                header.stream()
                        .map(name -> name.equals(header.get(0)) ? "---" : "---:")
                        .toList());
        rows.forEach(row -> line(text, row));
        return text.toString();
    }

    private static void line(StringBuilder text, List<String> cells) {
        text.append("| ").append(String.join(" | ", cells)).append(" |\n");
    }
}
