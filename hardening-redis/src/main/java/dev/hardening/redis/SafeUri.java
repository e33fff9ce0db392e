package dev.hardening.redis;

import io.lettuce.core.RedisCredentialsProvider;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SslVerifyMode;
import io.lettuce.core.StaticCredentialsProvider;
import java.math.BigInteger;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Parses, checks and prints Redis URIs. No part of a password gets into a message or is taken for a host. A URI that
 * Lettuce would misread, or of which it would ignore a part, is refused (RFC 3986, sections 2 and 3).
 */
final class SafeUri {

    private static final Logger LOG = LoggerFactory.getLogger(RedisConnector.class);

    private static final List<String> SCHEMES = List.of(
            "redis",
            "rediss",
            "redis+ssl",
            "redis+tls",
            "redis-sentinel",
            "rediss-sentinel",
            "redis-socket",
            "redis+socket");

    private static final Pattern ENCODED = Pattern.compile("%[0-9A-Fa-f]{2}");
    private static final Pattern ENCODED_END = Pattern.compile("(?i)%(?:26|3B)");
    private static final Pattern SPACE_AFTER_COMMA = Pattern.compile(",\\s+");
    private static final Pattern SENTINEL_PARAMETER = Pattern.compile("(?i)[?&;]sentinelMasterId=");
    private static final Pattern TIMEOUT_PARAMETER = Pattern.compile("(?i)[?&;]timeout=");
    private static final Pattern DATABASE = Pattern.compile("/\\d{0,9}(?:[?#].*)?");
    private static final Pattern HOST_AND_PARAMETER = Pattern.compile("[^:@/?#]+(?::\\d{1,5})?(?:/\\d*)?\\?\\w+=.*");

    /** A name, an IPv4 address or an IPv6 address; Lettuce would take any other text for a name. */
    private static final String HOST_NAME = "(?:[\\p{L}\\p{N}._-]+|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.%\\w]*)";

    private static final Pattern HOST = Pattern.compile("\\[" + HOST_NAME + "]|" + HOST_NAME);
    private static final Pattern HOST_AND_PORT = Pattern.compile("(\\[[^]]+]|[^:\\[\\]]+)(?::(\\d+))?");

    /** What may follow a {@code ?}, in lower case, and what it has to be. */
    private static final Map<String, Parameter> PARAMETERS = Map.of(
            "timeout",
                    new Parameter("0*[1-9]\\d*(?:ns|us|ms|s|m|h|d)?", "a number from 1 with ns, us, ms, s, m, h or d"),
            "database", new Parameter("\\d{1,9}", "a number"),
            "db", new Parameter("\\d{1,9}", "a number"),
            "clientname", new Parameter(".+", "a name"),
            "libraryname", new Parameter(".+", "a name"),
            "libraryversion", new Parameter(".+", "a version"),
            "verifypeer", new Parameter("(?i)full|ca|none", "FULL, CA or NONE"),
            "sentinelmasterid", new Parameter(".+", "the primary's name"));

    private static final String KNOWN_PARAMETERS =
            "timeout, database, db, clientName, libraryName, libraryVersion, verifyPeer and sentinelMasterId";

    private record Parameter(Pattern value, String expectation) {
        Parameter(String value, String expectation) {
            this(Pattern.compile(value), expectation);
        }
    }

    /**
     * Characters that have to be encoded in a URI. A message names only their class, because the character is a part of
     * a password.
     */
    private enum Sign {
        DELIMITER("@#/?%", "raw @, #, /, ? or %", "write them as %40, %23, %2F, %3F and %25"),
        SPACE("", "raw space, tab or line break", "write a space as %20; a line break often comes from a file's end"),
        CONTROL("", "control sign or invisible sign", "write each of its bytes as % and two hexadecimal digits"),
        OTHER(
                "\"<>[\\]^`{|}",
                "raw \", <, >, [, \\, ], ^, `, {, | or }",
                "write them as %22, %3C, %3E, %5B, %5C, %5D, %5E, %60, %7B, %7C and %7D");

