package dev.hardening.config;

import dev.hardening.config.ValueType.RefusedException;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Reads an absolute URL with a host. If a text is not one, it says why. */
record UrlParser(List<String> schemes) implements ValueType.Parser<URI> {

    private static final int MAX_PORT = 65_535;
    private static final String JDBC = "jdbc";
    private static final String R2DBC = "r2dbc";
    private static final String NOT_IN_A_PASSWORD = "#/?@[]\\^`{|}\"<> %";

    private static final String SEVERAL_HOSTS = ", with one host: declare a URL of several hosts as a secret";

    private static final Pattern SCHEME = Pattern.compile("[a-z][a-z0-9+.-]*"); // RFC 3986, section 3.1
    private static final Pattern ESCAPE = Pattern.compile("%[0-9A-Fa-f]{2}");
    private static final Pattern HOST_AND_PORT = Pattern.compile("[A-Za-z0-9.-]+(:[0-9]*)?");
    private static final Pattern HOST_AND_PORTS = Pattern.compile("[A-Za-z0-9.-]+(:[0-9]+){2,}");
    private static final Pattern PORT_AT_END = Pattern.compile(".*[^:]:[^:\\]]+");
    private static final Pattern MORE_AFTER_PORT = Pattern.compile("[A-Za-z0-9.-]+(:[0-9]*+)?;.+");
    private static final Pattern IPV6 =
            Pattern.compile("[0-9A-Fa-f:.]*::[0-9A-Fa-f:.]*|([0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}");
    private static final int LONGEST_IPV6 = "ffff:".length() * 6 + "255.255.255.255".length();
    private static final Pattern NUMBERS = Pattern.compile("[0-9.]+(:[0-9]*+)?");
    private static final Pattern ANOTHER_URL = Pattern.compile("[,;|\\s][A-Za-z][A-Za-z0-9+.-]*+://");

    /** References that nothing resolved; a variable in parentheses only in the authority, because it may be in a path. */
    private static final Pattern REFERENCE = Pattern.compile("\\$\\{[^{}]*}|\\{\\{[^{}]*}}");

    private static final Pattern REFERENCE_IN_AUTHORITY = Pattern.compile("\\$\\([^()]*\\)");

    /** Several hosts, each with a user and a password. */
    private static final Pattern USERS_AND_HOSTS = Pattern.compile(
            "[^@:,]++:[^@,]++@[A-Za-z0-9.-]++(:[0-9]++)?(,[^@:,]++:[^@,]++@[A-Za-z0-9.-]++(:[0-9]++)?)++");

    private static final Pattern HOST_OF_ANY_LETTERS = Pattern.compile("[\\p{L}\\p{M}0-9.-]++(:[0-9]*+)?");
    private static final Pattern A_PORT_MEANT = Pattern.compile("[0-9]{1,5}");
    private static final Set<String> USUAL_SCHEMES = Set.of("http", "https", "ws", "wss");

    static UrlParser of(List<String> schemes) {
        List<String> allowed =
                schemes.stream().map(scheme -> scheme.toLowerCase(Locale.ROOT)).toList();
        if (allowed.stream().anyMatch(scheme -> scheme.equals(JDBC) || scheme.startsWith(JDBC + ":"))) {
            throw new IllegalArgumentException("a JDBC URL has no host of its own: declare it as a secret");
        }
        if (!allowed.stream().allMatch(scheme -> SCHEME.matcher(scheme).matches())) {
            throw new IllegalArgumentException("a scheme is a name such as https, without ://");
        }
        return new UrlParser(allowed);
    }

    /** A parser for URLs that both accept; empty if they have no scheme in common. */
    Optional<UrlParser> and(UrlParser other) {
        if (schemes.isEmpty() || other.schemes.isEmpty()) {
            return Optional.of(schemes.isEmpty() ? other : this);
        }
        List<String> common = schemes.stream().filter(other.schemes::contains).toList();
        return common.isEmpty() ? Optional.empty() : Optional.of(new UrlParser(common));
    }

