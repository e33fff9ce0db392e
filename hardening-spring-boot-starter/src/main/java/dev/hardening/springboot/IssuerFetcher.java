package dev.hardening.springboot;

import com.nimbusds.jose.util.JSONObjectUtils;
import dev.hardening.jwks.JWKSFetcher;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Asks an issuer where its keys are (OpenID Connect Discovery 1.0, section 4; RFC 8414, section 3) when they are first
 * fetched, and again when they are no longer there; never before, so that a start does not depend on it.
 */
final class IssuerFetcher implements JWKSFetcher {

    private final URI issuer;
    private final JWKSFetcher http;
    private volatile @Nullable URI keys;

    IssuerFetcher(URI issuer) {
        this(issuer, JWKSFetcher.http());
    }

    IssuerFetcher(URI issuer, JWKSFetcher http) {
        this.issuer = issuer;
        this.http = http;
    }

    @Override
    public Response fetch(Request request) throws IOException, InterruptedException {
        URI known = keys;
        if (known == null) {
            return fetchDiscovered(request);
        }
        try {
            return http.fetch(new Request(
                    known, request.etag(), request.lastModified(), request.timeout(), request.maxResponseBytes()));
        } catch (IOException gone) {
            try {
                return fetchDiscovered(request);
            } catch (IOException stillGone) {
                gone.addSuppressed(stillGone);
                throw gone;
            }
        }
    }

    private Response fetchDiscovered(Request request) throws IOException, InterruptedException {
        URI discovered = discover(request);
        Response response = http.fetch(at(discovered, request));
        keys = discovered;
        return response;
    }

    private URI discover(Request request) throws IOException, InterruptedException {
        IOException failure = null;
        for (URI place : places()) {
            try {
                return keysOf(http.fetch(at(place, request)).body().orElse(new byte[0]));
            } catch (IOException elsewhere) {
                if (failure == null) {
                    failure = elsewhere;
                } else {
                    failure.addSuppressed(elsewhere);
                }
            }
        }
        throw new IOException(
                "discovery at the issuer failed: " + (failure == null ? "" : failure.getMessage()), failure);
    }

    /** Without validators: they belong to what was fetched from elsewhere. */
    private static Request at(URI place, Request request) {
        return new Request(place, null, null, request.timeout(), request.maxResponseBytes());
    }

    /** Where metadata may be; Spring Security looks in the same places. */
    private Set<URI> places() {
        String whole = withoutSlash(issuer.toString());
        String path = withoutSlash(issuer.getRawPath() == null ? "" : issuer.getRawPath());
        String root = whole.substring(0, whole.length() - path.length());
        Set<URI> places = new LinkedHashSet<>();
        places.add(URI.create(whole + "/.well-known/openid-configuration"));
        places.add(URI.create(root + "/.well-known/openid-configuration" + path));
        places.add(URI.create(root + "/.well-known/oauth-authorization-server" + path));
        return places;
    }

    private static String withoutSlash(String text) {
        return text.endsWith("/") ? text.substring(0, text.length() - 1) : text;
    }

    private URI keysOf(byte[] metadata) throws IOException {
        try {
            Map<String, Object> json = JSONObjectUtils.parse(new String(metadata, StandardCharsets.UTF_8));
            if (!issuer.toString().equals(json.get("issuer"))) {
                throw new IOException("the metadata is of another issuer");
            }
            URI uri = new URI(String.valueOf(json.get("jwks_uri")));
            // What https protects must not depend on a plain answer; the issuer itself was checked when the cache was
            // built.
            if (!"https".equals(uri.getScheme())
                    && !(String.valueOf(issuer.getScheme()).equals(uri.getScheme())
                            && String.valueOf(issuer.getHost()).equals(uri.getHost()))) {
                throw new IOException("the metadata's jwks_uri is not https");
            }
            return uri;
        } catch (ParseException | URISyntaxException unreadable) {
            throw new IOException("the metadata cannot be read");
        }
    }
}