        private final String signs;
        private final String name;
        private final String advice;

        Sign(String signs, String name, String advice) {
            this.signs = signs;
            this.name = name;
            this.advice = advice;
        }

        boolean has(char sign) {
            return switch (this) {
                case SPACE -> Character.isWhitespace(sign) || Character.isSpaceChar(sign);
                case CONTROL -> Character.isISOControl(sign) || Character.getType(sign) == Character.FORMAT;
                default -> signs.indexOf(sign) >= 0;
            };
        }
    }

    private SafeUri() {}

    /**
     * Parses a URI, whose hosts may be several.
     *
     * @throws IllegalArgumentException if it is not a URI, or has a character that has to be encoded; the message shows
     *     nothing of the user and the password, and there is no cause
     */
    static List<RedisURI> parse(String uri) {
        int schemeEnd = uri.indexOf("://");
        String scheme = uri.substring(0, Math.max(0, schemeEnd));
        if (!SCHEMES.contains(scheme)) {
            throw new IllegalArgumentException(
                    "not a Redis URI: it begins with one of " + String.join("://, ", SCHEMES) + "://");
        }
        String rest = uri.substring(schemeEnd + 3);
        // The text before the last @ is user and password, even if a parser would read it differently.
        int userInfoEnd = rest.lastIndexOf('@');
        String userInfo = rest.substring(0, Math.max(0, userInfoEnd));
        String address = rest.substring(userInfoEnd + 1);
        if (address.indexOf(',') >= 0) {
            address = SPACE_AFTER_COMMA.matcher(address).replaceAll(",");
        }
        String shown = "the Redis URI " + scheme + (userInfoEnd < 0 ? "://…" : "://***@…");
        checkUserInfo(shown, userInfo);
        RedisCredentialsProvider credentials = credentials(shown, userInfo);
        checkSigns(shown, "address", address, "#/?%[]");
        String hosts = hosts(address);
        String afterHosts = address.substring(hosts.length());
        checkParameters(shown, afterHosts);
        String beforeHosts = scheme + "://"; // Lettuce gets user and password apart from it
        if (!scheme.endsWith("sentinel") && afterHosts.indexOf('#') >= 0) {
            throw refused(shown, "has a # in its address, which only redis-sentinel:// has, before the primary's name");
        }
        if (scheme.endsWith("socket")) {
            if (!hosts.isEmpty()) {
                throw refused(shown, "has a socket that is not an absolute path: write " + scheme + ":///path");
            }
            return List.of(create(beforeHosts + address, credentials));
        }
        List<String> each = List.of(hosts.split(",", -1));
        each.forEach(host -> checkHost(shown, host));
        if (afterHosts.startsWith("/") && !DATABASE.matcher(afterHosts).matches()) {
            throw refused(shown, "has a database that is not a number, after the /");
        }
        if (!scheme.endsWith("sentinel")) {
            if (SENTINEL_PARAMETER.matcher(afterHosts).find()) {
                throw refused(shown, "has a parameter sentinelMasterId, which only redis-sentinel:// has");
            }
            List<RedisURI> parsed = new ArrayList<>();
            for (String host : each) {
                parsed.add(at(host, create(beforeHosts + host + afterHosts, credentials)));
            }
            return parsed;
        }
        if (!afterHosts.matches(".*#.+|(?i).*[?&;]sentinelMasterId=.+")) {
            throw refused(shown, "does not name the primary: write " + scheme + "://host:26379#name");
        }
        checkPrimary(shown, afterHosts);
        if (each.size() > 1 && hosts.indexOf('[') >= 0) {
            throw refused(
                    shown,
                    "has several Sentinels, one of them with an IPv6 address, which Lettuce cannot read: use"
                            + " RedisURI.builder().withSentinel(host, port)");
        }
        return List.of(create(beforeHosts + address, credentials));
    }

