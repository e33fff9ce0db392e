package dev.hardening.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * Measurements of two sides in turn, and their ratio. What the machine does meanwhile meets both; the ratio is the median
 * of the pairs' own ratios, and its interval (95 %) is of order statistics, which assumes no distribution.
 */
final class Paired {

    private final List<Double> ours = new ArrayList<>();
    private final List<Double> theirs = new ArrayList<>();

    /** A measurement of one side. */
    @FunctionalInterface
    interface Side<E extends Exception> {
        double measure() throws E;
    }

    /** Measures both sides as often as told, in an order that is drawn for each pair. */
    static <E extends Exception> Paired measure(int pairs, long seed, Side<E> ours, Side<E> theirs) throws E {
        Paired measured = new Paired();
        Random order = new Random(seed);
        for (int i = 0; i < pairs; i++) {
            boolean oursFirst = order.nextBoolean();
            double first = (oursFirst ? ours : theirs).measure();
            double second = (oursFirst ? theirs : ours).measure();
            measured.add(oursFirst ? first : second, oursFirst ? second : first);
        }
        return measured;
    }

    void add(double our, double their) {
        ours.add(our);
        theirs.add(their);
    }

    double ours() {
        return median(ours);
    }

    double theirs() {
        return median(theirs);
    }

    double ratio() {
        return median(ratios());
    }

    double low() {
        List<Double> sorted = ratios().stream().sorted().toList();
        return sorted.get(margin(sorted.size()));
    }

    double high() {
        List<Double> sorted = ratios().stream().sorted().toList();
        return sorted.get(sorted.size() - 1 - margin(sorted.size()));
    }

    String text() {
        return String.format(Locale.ROOT, "%.3f (%.3f–%.3f)", ratio(), low(), high());
    }

    private List<Double> ratios() {
        List<Double> ratios = new ArrayList<>();
        for (int i = 0; i < ours.size(); i++) {
            ratios.add(ours.get(i) / theirs.get(i));
        }
        return ratios;
    }

    private static int margin(int size) {
        return Math.max(0, (int) Math.floor(size / 2.0 - 0.98 * Math.sqrt(size)));
    }

    static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        int size = sorted.size();
        return size % 2 == 1 ? sorted.get(size / 2) : (sorted.get(size / 2 - 1) + sorted.get(size / 2)) / 2;
    }
}
