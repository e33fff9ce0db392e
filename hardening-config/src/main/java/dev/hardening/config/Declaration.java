package dev.hardening.config;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The declaration as a text for people: an example of an environment file, which {@link DeclarationReader} reads back,
 * and a table.
 */
final class Declaration {

    private Declaration() {}

    /** The condition itself is code, which a file cannot hold: there the setting is optional. */
    private static final String CONDITIONAL = "Required under a condition that only the application knows.";

    static String write(Collection<Setting<?>> settings, List<Group> groups) {
        List<String> blocks = new ArrayList<>();
        for (Setting<?> setting : settings) {
            StringBuilder block = new StringBuilder();
            description(setting)
                    .forEach(line -> block.append(("# " + line).stripTrailing()).append('\n'));
            rules(setting, groups)
                    .forEach(rule -> block.append("#: ").append(rule).append('\n'));
            setting.examples().forEach(example -> block.append(example(example)));
            blocks.add(block.append(setting.name()).append("=\n").toString());
        }
        for (Group group : groups) {
            blocks.add("#: " + group.rule().word + " " + String.join(" ", group.names()) + "\n");
        }
        return String.join("\n", blocks);
    }

    /** A group says itself that each of its settings may be absent; one that may not says so. */
    private static List<String> rules(Setting<?> setting, List<Group> groups) {
        List<String> rules = new ArrayList<>(setting.declaration());
        if (isIn(groups, setting) && !rules.remove("optional")) {
            rules.add(1, "required");
        }
        return rules;
    }

    private static boolean isIn(List<Group> groups, Setting<?> setting) {
        return groups.stream().anyMatch(group -> group.names().contains(setting.name()));
    }

    private static List<String> description(Setting<?> setting) {
        List<String> lines = lines(setting.description()).collect(Collectors.toCollection(ArrayList::new));
        if (setting.condition().isPresent()) {
            lines.add(CONDITIONAL);
        }
        return lines;
    }

    /** An example's first line, and each further line as its continuation. */
    private static String example(String text) {
        return lines(text)
                .map(line -> (" " + line).stripTrailing())
                .collect(Collectors.joining("\n#: example+", "#: example", "\n"));
    }

    private static Stream<String> lines(String text) {
        return text.lines().map(line -> OneLine.of(line.replace('\t', ' ')));
    }

    static String table(Collection<Setting<?>> settings, List<Group> groups) {
        StringBuilder text = new StringBuilder(
                "| Name | Type | Required | Rules | Description |\n| --- | --- | --- | --- | --- |\n");
        for (Setting<?> setting : settings) {
            List<String> rules = new ArrayList<>(setting.declaration());
            String type = rules.remove(0);
            rules.remove("optional");
            String required =
                    setting.condition().isPresent() ? "under a condition" : setting.isRequired() ? "yes" : "no";
            for (Group group : groups) {
                if (group.names().contains(setting.name())) {
                    rules.add(group.rule().word + " of " + String.join(", ", group.names()));
                    required = setting.isRequired() ? "yes" : "in a group";
                }
            }
            text.append("| `")
                    .append(setting.name())
                    .append("` | ")
                    .append(cell(type))
                    .append(" | ")
                    .append(required)
                    .append(" | ")
                    .append(String.join(", ", rules))
                    .append(" | ")
                    .append(cell(setting.description()))
                    .append(" |\n");
        }
        return text.toString();
    }

    /** A text without characters that would end its cell or become markup. */
    private static String cell(String text) {
        return lines(text)
                .collect(Collectors.joining(" "))
                .replace("\\", "\\\\")
                .replace("|", "\\|")
                .replace("<", "&lt;");
    }
}