    private static String hosts(String address) {
        int end = 0;
        while (end < address.length() && "/?#".indexOf(address.charAt(end)) < 0) {
            end++;
        }
        return address.substring(0, end);
    }

    /** Whether a URI names a timeout, which may be the same as Lettuce's default. */
    static boolean hasTimeout(String uri) {
        return uri.indexOf('?') >= 0
                && TIMEOUT_PARAMETER
                        .matcher(uri.substring(uri.lastIndexOf('@') + 1))
                        .find();
    }

    private static IllegalArgumentException refused(String shown, String reason) {
        return new IllegalArgumentException(shown + " " + reason);
    }

    private static void checkUserInfo(String shown, String userInfo) {
        if (HOST_AND_PARAMETER.matcher(userInfo).matches()) {
            throw refused(
                    shown, "has a raw @ in a parameter, or a raw ? in its user or password: write them as %40 and %3F");
        }
        int colon = userInfo.indexOf(':');
        checkSigns(shown, "user", userInfo.substring(0, Math.max(0, colon)), "");
        checkSigns(shown, "password", userInfo.substring(colon + 1), "");
        if (colon > 0 && colon == userInfo.length() - 1) {
            throw refused(shown, "has a user without a password: Lettuce would connect as the default user");
        }
    }

    /**
     * The user and the password, split before they are decoded (RFC 3986, section 2.4). Lettuce splits them afterwards, and
     * would take a part of the user for the password. This provider has them at once. Lettuce would ask its own on another
     * thread, and after a wrong password it may then report that the connection was closed, and not the wrong password.
     */
    private static RedisCredentialsProvider credentials(String shown, String userInfo) {
        int colon = userInfo.indexOf(':');
        String user = decoded(shown, "user", userInfo.substring(0, Math.max(0, colon)));
        String password = decoded(shown, "password", userInfo.substring(colon + 1));
        return new StaticCredentialsProvider(
                user.isEmpty() ? null : user, password.isEmpty() ? null : password.toCharArray());
    }

    private static String decoded(String shown, String part, String text) {
        if (text.indexOf('%') < 0) {
            return text;
        }
        String decoded = URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
        if (decoded.indexOf('\uFFFD') >= 0) {
            throw refused(shown, "has encoded bytes in its " + part + " that are not UTF-8");
        }
        return decoded;
    }

    /** The primary's name is after the # or in sentinelMasterId, and it ends the URI. */
    private static void checkPrimary(String shown, String afterHosts) {
        int fragment = afterHosts.indexOf('#');
        if (fragment < 0) {
            return;
        }
        if (afterHosts.indexOf('?', fragment) >= 0) {
            throw refused(shown, "has a ? after its #: write the parameters before the #");
        }
        if (afterHosts.toLowerCase(Locale.ROOT).contains("sentinelmasterid=")) {
            throw refused(shown, "gives its primary's name twice, in sentinelMasterId and after the #");
        }
    }

    private static void checkSigns(String shown, String part, String text, String legal) {
        for (int i = 0; i < text.length(); i++) {
            char sign = text.charAt(i);
            if (Character.isLetterOrDigit(sign)
                    || legal.indexOf(sign) >= 0
                    || (sign == '%'
                            && ENCODED.matcher(text).region(i, text.length()).lookingAt())) {
                continue;
            }
            for (Sign kind : Sign.values()) {
                if (kind.has(sign)) {
                    throw refused(
                            shown,
                            "has a " + kind.name + " in its " + part + ", at its character " + (i + 1) + ": "
                                    + kind.advice);
                }
            }
        }
    }

