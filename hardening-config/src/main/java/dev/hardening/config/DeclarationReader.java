package dev.hardening.config;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/**
 * Reads the declaration that {@link Declaration} writes. A {@code #:} line is a rule for the next name, or a group of
 * names; any other {@code #} line just before a name is its description; a name is followed by {@code =} and nothing.
 */
final class DeclarationReader {

    private static final Pattern POSITIVE_NUMBER = Pattern.compile("[1-9][0-9]{0,9}");
    private static final Pattern SPACES = Pattern.compile("\\s+");

    private record GroupLine(int number, Group.Rule rule, List<String> names) {}

    private final Map<String, Setting<?>> settings = new LinkedHashMap<>();
    private final List<GroupLine> groups = new ArrayList<>();

    /** A group makes its settings optional, but not these. */
    private final List<Setting<?>> requiredInAGroup = new ArrayList<>();

    // The lines before the next name.
    private Function<String, Setting<?>> type = Setting::secret;
    private final List<UnaryOperator<Setting<?>>> refinements = new ArrayList<>();
    private final Set<String> rules = new HashSet<>();
    private final List<String> examples = new ArrayList<>();
    private final List<String> description = new ArrayList<>();

    private DeclarationReader() {}

    /**
     * Reads a declaration.
     *
     * @throws IllegalArgumentException if a line is wrong; the message has its number, and never its text
     */
    static SecretValidator read(String text) {
        DeclarationReader reader = new DeclarationReader();
        int number = 0;
        for (String line : text.lines().map(String::strip).toList()) {
            reader.line(++number, line);
        }
        return reader.validator(number);
    }

    private void line(int number, String line) {
        if (line.isEmpty()) {
            description.clear();
        } else if (line.startsWith("#:")) {
            rule(number, line.substring(2).strip());
        } else if (line.startsWith("#")) {
            description.add(line.substring(line.startsWith("# ") ? 2 : 1));
        } else {
            name(number, line);
        }
    }

    private void rule(int number, String rule) {
        String[] words = SPACES.split(rule);
        List<String> arguments = List.of(words).subList(1, words.length);
        Optional<Group.Rule> ofAGroup = Group.Rule.of(words[0]);
        if (ofAGroup.isPresent()) {
            groups.add(new GroupLine(number, ofAGroup.get(), arguments));
            return;
        }
        switch (words[0]) {
            case "required" -> refine(number, words, setting -> setting);
            case "optional" -> refine(number, words, Setting::optional);
            case "noPlaceholder" -> refine(number, words, Setting::noPlaceholder);
            case "verbatim" -> refine(number, words, Setting::verbatim);
            case "minLength" -> {
                once(number, words[0]);
                refinements.add(minLength(number, arguments));
            }
            case "example" -> examples.add(rest(rule, "example "));
            case "example+" -> continueExample(number, rest(rule, "example+ "));
            default -> type(number, words[0], arguments);
        }
    }

    private static String rest(String rule, String word) {
        return rule.substring(Math.min(word.length(), rule.length()));
    }

    private void refine(int number, String[] words, UnaryOperator<Setting<?>> refinement) {
        if (words.length > 1) {
            throw wrong(number, "this rule stands alone");
        }
        once(number, words[0]);
        if (rules.contains("required") && rules.contains("optional")) {
            throw wrong(number, "a setting is either required or optional");
        }
        refinements.add(refinement);
    }

    private void continueExample(int number, String line) {
        if (examples.isEmpty()) {
            throw wrong(number, "no example comes before this line");
        }
        examples.add(examples.remove(examples.size() - 1) + "\n" + line);
    }

    private void type(int number, String word, List<String> arguments) {
        Optional<Function<String, Setting<?>>> declared;
        try {
            declared = Setting.declared(word, arguments);
        } catch (IllegalArgumentException notOfThisType) {
            throw wrong(number, String.valueOf(notOfThisType.getMessage()));
        }
        type = declared.orElseThrow(() -> noSuchRule(number));
        once(number, "type");
    }

    private static IllegalArgumentException noSuchRule(int number) {
        return wrong(
                number,
                "no such rule: see " + String.join(", ", Setting.typeNames())
                        + ", required, optional, minLength, noPlaceholder,"
                        + " verbatim, example, exactlyOne and atLeastOne");
    }

    private void once(int number, String rule) {
        if (!rules.add(rule)) {
            throw wrong(number, "this rule is given twice");
        }
    }

    private static UnaryOperator<Setting<?>> minLength(int number, List<String> arguments) {
        if (arguments.size() != 1 || !POSITIVE_NUMBER.matcher(arguments.get(0)).matches()) {
            throw wrong(number, "minLength has one positive number");
        }
        long length = Long.parseLong(arguments.get(0));
        if (length > Integer.MAX_VALUE) {
            throw wrong(number, "minLength has one positive number");
        }
        int characters = (int) length;
        return setting -> setting.minLength(characters);
    }

    private void name(int number, String line) {
        int equals = line.indexOf('=');
        if (equals >= 0 && equals < line.length() - 1) {
            throw wrong(number, "holds a value: a declaration is NAME= and nothing after it");
        }
        Setting<?> setting;
        try {
            setting = type.apply(equals < 0 ? line : line.substring(0, equals));
        } catch (IllegalArgumentException notShown) {
            throw wrong(number, "neither a comment nor NAME=");
        }
        for (UnaryOperator<Setting<?>> refinement : refinements) {
            setting = refinement.apply(setting);
        }
        for (String example : examples) {
            if (Blank.isBlank(example)) {
                throw wrong(number, "its example is blank");
            }
            setting = setting.example(example);
        }
        setting = setting.describedAs(String.join("\n", description));
        if (settings.put(setting.name(), setting) != null) {
            throw wrong(number, "declares a name twice");
        }
        if (rules.contains("required")) {
            requiredInAGroup.add(setting);
        }
        type = Setting::secret;
        refinements.clear();
        rules.clear();
        examples.clear();
        description.clear();
    }

    private SecretValidator validator(int lastLine) {
        if (!rules.isEmpty() || !examples.isEmpty()) {
            throw wrong(lastLine, "no name follows the last rule");
        }
        if (settings.isEmpty()) {
            throw wrong(lastLine, "the file declares no name");
        }
        SecretValidator validator = SecretValidator.of(settings.values().toArray(Setting<?>[]::new));
        for (GroupLine group : groups) {
            if (!settings.keySet().containsAll(group.names())) {
                throw wrong(group.number(), "a group has a name that is not declared");
            }
            Setting<?>[] members = group.names().stream().map(settings::get).toArray(Setting<?>[]::new);
            if (Arrays.stream(members).distinct().count() < 2) {
                throw wrong(group.number(), "a group has at least two names");
            }
            validator = validator.withGroup(group.rule(), members);
        }
        for (Setting<?> setting : requiredInAGroup) {
            validator = validator.and(SecretValidator.of(setting));
        }
        return validator;
    }

    private static IllegalArgumentException wrong(int line, String what) {
        return new IllegalArgumentException("line " + line + ": " + what);
    }
}
