package dev.hardening.example;

import io.javalin.http.Context;
import java.io.IOException;
import java.net.InetAddress;
import java.util.Set;

/**
 * Who may use the drills: a browser on this machine, on the page itself. The caller's address is loopback, the Host is one
 * of loopback's names, an Origin is the page's own, and a drill needs a header that no form of another site can send.
 */
final class LocalOnly {

    private static final Set<String> LOOPBACK_NAMES = Set.of("localhost", "127.0.0.1", "[::1]");

    private LocalOnly() {}

    static void check(Context context) throws IOException {
        String host = String.valueOf(context.header("Host"));
        String origin = context.header("Origin");
        boolean fromHere = InetAddress.getByName(context.req().getRemoteAddr()).isLoopbackAddress()
                && LOOPBACK_NAMES.contains(host.replaceFirst(":\\d+$", ""))
                && (origin == null || origin.equals("http://" + host));
        boolean isRead = context.method().name().equals("GET");
        if (!fromHere || !(isRead || "1".equals(context.header("X-Drill")))) {
            throw Problem.FORBIDDEN.thrown();
        }
        context.header("Cache-Control", "no-store");
    }
}
