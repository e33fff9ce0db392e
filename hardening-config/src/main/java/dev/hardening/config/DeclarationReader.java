package dev.hardening.config;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/**
 * Reads the declaration that {@link Declaration} writes. A {@code #:} line is a rule for the next name, or a group of
 * names; any other {@code #} line just before a name is its description; a name is followed by {@code =} and nothing.
 */
final class DeclarationReader {

    private static final Pattern POSITIVE_NUMBER = Pattern.compile("[1-9][0-9]{0,8}");
    private static final Pattern SPACES = Pattern.compile("\\s+");

    private record GroupLine(int number, boolean onlyOne, List<String> names) {}

    private final Map<String, Setting<?>> settings = new LinkedHashMap<>();
    private final List<GroupLine> groups = new ArrayList<>();

    // What stands before the next name.
    private Function<String, Setting<?>> type = Setting::secret;
    private final List<UnaryOperator<Setting<?>>> refinements = new ArrayList<>();
    private final Set<String> rules = new HashSet<>();
    private final List<String> example = new ArrayList<>();
    private final List<String> description = new ArrayList<>();

    private DeclarationReader() {}

    /**
     * Reads a declaration.
     *
     * @throws IllegalArgumentException naming the line that is wrong, and never showing what is on it
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
        boolean onlyOne = words[0].equals("exactlyOne");
        if (onlyOne || words[0].equals("atLeastOne")) {
            groups.add(new GroupLine(number, onlyOne, arguments));
            return;
        }
        switch (words[0]) {
            case "secret" -> type = Setting::secret;
            case "text" -> type = Setting::text;
            case "uri" -> type = uri(number, arguments);
            case "optional" -> refinements.add(Setting::optional);
            case "noPlaceholder" -> refinements.add(Setting::noPlaceholder);
            case "minLength" -> refinements.add(minLength(number, arguments));
            case "example" -> example.add(rule.substring(Math.min("example ".length(), rule.length())));
            default ->
                throw wrong(
                        number,
                        "no such rule: see secret, text, uri, optional, minLength, noPlaceholder,"
                                + " example, exactlyOne and atLeastOne");
        }
        boolean takesArguments = Set.of("uri", "minLength", "example").contains(words[0]);
        if (!takesArguments && !arguments.isEmpty()) {
            throw wrong(number, "this rule stands alone");
        }
        String kind = Set.of("secret", "text", "uri").contains(words[0]) ? "type" : words[0];
        if (!rules.add(kind) && !kind.equals("example")) {
            throw wrong(number, "this rule is there twice");
        }
    }

    private static Function<String, Setting<?>> uri(int number, List<String> schemes) {
        String[] allowed = schemes.toArray(String[]::new);
        try {
            Setting.uri("X", allowed);
        } catch (IllegalArgumentException notShown) {
            throw wrong(number, "a scheme is a name such as https, without ://");
        }
        return name -> Setting.uri(name, allowed);
    }

    private static UnaryOperator<Setting<?>> minLength(int number, List<String> arguments) {
        if (arguments.size() != 1 || !POSITIVE_NUMBER.matcher(arguments.get(0)).matches()) {
            throw wrong(number, "minLength has one positive number");
        }
        int characters = Integer.parseInt(arguments.get(0));
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
        String text = String.join("\n", example);
        if (rules.contains("example") && Blank.isBlank(text)) {
            throw wrong(number, "its example is blank");
        }
        setting = rules.contains("example") ? setting.example(text) : setting;
        setting = setting.describedAs(String.join("\n", description));
        if (settings.put(setting.name(), setting) != null) {
            throw wrong(number, "declares a name twice");
        }
        type = Setting::secret;
        refinements.clear();
        rules.clear();
        example.clear();
        description.clear();
    }

    private SecretValidator validator(int lastLine) {
        if (!rules.isEmpty()) {
            throw wrong(lastLine, "no name follows the last rule");
        }
        if (settings.isEmpty()) {
            throw wrong(lastLine, "there is no name in the whole file");
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
            validator = group.onlyOne() ? validator.exactlyOne(members) : validator.atLeastOne(members);
        }
        return validator;
    }

    private static IllegalArgumentException wrong(int line, String what) {
        return new IllegalArgumentException("line " + line + ": " + what);
    }
}
