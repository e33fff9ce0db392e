package dev.hardening.config;

import dev.hardening.config.SecretValidator.Group;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The declaration as a file: what {@code envExample()} writes and the command line reads. A {@code #:} line is a rule
 * for the next name, or a group of names; any other {@code #} line is a description; a name is followed by {@code =} and
 * nothing.
 */
final class Declaration {

    private Declaration() {}

    static String write(Collection<Setting<?>> settings, List<Group> groups) {
        StringBuilder text = new StringBuilder();
        for (Setting<?> setting : settings) {
            text.append(text.isEmpty() ? "" : "\n");
            if (!setting.description().isEmpty()) {
                setting.description()
                        .lines()
                        .forEach(line -> text.append("# ").append(line).append('\n'));
            }
            for (String rule : rules(setting)) {
                text.append("#: ").append(rule).append('\n');
            }
            if (setting.condition().isPresent()) {
                text.append("# Required under a condition that only the application knows.\n#: optional\n");
            }
            setting.example()
                    .ifPresent(example -> text.append("#: example ")
                            .append(example.lines().collect(Collectors.joining(" ")))
                            .append('\n'));
            text.append(setting.name()).append("=\n");
        }
        for (Group group : groups) {
            text.append("\n#: ")
                    .append(word(group))
                    .append(' ')
                    .append(String.join(" ", group.names()))
                    .append('\n');
        }
        return text.toString();
    }

    static String table(Collection<Setting<?>> settings, List<Group> groups) {
        StringBuilder text = new StringBuilder(
                "| Name | Type | Required | Rules | Description |\n| --- | --- | --- | --- | --- |\n");
        for (Setting<?> setting : settings) {
            List<String> rules = new ArrayList<>(rules(setting));
            rules.remove(0);
            rules.remove("optional");
            groups.stream()
                    .filter(group -> group.names().contains(setting.name()))
                    .forEach(group -> rules.add(word(group) + " of " + String.join(", ", group.names())));
            String required =
                    setting.condition().isPresent() ? "under a condition" : setting.isRequired() ? "yes" : "no";
            text.append(String.join(
                            " | ",
                            "| `" + setting.name() + "`",
                            rules(setting).get(0),
                            required,
                            cell(String.join(", ", rules)),
                            cell(setting.description()) + " |"))
                    .append('\n');
        }
        return text.toString();
    }

    private static String word(Group group) {
        return group.onlyOne() ? "exactlyOne" : "atLeastOne";
    }

    private static String cell(String text) {
        return text.lines().collect(Collectors.joining(" ")).replace("|", "\\|");
    }

    private static List<String> rules(Setting<?> setting) {
        List<String> rules = new ArrayList<>();
        rules.add((setting.typeName() + " " + String.join(" ", setting.schemes())).strip());
        if (!setting.isRequired()) {
            rules.add("optional");
        }
        if (setting.minLength() > 0) {
            rules.add("minLength " + setting.minLength());
        }
        if (setting.refusesPlaceholders()) {
            rules.add("noPlaceholder");
        }
        return rules;
    }

    /**
     * Reads a declaration.
     *
     * @throws IllegalArgumentException naming the line that is none, and never showing what is on it
     */
    static SecretValidator read(String text) {
        Map<String, Setting<?>> settings = new LinkedHashMap<>();
        List<String> groups = new ArrayList<>();
        List<String> rules = new ArrayList<>();
        int number = 0;
        for (String line : text.lines().map(String::strip).toList()) {
            number++;
            try {
                if (line.startsWith("#:")) {
                    String rule = line.substring(2).strip();
                    (rule.startsWith("exactlyOne ") || rule.startsWith("atLeastOne ") ? groups : rules).add(rule);
                } else if (!line.isEmpty() && !line.startsWith("#")) {
                    Setting<?> setting = setting(line, rules);
                    if (settings.put(setting.name(), setting) != null) {
                        throw new IllegalArgumentException("declares a name twice");
                    }
                    rules.clear();
                }
            } catch (IllegalArgumentException wrong) {
                throw new IllegalArgumentException("line " + number + " " + wrong.getMessage());
            }
        }
        if (!rules.isEmpty()) {
            throw new IllegalArgumentException("the last rule has no name after it");
        }
        SecretValidator validator = SecretValidator.of(settings.values().toArray(Setting<?>[]::new));
        for (String group : groups) {
            List<String> words = List.of(group.split(" +"));
            if (!settings.keySet().containsAll(words.subList(1, words.size()))) {
                throw new IllegalArgumentException("a group has a name that is not declared");
            }
            Setting<?>[] members =
                    words.stream().skip(1).map(validator::setting).toArray(Setting<?>[]::new);
            validator =
                    words.get(0).equals("exactlyOne") ? validator.exactlyOne(members) : validator.atLeastOne(members);
        }
        return validator;
    }

    private static Setting<?> setting(String line, List<String> rules) {
        int equals = line.indexOf('=');
        if (equals >= 0 && equals < line.length() - 1) {
            throw new IllegalArgumentException("holds a value: a declaration is NAME= and nothing after it");
        }
        String name = equals < 0 ? line : line.substring(0, equals);
        Setting<?> setting;
        try {
            setting = rules.stream()
                    .filter(rule -> rule.equals("text") || rule.equals("uri") || rule.startsWith("uri "))
                    .findFirst()
                    .<Setting<?>>map(rule -> rule.equals("text")
                            ? Setting.text(name)
                            : Setting.uri(
                                    name,
                                    rule.substring(3).strip().isEmpty()
                                            ? new String[0]
                                            : rule.substring(4).strip().split(" +")))
                    .orElseGet(() -> Setting.secret(name));
        } catch (IllegalArgumentException notShown) {
            throw new IllegalArgumentException("is neither a comment nor NAME=, or its uri rule has no schemes");
        }
        for (String rule : rules) {
            setting = apply(rule, setting);
        }
        return setting;
    }

    private static Setting<?> apply(String rule, Setting<?> setting) {
        String word = rule.split(" ", 2)[0];
        String rest = rule.substring(word.length()).strip();
        switch (word) {
            case "secret", "text", "uri" -> {
                return setting;
            }
            case "optional" -> {
                return setting.optional();
            }
            case "noPlaceholder" -> {
                return setting.noPlaceholder();
            }
            case "example" -> {
                return setting.example(rest);
            }
            case "minLength" -> {
                if (rest.matches("[1-9][0-9]{0,5}")) {
                    return setting.minLength(Integer.parseInt(rest));
                }
            }
            default -> {}
        }
        throw new IllegalArgumentException(
                "follows a rule that is none: see secret, text, uri, optional, minLength," + " noPlaceholder, example");
    }
}
