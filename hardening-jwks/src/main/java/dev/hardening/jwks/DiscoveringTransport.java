package dev.hardening.jwks;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.text.ParseException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks an issuer where its keys are (OpenID Connect Discovery 1.0, section 4; RFC 8414, section 3), and gets them from
 * there, within the time of one fetch. If the issuer does not answer this time, its last answer is used. The caller's
 * request headers go to the issuer's origin only: otherwise the metadata could send a secret to any host.
 */
final class DiscoveringTransport implements JWKSFetcher {

    private static final Logger LOG = LoggerFactory.getLogger(JWKSCache.class);

    private static final String OPENID = "/.well-known/openid-configuration";
    private static final String OAUTH = "/.well-known/oauth-authorization-server";

    private static final int NOT_FOUND = 404;
    private static final String FAILED = "discovery at the issuer failed: ";

    private final URI issuer;
    private final JWKSFetcher transport;
    private final boolean plainHttp;
    private volatile @Nullable URI lastKeys;
    private volatile boolean hasWarned; // of metadata that does not say where the keys are

    DiscoveringTransport(URI issuer, JWKSFetcher transport, boolean plainHttp) {
        this.issuer = issuer;
        this.transport = transport;
        this.plainHttp = plainHttp;
    }

    @Override
    public Response fetch(Request request) throws IOException, InterruptedException {
        long end = System.nanoTime() + request.timeout().toNanos();
        URI before = lastKeys;
        URI keys = before;
        String wrongMetadata = "";
        try {
            keys = discover(request, end, before == null ? 1 : 2);
            hasWarned = false;
        } catch (IOException | RuntimeException undiscovered) {
            if (keys == null) {
                throw undiscovered;
            }
            if (undiscovered.getCause() instanceof WrongMetadataException wrong) {
                wrongMetadata = undiscovered.getMessage() + "; and at the last known address, ";
                warnOnce(wrong);
            }
        }
        return fetchKeys(request, keys, end, wrongMetadata);
    }

    private void warnOnce(WrongMetadataException wrong) {
        if (!hasWarned) {
            hasWarned = true;
            LogText.warn(
                    LOG,
                    "The metadata of " + EndpointRules.shown(issuer) + " no longer says where its keys are, so they"
                            + " come from the last known address: "
                            + LogText.shortLine(String.valueOf(wrong.getMessage())));
        }
    }

    /**
     * The keys from an address.
     *
     * @param wrongMetadata what a failure begins with
     */
    private Response fetchKeys(Request request, URI keys, long end, String wrongMetadata)
            throws IOException, InterruptedException {
        boolean isSame = keys.equals(lastKeys);
        Request toKeys = new Request(
                keys,
                isSame ? request.etag() : null, // validators belong to an address
                isSame ? request.lastModified() : null,
                timeLeft(end, 1),
                request.maxResponseBytes(),
                EndpointRules.isSameOrigin(keys, issuer)
                        ? request.headers()
                        : RequestHeaders.withoutCallers(request.headers()));
        try {
            Response response = transport.fetch(toKeys);
            lastKeys = keys;
            return response;
        } catch (IOException | RuntimeException failed) { // a caller's transport may throw anything
            if (wrongMetadata.isEmpty()) {
                throw failed;
            }
            throw failure(wrongMetadata + message(failed), failed, failed);
        }
    }

    /**
     * The key endpoint that the issuer names.
     *
     * @param share which part of the remaining time it may take: 2 means a half
     */
    private URI discover(Request request, long end, int share) throws IOException, InterruptedException {
        List<Exception> failures = new ArrayList<>();
        Duration most = timeLeft(end, share);
        long lastMoment = System.nanoTime() + most.toNanos();
        Set<URI> places = places();
        for (URI place : places) {
            try {
                // Half of what is left, so that one that hangs does not keep the others from being asked.
                boolean isLast = failures.size() == places.size() - 1;
                Request metadata = new Request(
                        place,
                        null,
                        null,
                        timeLeft(lastMoment, isLast ? 1 : 2),
                        request.maxResponseBytes(),
                        request.headers());
                Response response = transport.fetch(metadata);
                if (response == null) {
                    throw new IOException("the fetcher returned null");
                }
                return keysOf(response.body().orElse(new byte[0]));
            } catch (IOException | RuntimeException elsewhere) { // a caller's transport may throw anything
                failures.add(elsewhere);
                if (isBusy(elsewhere)) {
                    break;
                }
            }
        }
        throw failed(failures);
    }