    private static void checkHost(String shown, String host) {
        Matcher parts = HOST_AND_PORT.matcher(host);
        if (!parts.matches() || !HOST.matcher(parts.group(1)).matches()) {
            throw new IllegalArgumentException("not a Redis URI that can be read: " + shown
                    + " has a host that is empty, is not a name or an address, or has a port that is not a number");
        }
        String port = parts.group(2);
        if (port != null && (port.length() > 5 || Integer.parseInt(port) < 1 || Integer.parseInt(port) > 65_535)) {
            throw refused(shown, "has a port that is not from 1 to 65535");
        }
    }

    /** If the name has an underscore, Lettuce would take name and port together for the name. */
    private static RedisURI at(String host, RedisURI parsed) {
        Matcher parts = HOST_AND_PORT.matcher(host);
        if (host.equals(parsed.getHost()) && parts.matches()) {
            parsed.setHost(parts.group(1));
            parsed.setPort(parts.group(2) == null ? RedisURI.DEFAULT_REDIS_PORT : Integer.parseInt(parts.group(2)));
        }
        return parsed;
    }

    /** Lettuce ignores an option that it does not know or cannot read, and uses its default. */
    private static void checkParameters(String shown, String afterHosts) {
        int start = afterHosts.indexOf('?');
        String parameters = start < 0 ? "" : afterHosts.substring(start + 1).split("#", 2)[0];
        if (parameters.isEmpty()) {
            return;
        }
        Set<String> given = new HashSet<>();
        if (afterHosts.matches("/\\d.*")) {
            given.add("database");
        }
        for (String one : parameters.split("[&;]", -1)) {
            String[] parts = one.split("=", 2);
            Parameter known = PARAMETERS.get(parts[0].toLowerCase(Locale.ROOT));
            if (known == null) {
                throw refused(shown, "has a parameter after its ? that is not known: known are " + KNOWN_PARAMETERS);
            }
            if (parts.length == 1 || !known.value.matcher(parts[1]).matches()) {
                throw refused(shown, "has a parameter " + parts[0] + " that is not " + known.expectation);
            }
            if (ENCODED_END.matcher(parts[1]).find()) {
                throw refused(
                        shown,
                        "has an encoded & or ; in its parameter " + parts[0]
                                + ", which Lettuce would take for the end of it");
            }
            if (parts[0].equalsIgnoreCase("timeout") && isTooLong(parts[1])) {
                throw refused(shown, "has a timeout of more than 292 years");
            }
            String name = parts[0].equalsIgnoreCase("db") ? "database" : parts[0].toLowerCase(Locale.ROOT);
            if (!given.add(name)) {
                throw refused(shown, "gives its " + name + " twice");
            }
        }
    }

    private static RedisURI create(String uri, RedisCredentialsProvider credentials) {
        try {
            RedisURI parsed = RedisURI.create(uri);
            parsed.setCredentialsProvider(credentials);
            String host = parsed.getHost();
            if (host != null && host.indexOf(':') >= 0) {
                parsed.setHost(host.replace("%25", "%")); // before an IPv6 zone (RFC 6874, section 2)
            }
            return parsed;
        } catch (RuntimeException notShown) {
            // Its message holds the URI.
            throw new IllegalArgumentException(
                    "not a Redis URI that can be read; it is not shown, as it may hold a password");
        }
    }

    /** Whether a timeout does not fit into a long number of nanoseconds. */
    private static boolean isTooLong(String timeout) {
        String unit = timeout.replaceAll("\\d", "");
        BigInteger number = new BigInteger(timeout.substring(0, timeout.length() - unit.length()));
        TimeUnit each = switch (unit) {
            case "ns" -> TimeUnit.NANOSECONDS;
            case "us" -> TimeUnit.MICROSECONDS;
            case "s" -> TimeUnit.SECONDS;
            case "m" -> TimeUnit.MINUTES;
            case "h" -> TimeUnit.HOURS;
            case "d" -> TimeUnit.DAYS;
            default -> TimeUnit.MILLISECONDS;
        };
        return number.multiply(BigInteger.valueOf(each.toNanos(1))).bitLength() >= Long.SIZE;
    }

