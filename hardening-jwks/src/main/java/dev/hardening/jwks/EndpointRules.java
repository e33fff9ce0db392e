package dev.hardening.jwks;

import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Which addresses may be asked for keys. */
final class EndpointRules {

    private static final Pattern LOOPBACK = Pattern.compile("localhost\\.?|127(\\.\\d{1,3}){3}");
    private static final Pattern NUMBERS = Pattern.compile("(.*@)?[\\d.]+(:\\d*)?");

    private static final int HIGHEST_PORT = 65_535;

    private EndpointRules() {}

    /**
     * Why an address may not be asked, or an empty string if it may.
     *
     * @param what the address is, for the message
     * @param plainHttp whether http is allowed beyond loopback
     */
    static String refusal(URI uri, String what, boolean plainHttp) {
        String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
        if (!scheme.equals("https") && !scheme.equals("http")) {
            return what + " has to be an https URL";
        }
        if (uri.getHost() == null) {
            return what + " has to be a URL with a host" + rule(uri.getRawAuthority());
        }
        if (uri.getRawUserInfo() != null) {
            return what + " may not hold a user or a password";
        }
        if (uri.getPort() == 0 || uri.getPort() > HIGHEST_PORT) {
            return what + " has to be a URL with a port from 1 to 65535, or without one";
        }
        if (scheme.equals("http") && !plainHttp && !isLoopback(uri.getHost())) {
            return what + " has to be https; http is for loopback addresses only, unless allowPlainHttp() is set";
        }
        return "";
    }

    /** What a host has to be; empty if there is none. */
    private static String rule(@Nullable String authority) {
        if (authority == null) {
            return "";
        }
        return NUMBERS.matcher(authority).matches()
                ? ", and an IPv4 address has four numbers up to 255, as in 127.0.0.1"
                : ", whose name is of letters, digits, hyphens and dots";
    }

    /**
     * An address as logs and messages show it: without its query, which may be secret, and percent-encoded, so that it holds
     * no line break and no other control character.
     */
    static String shown(URI uri) {
        URI ascii = URI.create(uri.toASCIIString());
        return ascii.getScheme() + "://" + ascii.getRawAuthority() + ascii.getRawPath();
    }

    /** Whether scheme, host and port are the same (RFC 6454, section 5). */
    static boolean isSameOrigin(URI one, URI other) {
        return String.valueOf(one.getScheme()).equalsIgnoreCase(other.getScheme())
                && String.valueOf(one.getHost()).equalsIgnoreCase(other.getHost())
                && port(one) == port(other);
    }

    /** The port, also where it is left out. */
    static int port(URI uri) {
        return uri.getPort() >= 0 ? uri.getPort() : "https".equalsIgnoreCase(uri.getScheme()) ? 443 : 80;
    }

    /**
     * Whether a host is this machine by its name alone, without asking a name server. Names below {@code localhost} are not,
     * because not every resolver keeps to RFC 6761, section 6.3.
     */
    static boolean isLoopback(String host) {
        if (host.startsWith("[")) {
            try {
                return InetAddress.getByName(host)
                        .isLoopbackAddress(); // no look-up: in brackets only an address may be
            } catch (UnknownHostException malformed) {
                return false;
            }
        }
        return LOOPBACK.matcher(host.toLowerCase(Locale.ROOT)).matches();
    }
}