    String declaration() {
        return ("uri " + String.join(" ", schemes)).strip();
    }

    @Override
    public URI parse(String text, Hidden.Batch secrets) throws RefusedException {
        Optional<URI> uri = uri(text);
        boolean fit = uri.isPresent()
                && hasAllowedScheme(uri.get())
                && uri.get().getHost() != null
                && uri.get().getPort() <= MAX_PORT
                && !endsInsideAPassword(text)
                && !isSeveralUrls(text)
                && !hasTwoSchemes(text);
        if (!fit) {
            throw new RefusedException(reason(text, uri));
        }
        return uri.get();
    }

    /** The JDK's exception holds the text, so it ends here. */
    private static Optional<URI> uri(String text) {
        try {
            return Optional.of(new URI(text));
        } catch (URISyntaxException notShown) {
            return Optional.empty();
        }
    }

    private boolean hasAllowedScheme(URI uri) {
        return uri.getScheme() != null && isAllowed(uri.getScheme());
    }

    private boolean isAllowed(String scheme) {
        return schemes.isEmpty() || schemes.contains(scheme.toLowerCase(Locale.ROOT));
    }

    /**
     * {@code https://user:12#34@host}, which the JDK takes for port 12 of the host {@code user}, {@code
     * redis://user:/34@host}, which it takes for that host without a port, and {@code https://us#er:34@host}.
     */
    private static boolean endsInsideAPassword(String text) {
        if (text.indexOf('@') < 0) {
            return false;
        }
        String authority = authority(text);
        int end = text.indexOf("://") + 3 + authority.length();
        int at = text.indexOf('@', end);
        int colon = text.indexOf(':', text.indexOf("://") + 3);
        return authority.indexOf('@') < 0
                && (authority.endsWith(":") || text.startsWith("#", end))
                && colon >= 0
                && colon < at;
    }

    /** {@code https://a,https://b}, also with a path, which the JDK takes for a part of the first. */
    private static boolean isSeveralUrls(String text) {
        int first = text.indexOf("://");
        if (first == text.lastIndexOf("://")) {
            return false;
        }
        int end = first;
        while (end < text.length() && "?#".indexOf(text.charAt(end)) < 0) {
            end++;
        }
        return ANOTHER_URL.matcher(text).region(first, end).find();
    }

    /** {@code https://https://host} and {@code https://https//host}, which the JDK takes for a host named {@code https}. */
    private static boolean hasTwoSchemes(String text) {
        int start = text.indexOf("://") + 3;
        if (start < 3 || text.indexOf("//", start) < 0) {
            return false;
        }
        String authority = authority(text);
        if (!text.startsWith("//", start + authority.length())) {
            return false;
        }
        return USUAL_SCHEMES.contains(authority.toLowerCase(Locale.ROOT))
                || (authority.endsWith(":") && text.indexOf("://") != text.lastIndexOf("://"));
    }

    /** The text between {@code ://} and the first of {@code / ? #}. */
    private static String authority(String text) {
        int start = text.indexOf("://") + 3;
        int end = start;
        while (end < text.length() && "/?#".indexOf(text.charAt(end)) < 0) {
            end++;
        }
        return text.substring(start, end);
    }

