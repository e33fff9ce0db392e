package dev.hardening.redis;

import io.lettuce.core.RedisURI;
import io.lettuce.core.StaticCredentialsProvider;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Parses and prints Redis URIs so that no part of a password gets out, nor is taken for a host. */
final class SafeUri {

    private static final Pattern ENCODED = Pattern.compile("(?:[^%]|%[0-9A-Fa-f]{2})*");

    /** A name or an address, in brackets if it is of IPv6, and a port; Lettuce would take other text for a name. */
    private static final Pattern HOST = Pattern.compile("(?:\\[[^]]+]|[^:\\[\\]\\s]+)(?::\\d{1,5})?");

    private SafeUri() {}

    /**
     * Parses a URI, whose hosts may be several.
     *
     * @throws IllegalArgumentException if it is none, or holds a raw {@code @}, {@code #} or {@code %} in its user or
     *     password; the message shows nothing of it, and there is no cause
     */
    static List<RedisURI> parse(String uri) {
        int start = uri.indexOf("://");
        if (start < 0) {
            throw new IllegalArgumentException(
                    "not a Redis URI: it begins with redis://, rediss://, redis-socket:// or" + " redis-sentinel://");
        }
        String rest = uri.substring(start + 3);
        // What stands before the last @ is user and password, whatever a parser would make of it.
        String userInfo = rest.substring(0, Math.max(0, rest.lastIndexOf('@')));
        boolean raw = userInfo.chars().anyMatch(c -> "@#/?".indexOf(c) >= 0)
                || !ENCODED.matcher(userInfo).matches();
        if (raw) {
            throw new IllegalArgumentException(
                    "the Redis URI " + uri.substring(0, start) + "://***@… has a raw @, #, /, ? or %"
                            + " in its user or password: write them as %40, %23, %2F, %3F and %25");
        }
        try {
            String scheme = uri.substring(0, start + 3);
            if (!scheme.equals("redis://") && !scheme.equals("rediss://")) {
                return List.of(create(uri));
            }
            String beforeHosts = userInfo.isEmpty() && !rest.startsWith("@") ? scheme : scheme + userInfo + "@";
            String hosts = uri.substring(beforeHosts.length()).split("[/?#]", 2)[0];
            String afterHosts = uri.substring(beforeHosts.length() + hosts.length());
            return Stream.of(hosts.split(",", -1))
                    .map(String::strip)
                    .peek(host -> {
                        if (!HOST.matcher(host).matches()) {
                            throw new IllegalArgumentException();
                        }
                    })
                    .map(host -> create(beforeHosts + host + afterHosts))
                    .toList();
        } catch (RuntimeException notShown) {
            // Its message holds the URI.
            throw new IllegalArgumentException(
                    "not a Redis URI that can be read; it is not shown, as it may hold a password");
        }
    }

    /**
     * With credentials that are at hand, as Lettuce's own are not even then: it would ask for them on another thread, and
     * may report a connection that was closed upon a wrong password, and not the password.
     */
    private static RedisURI create(String uri) {
        RedisURI parsed = RedisURI.create(uri);
        boolean none = uri.indexOf('@') < 0;
        parsed.setCredentialsProvider(
                none
                        ? new StaticCredentialsProvider(null, null)
                        : new StaticCredentialsProvider(parsed.getCredentialsProvider()
                                .resolveCredentials()
                                .toFuture()
                                .join()));
        return parsed;
    }

    /** Where a cluster's seeds lead, without user and password. */
    static String endpoint(List<RedisURI> seeds) {
        return (seeds.get(0).isSsl() ? "rediss://" : "redis://") + String.join(",", addresses(seeds));
    }

    /** Where a URI leads, without user and password. */
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
        return (uri.isSsl() ? "rediss://" : "redis://") + uri.getHost() + ":" + uri.getPort()
                + (uri.getDatabase() == 0 ? "" : "/" + uri.getDatabase());
    }

    /** Host and port of each. */
    static List<String> addresses(List<RedisURI> uris) {
        return uris.stream().map(uri -> uri.getHost() + ":" + uri.getPort()).toList();
    }
}
