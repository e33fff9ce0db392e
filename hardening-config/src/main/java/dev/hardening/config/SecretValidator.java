package dev.hardening.config;

import java.io.PrintStream;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import java.util.stream.Stream;

/**
 * Refuses to start a service without its secrets, and names everything that is missing or invalid at once. None of its
 * messages, stack traces, reports and texts holds a value.
 *
 * <p>Immutable and safe for use by several threads. It uses no reflection. Each read of a file has a thread of its own,
 * which ends with the read; otherwise it starts no thread.
 */
public final class SecretValidator {

    /** The exit code of {@link #validateOrExit()}: {@code EX_CONFIG} of {@code sysexits.h}. */
    public static final int EXIT_CODE = 78;

    private final Map<String, Setting<?>> settings;
    private final List<Group> groups;

    private SecretValidator(Map<String, Setting<?>> settings, List<Group> groups) {
        this.settings = settings;
        this.groups = groups;
    }

    /**
     * Makes a validator of these settings. Their order is the order of every message.
     *
     * @param settings at least one
     * @return the validator
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
     * Makes a validator of required secrets, in one line.
     *
     * @param names as for {@link Setting#secret}
     * @return the validator
     * @throws IllegalArgumentException if there are none, two that are equal, or one that is not a valid name
     */
    public static SecretValidator requiring(String... names) {
        return of(Arrays.stream(names).map(Setting::secret).toArray(Setting<?>[]::new));
    }

    /**
     * Adds the rule that exactly one of these settings is set. Each of them may be absent; those not declared yet are
     * declared. One that is declared has the rules of both, and is verbatim if one of both says so.
     *
     * @param group at least two settings
     * @return a validator with that rule too
     * @throws IllegalArgumentException if there are fewer than two, or if one is declared already, as another type
     */
    public SecretValidator exactlyOne(Setting<?>... group) {
        return withGroup(Group.Rule.EXACTLY_ONE, group);
    }

    /**
     * Adds the rule that at least one of these settings is set. Each of them may be absent; those not declared yet are
     * declared. One that is declared has the rules of both, and is verbatim if one of both says so.
     *
     * @param group at least two settings
     * @return a validator with that rule too
     * @throws IllegalArgumentException if there are fewer than two, or if one is declared already, as another type
     */
    public SecretValidator atLeastOne(Setting<?>... group) {
        return withGroup(Group.Rule.AT_LEAST_ONE, group);
    }

    SecretValidator withGroup(Group.Rule rule, Setting<?>... group) {
        List<String> names = Arrays.stream(group).map(Setting::name).distinct().toList();
        if (names.size() < 2) {
            throw new IllegalArgumentException("a group has at least two settings");
        }
        Map<String, Setting<?>> all = new LinkedHashMap<>(settings);
        for (Setting<?> setting : group) {
            Setting<?> known = all.get(setting.name());
            all.put(setting.name(), (known == null ? setting : withRulesOf(known, setting)).optional());
        }
        return new SecretValidator(
                all,
                Stream.concat(groups.stream(), Stream.of(new Group(rule, names)))
                        .toList());
    }

    /** A setting is verbatim if its declaration or a group says so. */
    private static Setting<?> withRulesOf(Setting<?> known, Setting<?> named) {
        requireSameType(known, named);
        Setting<?> both = known == named ? known : known.and(named);
        return known.isVerbatim() || named.isVerbatim() ? both.verbatim() : both;
    }

    private static void requireSameType(Setting<?> known, Setting<?> setting) {
        if (!known.type().isSameAs(setting.type())) {
            throw new IllegalArgumentException(
                    setting.name() + " is declared as " + known.type().declaration());
        }
    }

    /**
     * Joins two declarations: the settings and groups of this one, then the other's. A setting that both declare has
     * the rules of both: it is required if one of them requires it, verbatim if both say so, and a URL has the schemes
     * that both allow.
     *
     * @param other the second declaration
     * @return both declarations as one validator
     * @throws IllegalArgumentException if both declare a setting of one name, with different types, or as URLs without
     *     a common scheme
     */
    public SecretValidator and(SecretValidator other) {
        Map<String, Setting<?>> all = new LinkedHashMap<>(settings);
        for (Setting<?> setting : other.settings.values()) {
            Setting<?> known = all.get(setting.name());
            if (known != null) {
                requireSameType(known, setting);
            }
            all.put(setting.name(), known == null || known == setting ? setting : known.and(setting));
        }
        return new SecretValidator(
                all,
                Stream.concat(groups.stream(), other.groups.stream()).distinct().toList());
    }

    /** {@return the settings, in the order of their declaration} The list cannot be changed. */
    public List<Setting<?>> settings() {
        return List.copyOf(settings.values());
    }

    /**
     * Validates the environment, with the {@code NAME_FILE} convention.
     *
     * @return the values
     * @throws SecretValidationException naming everything that is missing or invalid
     */
    public Settings validate() {
        return validate(SecretSource.environment().withFiles());
    }

    /**
     * Validates a source.
     *
     * @param source where the values are looked up
     * @return the values
     * @throws SecretValidationException naming everything that is missing or invalid
     */
    public Settings validate(SecretSource source) {
        Inspection inspection = inspect(source);
        ValidationReport report = inspection.report();
        if (!report.valid()) {
            throw new SecretValidationException(report);
        }
        return new Settings(settings, inspection.values());
    }

    /**
     * Checks a source and never throws: it returns a report also if something is wrong, or if the source or a condition
     * throws.
     *
     * @param source where the values are looked up
     * @return what was found
     */
    public ValidationReport check(SecretSource source) {
        return inspect(source).report();
    }

    private Inspection inspect(SecretSource source) {
        return Inspection.of(settings, groups, source);
    }

    /**
     * Validates the environment as {@link #validate()} does. If something is wrong, prints the message to standard error,
     * without a stack trace, and ends the process with {@value #EXIT_CODE}.
     *
     * @return the settings, if nothing is wrong
     */
    public Settings validateOrExit() {
        return validateOrExit(SecretSource.environment().withFiles());
    }

    /**
     * Validates a source as {@link #validate(SecretSource)} does. If something is wrong, prints the message to standard
     * error, without a stack trace, and ends the process with {@value #EXIT_CODE}.
     *
     * @param source where the values are looked up
     * @return the settings, if nothing is wrong
     */
    public Settings validateOrExit(SecretSource source) {
        return validateOrExit(source, System.err, System::exit);
    }

    Settings validateOrExit(SecretSource source, PrintStream err, IntConsumer exit) {
        try {
            return validate(source);
        } catch (SecretValidationException invalid) {
            err.print(invalid.getMessage() + '\n');
            err.flush();
            exit.accept(EXIT_CODE);
            throw invalid; // only if a test's exit returns
        }
    }

    /**
     * {@return an example of an environment file that names every setting and holds no value} Every setting in it is
     * empty, so a service that is started with it reports all as missing. This module's command line reads it as a
     * declaration.
     */
    public String envExample() {
        return Declaration.write(settings.values(), groups);
    }

    /** {@return a Markdown table of the settings: name, type, whether it is required, rules, description} */
    public String markdown() {
        return Declaration.table(settings.values(), groups);
    }

    /** Prints the names of the settings. */
    @Override
    public String toString() {
        return "SecretValidator" + settings.keySet();
    }
}
