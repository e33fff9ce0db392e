package dev.hardening.jwks;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/** The request headers of one fetch. No message has a header's value, because it may be a secret. */
final class RequestHeaders {

    private static final Pattern NAME = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+"); // RFC 9110, section 5.6.2
    private static final Pattern VALUE = Pattern.compile("[\\x20-\\x7E\\t]*");
    private static final Set<String> OURS = Set.of(
            "accept",
            "accept-encoding",
            "connection",
            "content-length",
            "expect",
            "host",
            "if-modified-since",
            "if-none-match",
            "te",
            "transfer-encoding",
            "upgrade");

    private RequestHeaders() {}

    /** Why the caller may not set a header of this name, or an empty string if it may. */
    static String refusal(String name) {
        if (!NAME.matcher(name).matches()) {
            return "a request header has a name that is not allowed in HTTP";
        }
        return OURS.contains(name.toLowerCase(Locale.ROOT)) ? "the request header " + name + " cannot be set" : "";
    }

    /**
     * The caller's headers, and the one that asks caches on the way to pass the request on.
     *
     * @param fresh whether no cache may answer (RFC 9111, section 5.2.1.4); then the caller's own {@code Cache-Control} is
     *     replaced
     * @throws IOException if a supplier fails, or a value is not allowed in HTTP
     */
    static Map<String, String> of(Map<String, Supplier<String>> suppliers, boolean fresh) throws IOException {
        Map<String, String> headers = new LinkedHashMap<>();
        for (Map.Entry<String, Supplier<String>> header : suppliers.entrySet()) {
            headers.put(header.getKey(), value(header.getKey(), header.getValue()));
        }
        if (fresh) {
            headers.keySet().removeIf("Cache-Control"::equalsIgnoreCase);
            headers.put("Cache-Control", "no-cache");
        }
        return headers;
    }

    /** Of the headers of a fetch, the one that is not the caller's. */
    static Map<String, String> withoutCallers(Map<String, String> headers) {
        return "no-cache".equals(headers.get("Cache-Control")) ? Map.of("Cache-Control", "no-cache") : Map.of();
    }

    private static String value(String name, Supplier<String> supplier) throws IOException {
        String value;
        try {
            value = supplier.get();
        } catch (Throwable failed) { // of the caller's code: its message may hold the value
            throw new IOException("the supplier of the request header " + name + " threw "
                    + failed.getClass().getSimpleName());
        }
        String stripped = value == null ? null : value.strip(); // a file that holds it may end in a new line
        if (stripped == null || !VALUE.matcher(stripped).matches()) {
            throw new IOException("the request header " + name + " has "
                    + (stripped == null ? "no value" : "a value that is not allowed in HTTP"));
        }
        return stripped;
    }
}
