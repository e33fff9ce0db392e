package dev.hardening.config;

import dev.hardening.config.SecretValidator.Group;
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
            rules(setting).forEach(rule -> block.append("#: ").append(rule).append('\n'));
            setting.example().stream()
                    .flatMap(Declaration::lines)
                    .forEach(line ->
                            block.append(("#: example " + line).stripTrailing()).append('\n'));
            blocks.add(block.append(setting.name()).append("=\n").toString());
        }
        for (Group group : groups) {
            blocks.add("#: " + word(group) + " " + String.join(" ", group.names()) + "\n");
        }
        return String.join("\n", blocks);
    }

    private static List<String> description(Setting<?> setting) {
        List<String> lines = lines(setting.description()).collect(Collectors.toCollection(ArrayList::new));
        if (setting.condition().isPresent()) {
            lines.add(CONDITIONAL);
        }
        return lines;
    }

    private static Stream<String> lines(String text) {
        return text.lines().map(line -> OneLine.of(line.replace('\t', ' ')));
    }

    static String table(Collection<Setting<?>> settings, List<Group> groups) {
        StringBuilder text = new StringBuilder(
                "| Name | Type | Required | Rules | Description |\n| --- | --- | --- | --- | --- |\n");
        for (Setting<?> setting : settings) {
            List<String> rules = new ArrayList<>(rules(setting));
            String type = rules.remove(0);
            rules.remove("optional");
            String required =
                    setting.condition().isPresent() ? "under a condition" : setting.isRequired() ? "yes" : "no";
            for (Group group : groups) {
                if (group.names().contains(setting.name())) {
                    rules.add(word(group) + " of " + String.join(", ", group.names()));
                    required = "in a group";
                }
            }
            text.append("| `")
                    .append(setting.name())
                    .append("` | ")
                    .append(type)
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

    private static String word(Group group) {
        return group.onlyOne() ? "exactlyOne" : "atLeastOne";
    }

    /** A text that neither ends its cell nor becomes markup. */
    private static String cell(String text) {
        return lines(text)
                .collect(Collectors.joining(" "))
                .replace("\\", "\\\\")
                .replace("|", "\\|")
                .replace("<", "&lt;");
    }

    private static List<String> rules(Setting<?> setting) {
        List<String> rules = new ArrayList<>();
        rules.add((setting.typeName() + " " + String.join(" ", setting.schemes())).strip());
        if (!setting.isRequired() || setting.condition().isPresent()) {
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
}
