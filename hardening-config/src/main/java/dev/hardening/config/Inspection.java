package dev.hardening.config;

import dev.hardening.config.SecretSource.Found;
import dev.hardening.config.ValueType.RefusedException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** One pass over one source: each setting is looked up once, in the order of declaration, and read or reported. */
final class Inspection {

    static final String NOT_SET = "is not set";

    private final Map<String, Setting<?>> settings;
    private final SecretSource source;
    private final Hidden.Batch secrets = new Hidden.Batch();
    private final Map<String, Object> values = new LinkedHashMap<>();
    private final List<Problem> missing = new ArrayList<>();
    private final List<Problem> invalid = new ArrayList<>();
    private final Set<Problem> unreachable = new LinkedHashSet<>();

    private Inspection(Map<String, Setting<?>> settings, SecretSource source) {
        this.settings = settings;
        this.source = source;
    }

    /** Never throws, whatever the source, a rule or a condition does. */
    static Inspection of(Map<String, Setting<?>> settings, List<Group> groups, SecretSource source) {
        Inspection inspection = new Inspection(
                settings, FileNameSource.declaring(settings.keySet(), Objects.requireNonNull(source, "source")));
        settings.values().forEach(inspection::inspect);
        inspection.addHintsAndGroups(groups);
        return inspection;
    }

    /** The value of each setting that has one and breaks no rule. */
    Map<String, Object> values() {
        return values;
    }

    /** What is missing, then what is invalid, each in the order of declaration; then the places that could not be asked. */
    ValidationReport report() {
        return new ValidationReport(
                Stream.of(missing, invalid, unreachable)
                        .flatMap(Collection::stream)
                        .toList(),
                places());
    }

    private List<String> places() {
        try {
            return source.places().stream().map(OneLine::of).toList();
        } catch (Throwable notShown) {
            return List.of();
        }
    }

    private void inspect(Setting<?> setting) {
        Optional<Found> found;
        try {
            found = source.find(setting.name());
            found.ifPresent(Found::origin); // a null is a source that failed
        } catch (Throwable notShown) {
            addInvalid(setting, "could not be looked up: its source failed", null); // the message may hold a value
            return;
        }
        String origin = found.map(Found::origin).orElse(null);
        Optional<Found.Fault> fault = found.flatMap(Found::fault);
        if (fault.isPresent()) {
            // An optional setting whose file is absent was meant to be there: it is not passed over.
            add(new Problem(setting.name(), fault.get().kind(), fault.get().reason(), origin));
            return;
        }
        String text = found.map(Found::value).orElse("");
        if (Blank.isBlank(text)) {
            found.map(Found::unreachable).ifPresent(unreachable::addAll);
            addIfRequired(setting);
            return;
        }
        try {
            values.put(setting.name(), setting.read(text, secrets));
        } catch (RefusedException refused) {
            addInvalid(setting, String.valueOf(refused.getMessage()), origin);
        } catch (Throwable notShown) {
            addInvalid(setting, "could not be read", origin); // the message may hold the value
        }
    }

    private void addIfRequired(Setting<?> setting) {
        try {
            if (setting.isRequired()
                    && setting.condition().orElse(always -> true).test(source)) {
                add(new Problem(setting.name(), Problem.Kind.MISSING, NOT_SET, null));
            }
        } catch (Throwable notShown) {
            addInvalid(setting, "may be required: its condition failed", null); // the message may hold a value
        }
    }

    private void addInvalid(Setting<?> setting, String reason, @Nullable String origin) {
        add(new Problem(setting.name(), Problem.Kind.INVALID, reason, origin));
    }

    private void add(Problem problem) {
        (problem.kind() == Problem.Kind.MISSING ? missing : invalid).add(problem);
    }

    /** Hints at what was found instead, and then the groups that are not as they have to be. */
    private void addHintsAndGroups(List<Group> groups) {
        // A member that has a problem is named already, and somebody meant to set it.
        Set<String> set = groups.isEmpty()
                ? Set.of()
                : Stream.concat(
                                values.keySet().stream(),
                                Stream.concat(missing.stream(), invalid.stream())
                                        .map(Problem::name))
                        .collect(Collectors.toSet());
        Stream<String> notSet = missing.stream()
                .filter(problem -> problem.reason().equals(NOT_SET))
                .map(Problem::name);
        Stream<String> ofEmptyGroups =
                groups.stream().filter(group -> group.isEmpty(set)).flatMap(group -> group.names().stream());
        Map<String, String> hints =
                hints(Stream.concat(notSet, ofEmptyGroups).distinct().toList());
        missing.replaceAll(problem -> hints.containsKey(problem.name())
                ? new Problem(problem.name(), problem.kind(), String.valueOf(hints.get(problem.name())), null)
                : problem);
        groups.forEach(group -> group.problem(set, hints).ifPresent(invalid::add));
    }

    private Map<String, String> hints(List<String> notSet) {
        if (notSet.isEmpty()) {
            return Map.of();
        }
        try {
            Set<String> found = source.names();
            Map<String, String> hints = NearMiss.hints(
                    notSet, found.stream().filter(name -> !isDeclared(name)).toList(), this::hasValue);
            for (String name : notSet) {
                String file = name + FileNameSource.SUFFIX;
                // A source that reads files would have read it, and would say another reason.
                if (found.contains(file) && !settings.containsKey(file) && hasValue(file)) {
                    hints.put(name, "found " + file + ", which only a source withFiles() reads");
                }
            }
            return hints;
        } catch (Throwable noHints) {
            return Map.of(); // hints are optional: without its names, a source gives none
        }
    }

    private boolean isDeclared(String name) {
        return settings.containsKey(name)
                || (name.endsWith(FileNameSource.SUFFIX)
                        && settings.containsKey(name.substring(0, name.length() - FileNameSource.SUFFIX.length())));
    }

    private boolean hasValue(String name) {
        try {
            return source.find(name)
                    .filter(found -> found.fault().isEmpty() && !found.isAbsent())
                    .isPresent();
        } catch (Throwable notShown) {
            return false; // hints are optional: go on without this name
        }
    }
}
