package dev.hardening.example;

import java.util.List;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.PreEncodedHttpField;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.Request;

/** The security headers of every answer, set before anything else looks at the request. */
final class SecurityHeaders implements HttpConfiguration.Customizer {

    static final List<HttpField> ALL = List.of(
            header(
                    "Content-Security-Policy",
                    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
                            + " font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
            header("X-Content-Type-Options", "nosniff"),
            header("Referrer-Policy", "no-referrer"),
            header("Cross-Origin-Opener-Policy", "same-origin"),
            header("Cross-Origin-Resource-Policy", "same-origin"),
            header("X-Frame-Options", "DENY"));

    @Override
    public Request customize(Request request, HttpFields.Mutable responseHeaders) {
        ALL.forEach(responseHeaders::add);
        return request;
    }

    private static HttpField header(String name, String value) {
        return new PreEncodedHttpField(name, value);
    }
}
