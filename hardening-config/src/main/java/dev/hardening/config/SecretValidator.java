package dev.hardening.config;

import dev.hardening.config.SecretSource.Found;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Refuses to start a service without its secrets, and names all that are missing or invalid at once. No message, trace,
 * report or text of it holds a value.
 *
 * <p>Immutable and safe for use by several threads. It starts no thread and uses no reflection.
 */
public final class SecretValidator {

    /** The exit code of {@link #validateOrExit()}: {@code EX_CONFIG} of {@code sysexits.h}. */
    public static final int EXIT_CODE = 78;

    static final String NOT_SET = "is not set";

    /** How many of a group's settings have to be set. */
    record Group(boolean onlyOne, List<String> names) {

        Optional<Problem> complaint(Set<String> set) {
            List<String> chosen = names.stream().filter(set::contains).toList();
            if (chosen.size() == 1 || (chosen.size() > 1 && !onlyOne)) {
                return Optional.empty();
            }
            String rule = (onlyOne ? "exactly one" : "at least one") + " of them must be set, but "
                    + (chosen.isEmpty() ? "none is" : String.join(" and ", chosen) + " are");
            return Optional.of(new Problem(String.join(", ", names), Problem.Kind.INVALID, rule, null));
        }
    }

    private final Map<String, Setting<?>> settings;
    private final List<Group> groups;

    private SecretValidator(Map<String, Setting<?>> settings, List<Group> groups) {
        this.settings = settings;
        this.groups = groups;
    }

    /**
     * A validator of these settings; their order is the order of every message.
     *
     * @throws IllegalArgumentException if there are none, or two of one name
     */
    public static SecretValidator of(Setting<?>... settings) {
        if (settings.length == 0) {
            throw new IllegalArgumentException("declare at least one setting");
        }
        Map<String, Setting<?>> byName = new LinkedHashMap<>();
        for (Setting<?> setting : settings) {
            if (byName.put(setting.name(), setting) != null) {
                throw new IllegalArgumentException(setting.name() + " is declared twice");
            }
        }
        return new SecretValidator(byName, List.of());
    }

    /**
     * A validator of required secrets: the one-liner.
     *
     * @throws IllegalArgumentException if there are none, two of one name, or one that is no name
     */
    public static SecretValidator requiring(String... names) {
        return of(Arrays.stream(names).map(Setting::secret).toArray(Setting<?>[]::new));
    }

    /**
     * This validator, with the rule that exactly one of these settings is set. Each of them may be absent; those not
     * declared yet are declared.
     *
     * @throws IllegalArgumentException if there are fewer than two, or if one is declared already, as another type
     */
    public SecretValidator exactlyOne(Setting<?>... group) {
        return withGroup(true, group);
    }

    /**
     * This validator, with the rule that at least one of these settings is set. Each of them may be absent; those not
     * declared yet are declared.
     *
     * @throws IllegalArgumentException if there are fewer than two, or if one is declared already, as another type
     */
    public SecretValidator atLeastOne(Setting<?>... group) {
        return withGroup(false, group);
    }

    private SecretValidator withGroup(boolean onlyOne, Setting<?>... group) {
        List<String> names = Arrays.stream(group).map(Setting::name).distinct().toList();
        if (names.size() < 2) {
            throw new IllegalArgumentException("a group has at least two settings");
        }
        Map<String, Setting<?>> all = new LinkedHashMap<>(settings);
        for (Setting<?> setting : group) {
            Setting<?> known = all.putIfAbsent(setting.name(), setting);
            if (known != null && known.type() != setting.type()) {
                throw new IllegalArgumentException(setting.name() + " is declared as " + known.typeName());
            }
        }
        return new SecretValidator(
                all,
                Stream.concat(groups.stream(), Stream.of(new Group(onlyOne, names)))
                        .toList());
    }

    /**
     * Validates the environment, with the {@code NAME_FILE} convention.
     *
     * @throws SecretValidationException naming everything that is missing or invalid
     */
    public Settings validate() {
        return validate(SecretSource.environment().withFiles());
    }

    /**
     * Validates a source.
     *
     * @throws SecretValidationException naming everything that is missing or invalid
     */
    public Settings validate(SecretSource source) {
        Map<String, Object> values = new LinkedHashMap<>();
        List<Problem> problems = inspect(source, values);
        if (!problems.isEmpty()) {
            throw new SecretValidationException(problems);
        }
        return new Settings(settings, values);
    }

    /** Checks a source, and reports instead of throwing, also where the source or a condition throws. */
    public ValidationReport check(SecretSource source) {
        return new ValidationReport(inspect(source, new LinkedHashMap<>()));
    }

    /**
     * Validates the environment as {@link #validate()} does; where something is wrong, prints the message to standard
     * error, without a stack trace, and ends the process with {@value #EXIT_CODE}.
     */
    public Settings validateOrExit() {
        return validateOrExit(SecretSource.environment().withFiles(), System.err, System::exit);
    }