    /** Whether the issuer asks to wait. A place that is missing does not speak for the others. */
    private static boolean isBusy(Exception failure) {
        return failure instanceof RetryAfterException busy && busy.status() != NOT_FOUND;
    }

    /**
     * Tells what is wrong with the metadata, if there is any, and otherwise what failed at each place. If the issuer asks to
     * wait, it tells that too.
     */
    private static IOException failed(List<Exception> failures) {
        Exception last = failures.get(failures.size() - 1);
        Exception first = failures.stream()
                .filter(WrongMetadataException.class::isInstance)
                .findFirst()
                .orElse(failures.get(0));
        failures.stream().filter(other -> !other.equals(first)).forEach(first::addSuppressed);
        String why = failures.stream()
                .filter(each -> each.equals(first) || isBusy(each) || !(first instanceof WrongMetadataException))
                .map(DiscoveringTransport::message)
                .distinct()
                .collect(Collectors.joining("; at another place, "));
        return failure(FAILED + why, isBusy(last) ? last : first, first);
    }

    private static String message(Exception failure) {
        return failure instanceof IOException ? String.valueOf(failure.getMessage()) : String.valueOf(failure);
    }

    /** A failure that asks to wait for as long as another one does. */
    private static IOException failure(String why, Exception waiting, Exception cause) {
        return waiting instanceof RetryAfterException busy
                ? new RetryAfterException(why, busy.retryAfter(), busy.status(), cause)
                : new IOException(why, cause);
    }

    /** There is metadata, but it does not say where this issuer's keys are. */
    private static final class WrongMetadataException extends IOException {

        private static final long serialVersionUID = 1;

        WrongMetadataException(String message) {
            super(message);
        }
    }

    private static Duration timeLeft(long end, int share) throws IOException {
        long left = (end - System.nanoTime()) / share;
        if (left <= 0) {
            throw new IOException("there was no time left for it");
        }
        return Duration.ofNanos(left);
    }

    /** Whether an address is one of metadata, and so no issuer's name. */
    static boolean isMetadata(URI uri) {
        String path = String.valueOf(uri.getRawPath());
        return path.contains(OPENID) || path.contains(OAUTH);
    }

    /** Where the two standards put metadata. */
    private Set<URI> places() {
        String whole = withoutSlash(issuer.toString());
        String path = withoutSlash(issuer.getRawPath() == null ? "" : issuer.getRawPath());
        String root = whole.substring(0, whole.length() - path.length());
        Set<URI> places = new LinkedHashSet<>();
        places.add(URI.create(whole + OPENID));
        places.add(URI.create(root + OPENID + path));
        places.add(URI.create(root + OAUTH + path));
        return places;
    }

    private static String withoutSlash(String text) {
        return text.endsWith("/") ? text.substring(0, text.length() - 1) : text;
    }

    private static String named(@Nullable Object other) {
        return other instanceof String name ? ": it says " + LogText.shortLine(name) : ": it names none";
    }

    private URI keysOf(byte[] metadata) throws IOException {
        try {
            Map<String, Object> json = Json.document(metadata);
            if (!issuer.toString().equals(json.get("issuer"))) {
                boolean bySlash =
                        withoutSlash(issuer.toString()).equals(withoutSlash(String.valueOf(json.get("issuer"))));
                throw new WrongMetadataException("the metadata is of another issuer"
                        + (bySlash
                                ? ": they differ in a slash at the end, and have to be the same"
                                : named(json.get("issuer"))));
            }
            if (!(json.get("jwks_uri") instanceof String text)) {
                throw new WrongMetadataException("the metadata has no jwks_uri");
            }
            URI keys = new URI(text);
            // Keys over https must not depend on an answer over plain http.
            boolean isPlainAllowed = plainHttp || "http".equalsIgnoreCase(issuer.getScheme());
            String refusal = isPlainAllowed || "https".equalsIgnoreCase(keys.getScheme())
                    ? EndpointRules.refusal(keys, "the metadata's jwks_uri", plainHttp)
                    : "the metadata's jwks_uri is not https";
            if (!refusal.isEmpty()) {
                throw new WrongMetadataException(refusal);
            }
            return keys;
        } catch (ParseException unreadable) {
            throw new IOException("the metadata cannot be read");
        } catch (URISyntaxException malformed) {
            throw new WrongMetadataException("the metadata's jwks_uri is no URL"); // Not chained: it holds the text.
        }
    }
}
