package dev.hardening.config;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a check found. It holds no value.
 *
 * @param problems everything that is wrong: what is missing first, each part in the order of declaration
 * @param lookedIn the places that were asked, in that order, such as {@code environment}
 */
public record ValidationReport(List<Problem> problems, List<String> lookedIn) {

    private static final Set<String> ENVIRONMENT = Set.of(MapSource.ENVIRONMENT, MapSource.MAP, FileNameSource.PLACE);

    /**
     * Copies the lists.
     *
     * @param problems everything that is wrong; not null
     * @param lookedIn the places that were asked; not null
     */
    public ValidationReport {
        problems = List.copyOf(problems);
        lookedIn = List.copyOf(lookedIn);
    }

    boolean looksBeyondTheEnvironment() {
        return !ENVIRONMENT.containsAll(lookedIn);
    }

    /** {@return whether nothing is wrong} */
    public boolean valid() {
        return problems.isEmpty();
    }

    /**
     * {@return the report as one line of JSON, as {@code META-INF/hardening/validation-report.schema.json} in this
     * module's jar describes it} A reader should refuse a {@code version} that it does not know.
     */
    public String toJson() {
        StringBuilder json =
                new StringBuilder("{\"version\":1,\"valid\":").append(valid()).append(",\"problems\":[");
        String separator = "";
        for (Problem problem : problems) {
            json.append(separator).append("{\"name\":");
            quote(problem.name(), json);
            json.append(",\"kind\":");
            quote(problem.kind().name(), json);
            json.append(",\"reason\":");
            quote(problem.reason(), json);
            json.append(",\"origin\":");
            quote(problem.origin(), json);
            json.append('}');
            separator = ",";
        }
        json.append("],\"lookedIn\":[");
        separator = "";
        for (String place : lookedIn) {
            json.append(separator);
            quote(place, json);
            separator = ",";
        }
        return json.append("]}").toString();
    }

    /** RFC 8259, section 7; everything outside of printable ASCII is escaped. */
    private static void quote(@Nullable String text, StringBuilder json) {
        if (text == null) {
            json.append("null");
            return;
        }
        json.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                json.append('\\').append(c);
            } else if (c >= ' ' && c < 0x7f) {
                json.append(c);
            } else {
                json.append("\\u").append(Integer.toHexString(0x10000 | c), 1, 5);
            }
        }
        json.append('"');
    }
}