    Settings validateOrExit(SecretSource source, PrintStream err, IntConsumer exit) {
        try {
            return validate(source);
        } catch (SecretValidationException invalid) {
            err.print(invalid.getMessage() + '\n');
            err.flush();
            exit.accept(EXIT_CODE);
            throw invalid; // only where exiting was forbidden
        }
    }

    /**
     * An example of an environment file that names every setting and holds no value. Read back it is "all missing";
     * it is also what this module's command line reads as a declaration.
     */
    public String envExample() {
        return Declaration.write(settings.values(), groups);
    }

    /** A Markdown table of the settings: name, type, whether it is required, rules, description. */
    public String markdown() {
        return Declaration.table(settings.values(), groups);
    }

    private List<Problem> inspect(SecretSource source, Map<String, Object> values) {
        Objects.requireNonNull(source, "source");
        List<Problem> missing = new ArrayList<>();
        List<Problem> invalid = new ArrayList<>();
        Set<String> grouped =
                groups.stream().flatMap(group -> group.names().stream()).collect(Collectors.toSet());
        for (Setting<?> setting : settings.values()) {
            Optional<Problem> problem = inspect(setting, grouped.contains(setting.name()), source, values);
            problem.ifPresent(p -> (p.kind() == Problem.Kind.MISSING ? missing : invalid).add(p));
        }
        // A member that has a problem is named already, and somebody meant to set it.
        Set<String> set = Stream.concat(
                        values.keySet().stream(),
                        Stream.concat(missing.stream(), invalid.stream()).map(Problem::name))
                .collect(Collectors.toSet());
        groups.forEach(group -> group.complaint(set).ifPresent(invalid::add));
        return Stream.concat(withHints(missing, source).stream(), invalid.stream())
                .toList();
    }

    private static Optional<Problem> inspect(
            Setting<?> setting, boolean grouped, SecretSource source, Map<String, Object> values) {
        Optional<Found> found;
        try {
            found = source.find(setting.name()).filter(f -> !f.isBlank());
        } catch (Throwable notShown) {
            return invalid(setting, "could not be looked up: its source failed", null); // the message may hold a value
        }
        if (found.isEmpty()) {
            return grouped ? Optional.empty() : absent(setting, source);
        }
        String origin = found.get().origin();
        Optional<Found.Fault> fault = found.get().fault();
        if (fault.isPresent()) {
            // An optional setting whose file is absent was meant to be there: it is not passed over.
            return Optional.of(
                    new Problem(setting.name(), fault.get().kind(), fault.get().reason(), origin));
        }
        String value = found.get().value();
        Optional<String> complaint = setting.complaint(value);
        if (complaint.isPresent()) {
            return invalid(setting, complaint.get(), origin);
        }
        values.put(setting.name(), setting.convert(value));
        return Optional.empty();
    }

    private static Optional<Problem> absent(Setting<?> setting, SecretSource source) {
        try {
            return setting.isRequired()
                            && setting.condition().orElse(always -> true).test(source)
                    ? Optional.of(new Problem(setting.name(), Problem.Kind.MISSING, NOT_SET, null))
                    : Optional.empty();
        } catch (Throwable notShown) {
            return invalid(setting, "may be required: its condition failed", null); // the message may hold a value
        }
    }

    private static Optional<Problem> invalid(Setting<?> setting, String reason, @Nullable String origin) {
        return Optional.of(new Problem(setting.name(), Problem.Kind.INVALID, reason, origin));
    }

    private List<Problem> withHints(List<Problem> missing, SecretSource source) {
        List<String> notSet = missing.stream()
                .filter(problem -> problem.reason().equals(NOT_SET))
                .map(Problem::name)
                .toList();
        if (notSet.isEmpty()) {
            return missing;
        }
        Map<String, String> hints;
        try {
            List<String> undeclared =
                    source.names().stream().filter(name -> !isDeclared(name)).toList();
            hints = NearMiss.hints(notSet, undeclared, name -> hasValue(source, name));
        } catch (Throwable noHints) {
            return missing;
        }
        return missing.stream()
                .map(problem -> Optional.ofNullable(hints.get(problem.name()))
                        .map(near -> new Problem(
                                problem.name(),
                                problem.kind(),
                                "did you mean " + problem.name() + "? found " + near,
                                null))
                        .orElse(problem))
                .toList();
    }

    private static boolean hasValue(SecretSource source, String name) {
        return source.find(name)
                .filter(found -> found.fault().isEmpty() && !found.isBlank())
                .isPresent();
    }

    private boolean isDeclared(String name) {
        return settings.containsKey(name)
                || (name.endsWith(FileNameSource.SUFFIX)
                        && settings.containsKey(name.substring(0, name.length() - FileNameSource.SUFFIX.length())));
    }

    /** Prints the names of the settings. */
    @Override
    public String toString() {
        return "SecretValidator" + settings.keySet();
    }
}