    private String reason(String text, Optional<URI> uri) {
        String rule = schemes.isEmpty()
                ? "must be a URL"
                : schemes.stream()
                        .map(scheme -> scheme + "://")
                        .collect(Collectors.joining(" or ", "must be a URL that starts with ", ""));
        int afterScheme = text.indexOf("://");
        if (isOf(JDBC, text)) {
            return rule + ", and is a JDBC URL: declare it as a secret";
        }
        if (isOf(R2DBC, text)) {
            return rule + ", and is an R2DBC URL: declare it as a secret";
        }
        if (afterScheme < 0 || !isAllowed(text.substring(0, afterScheme))) {
            return rule;
        }
        if (isSeveralUrls(text)) {
            return rule + ", and is several URLs: declare them as a secret";
        }
        if (hasTwoSchemes(text)) {
            return rule + ", and begins with a scheme twice: write it once";
        }
        String authority = authority(text);
        if (REFERENCE.matcher(text).find()
                || REFERENCE_IN_AUTHORITY.matcher(authority).find()) {
            return rule + ", and has a reference in it that was not resolved: set the value that it stands for";
        }
        if (USERS_AND_HOSTS.matcher(authority).matches()) {
            return rule + SEVERAL_HOSTS;
        }
        if (endsInsideAPassword(text) || hasRawPassword(text.substring(afterScheme + 3), authority)) {
            return rule + ", with the special characters of its password percent-encoded:"
                    + " %23 for #, %2F for /, %40 for @";
        }
        boolean ends = text.length() == afterScheme + 3;
        return ends ? rule : rule + reason(authority.substring(authority.lastIndexOf('@') + 1), uri.isPresent());
    }

    /** What is wrong with a host and its port, or else with what follows them. */
    private static String reason(String hosts, boolean isUri) {
        if (hosts.indexOf(',') >= 0) {
            return SEVERAL_HOSTS;
        }
        if (hosts.length() <= LONGEST_IPV6 && IPV6.matcher(hosts).matches()) {
            return ", with its IPv6 address in brackets, such as [::1]";
        }
        if (hosts.isEmpty() || hosts.startsWith(":")) {
            return ", and has no host: a variable in it may not be set";
        }
        if (MORE_AFTER_PORT.matcher(hosts).matches()) {
            return ", and what follows its host and port is no part of a URL: declare it as a secret";
        }
        boolean hostAndPort = HOST_AND_PORT.matcher(hosts).matches();
        if (!isUri && hostAndPort) {
            return ", with its special characters percent-encoded, such as %20 for a space and %25 for %";
        }
        if (PORT_AT_END.matcher(hosts).matches() && !isPort(hosts.substring(hosts.lastIndexOf(':') + 1))) {
            return ", with a port from 0 to 65535";
        }
        if (HOST_AND_PORTS.matcher(hosts).matches()) {
            return ", with one port: the host in it may have one already";
        }
        if (NUMBERS.matcher(hosts).matches()) {
            return ", with four numbers from 0 to 255 in its IPv4 address";
        }
        if (!hostAndPort && HOST_OF_ANY_LETTERS.matcher(hosts).matches()) {
            return ", with a host in ASCII: write other letters as its xn-- name";
        }
        return hostAndPort
                ? ", with a host whose parts begin and end with a letter or a digit, and whose last part begins with a"
                        + " letter"
                : ", with a host of letters, digits, - and . only";
    }

    private static boolean isOf(String scheme, String text) {
        return text.regionMatches(true, 0, scheme + ":", 0, scheme.length() + 1);
    }

    private static boolean hasRawPassword(String rest, String authority) {
        if (authority.indexOf('@') != authority.lastIndexOf('@')) { // the user is an address of mail
            return true;
        }
        int at = rest.lastIndexOf('@');
        int colon = rest.indexOf(':');
        if (at < 0 || colon < 0 || colon > at || colon >= authority.length()) { // https://my_host/x:y@z
            return false;
        }
        boolean hostAndPort = authority.indexOf('@') < 0
                && colon > 0
                && A_PORT_MEANT.matcher(authority.substring(colon + 1)).matches()
                && !rest.startsWith("#", authority.length());
        if (hostAndPort) { // https://my_host:8080/@me, https://host:70000/@me
            return false;
        }
        String password = ESCAPE.matcher(rest.substring(colon + 1, at)).replaceAll("");
        return password.chars().anyMatch(c -> NOT_IN_A_PASSWORD.indexOf(c) >= 0);
    }

    private static boolean isPort(String text) {
        return text.length() <= 5
                && text.chars().allMatch(c -> c >= '0' && c <= '9')
                && Integer.parseInt(text) <= MAX_PORT;
    }
}
