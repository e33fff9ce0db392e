package dev.hardening.benchmarks;

import dev.hardening.config.SecretSource;
import dev.hardening.config.SecretValidator;
import dev.hardening.config.Setting;
import dev.hardening.config.ValidationReport;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** A thousand settings of every kind and with every rule: all set, or a tenth of them misspelt. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
public class SettingsBenchmark {

    static final int SETTINGS = 1_000;
    private static final int MISSPELT_EACH = 10;

    /** What is wrong. */
    public enum Wrong {
        NOTHING,
        MISSPELT
    }

    @Param
    Wrong wrong = Wrong.NOTHING;

    private SecretValidator validator = SecretValidator.requiring("UNTIL_THE_SET_UP");
    private SecretSource source = SecretSource.of(Map.of());

    @Setup
    public void declare() {
        validator = SecretValidator.of(IntStream.range(0, SETTINGS)
                .mapToObj(SettingsBenchmark::setting)
                .toArray(Setting<?>[]::new));
        Map<String, String> values = new HashMap<>();
        for (int i = 0; i < SETTINGS; i++) {
            boolean misspelt = wrong == Wrong.MISSPELT && i % MISSPELT_EACH == 0;
            values.put(
                    misspelt ? name(i).replace("SETTING", "SETING") : name(i),
                    i % 3 == 0 ? "https://service-" + i + ".example/path" : "a-value-that-is-long-enough-" + i);
        }
        source = SecretSource.of(values);
    }

    private static String name(int number) {
        return "SETTING_NUMBER_" + number;
    }

    private static Setting<?> setting(int number) {
        return switch (number % 3) {
            case 0 -> Setting.uri(name(number), "https", "wss");
            case 1 -> Setting.secret(name(number)).minLength(16).noPlaceholder();
            default -> Setting.text(name(number)).describedAs("number " + number);
        };
    }

    /** The whole of it: values, rules, and hints where names are missing. */
    @Benchmark
    public ValidationReport check() {
        return validator.check(source);
    }
}
