package dev.hardening.config;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The {@code NAME_FILE} convention over another source.
 *
 * @param settings names that are settings of their own: none of them names the file of another setting
 */
record FileNameSource(SecretSource source, Set<String> settings) implements SecretSource {

    static final String SUFFIX = "_FILE";
    static final String PLACE = "files that NAME_FILE names";

    private static final Pattern JSON = Pattern.compile("\\s*+\\{\\s*+\"");

    /** A source with the convention once: where a part of the source has it already, the whole source gets it instead. */
    static FileNameSource over(SecretSource source) {
        return new FileNameSource(replaced(source, FileNameSource::source), Set.of());
    }

    /** The same source, for a declaration of these names. */
    static SecretSource declaring(Set<String> settings, SecretSource source) {
        boolean mayBeMistaken = settings.stream()
                .filter(name -> name.endsWith(SUFFIX))
                .anyMatch(name -> settings.contains(name.substring(0, name.length() - SUFFIX.length())));
        return mayBeMistaken ? replaced(source, files -> new FileNameSource(files.source, settings)) : source;
    }

    private static SecretSource replaced(SecretSource source, Function<FileNameSource, SecretSource> change) {
        if (source instanceof FileNameSource files) {
            return change.apply(files);
        }
        return source instanceof FirstOf both
                ? new FirstOf(replaced(both.first(), change), replaced(both.second(), change))
                : source;
    }

    @Override
    public Optional<Found> find(String name) {
        Optional<Found> direct = source.find(name);
        if (settings.contains(name + SUFFIX)) {
            return direct;
        }
        Optional<Found> file = source.find(name + SUFFIX).filter(found -> !found.isAbsent());
        if (file.isEmpty()) {
            return direct;
        }
        String origin = file.get().origin();
        if (direct.isPresent() && !direct.get().isAbsent()) {
            return Optional.of(
                    Found.invalid(name + " and " + name + SUFFIX + " are both set: unset one of them", origin));
        }
        if (file.get().fault().isPresent()) {
            return file;
        }
        return Optional.of(read(name, file.get().value(), origin));
    }

    /** The path is not shown: somebody may have put the secret itself there. */
    private static Found read(String setting, String path, String origin) {
        String name = setting + SUFFIX;
        String what = name + " names";
        String place = "file named by " + name;
        Optional<Found> slip = (isLikelyAValue(path)
                        ? Optional.of("is not a path: if it is the value itself, set " + setting + " instead")
                        : Setting.lostCharacters(path).or(() -> Slip.ofAPath(name, path)))
                .map(reason -> Found.missing(name + " " + reason, origin));
        try {
            Path file = Path.of(path);
            Found absent = slip.orElseGet(() -> file.isAbsolute()
                    ? SecretFile.absent(what, place)
                    : Found.missing(what + relative(setting), place));
            Found found = SecretFile.read(file, what, place, absent);
            return found.isAbsent() ? Found.missing(what + " an empty file", place) : found;
        } catch (InvalidPathException noPath) {
            return slip.orElseGet(() -> Found.invalid(name + " " + SecretFile.noPath(path), origin));
        }
    }

    /** A short token looks like the path of a file in the process's directory. */
    private static String relative(String setting) {
        return " a file that does not exist: write its whole path, or set " + setting + " if it is the value itself";
    }

    /** A token that is longer than a path can be, a text of several lines, such as a PEM, or a JSON object. */
    private static boolean isLikelyAValue(String path) {
        return TextFile.isTooLong(path)
                || Blank.strip(path).indexOf('\n') >= 0
                || path.startsWith("-----BEGIN ")
                || JSON.matcher(path).lookingAt();
    }

    @Override
    public Set<String> names() {
        return source.names();
    }

    @Override
    public List<String> places() {
        return Stream.concat(source.places().stream(), Stream.of(PLACE)).toList();
    }

    @Override
    public SecretSource withFiles() {
        return this;
    }

    @Override
    public String toString() {
        return source + " with files";
    }
}