    /**
     * Checks URIs that are built already.
     *
     * @return the same
     * @throws IllegalArgumentException if a host is not valid, which happens if the password was not encoded
     */
    static List<RedisURI> check(List<RedisURI> uris) {
        for (RedisURI uri : uris) {
            checkHost(uri);
            uri.getSentinels().forEach(SafeUri::checkHost);
            if (!uri.getSentinels().isEmpty() && uri.getSentinelMasterId() == null) {
                throw new IllegalArgumentException(
                        "a RedisURI with Sentinels does not name the primary: call withSentinelMasterId(name)");
            }
            if (uri.getSentinels().isEmpty() && uri.getSocket() == null) {
                checkAddress(uri);
            }
        }
        return List.copyOf(uris);
    }

    private static void checkAddress(RedisURI uri) {
        if (uri.getHost() == null || uri.getHost().isEmpty()) {
            throw new IllegalArgumentException("a RedisURI has no host, no socket and no Sentinels");
        }
        if (uri.getPort() < 1 || uri.getPort() > 65_535) {
            throw new IllegalArgumentException("the port of a RedisURI is not from 1 to 65535");
        }
    }

    private static void checkHost(RedisURI uri) {
        String host = uri.getHost();
        if (host != null && !HOST.matcher(host).matches()) {
            throw new IllegalArgumentException("the host of a RedisURI is not a name or an address; it is not shown,"
                    + " as it may be a part of a password that was not encoded");
        }
    }

    /** Warns of TLS that does not check which server answers. */
    static void warnOfUncheckedPeers(List<RedisURI> uris) {
        boolean unchecked = false;
        for (RedisURI uri : uris) {
            unchecked |= isUnchecked(uri) || uri.getSentinels().stream().anyMatch(SafeUri::isUnchecked);
        }
        if (unchecked) {
            LOG.warn(
                    "{}: TLS without checking the server's certificate (verifyPeer=NONE): anyone in between can read the"
                            + " password and the data",
                    endpoint(uris));
        }
    }

    private static boolean isUnchecked(RedisURI uri) {
        return uri.isSsl() && uri.getVerifyMode() == SslVerifyMode.NONE;
    }

    /** Whether a server is sent a password, as far as that is known before a provider is asked. */
    static boolean hasPassword(RedisURI uri) {
        RedisCredentialsProvider provider = uri.getCredentialsProvider();
        return !(provider instanceof StaticCredentialsProvider known)
                || known.resolveCredentialsNow().hasPassword();
    }

    /** The endpoint without user and password: one server, or a cluster's seeds. */
    static String endpoint(List<RedisURI> uris) {
        return uris.size() == 1
                ? endpoint(uris.get(0))
                : (uris.get(0).isSsl() ? "rediss://" : "redis://") + String.join(",", addresses(uris));
    }

    /** The endpoint of a URI, without user and password. */
    static String endpoint(RedisURI uri) {
        List<RedisURI> sentinels = uri.getSentinels();
        if (!sentinels.isEmpty()) {
            return (uri.isSsl() ? "rediss-sentinel://" : "redis-sentinel://")
                    + String.join(",", addresses(sentinels))
                    + "#" + uri.getSentinelMasterId();
        }
        if (uri.getSocket() != null) {
            return "redis-socket://" + uri.getSocket();
        }
        return (uri.isSsl() ? "rediss://" : "redis://")
                + address(uri)
                + (uri.getDatabase() == 0 ? "" : "/" + uri.getDatabase());
    }

    /** Host and port of each. */
    static List<String> addresses(List<RedisURI> uris) {
        return uris.stream().map(SafeUri::address).toList();
    }

    /** An IPv6 address is in brackets also where a {@link RedisURI} was built without them. */
    private static String address(RedisURI uri) {
        String host = String.valueOf(uri.getHost());
        return (host.indexOf(':') >= 0 && !host.startsWith("[") ? "[" + host + "]" : host) + ":" + uri.getPort();
    }
}
