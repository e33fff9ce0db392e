package dev.hardening.jwks;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The transport that gets a key set's bytes. A cache calls it on its executor's thread, or on a shared one, and never
 * a second time before the first call has returned. At the request's timeout the thread is interrupted. What it returns is
 * not trusted: the cache parses it key by key.
 */
@FunctionalInterface
public interface JWKSFetcher {

    /**
     * Gets the key set.
     *
     * @param request what is asked for
     * @return the endpoint's answer
     * @throws IOException if there is no answer, or one other than a key set or "not modified"; its message may be
     *     logged
     * @throws InterruptedException if the thread is interrupted
     */
    Response fetch(Request request) throws IOException, InterruptedException;

    /** {@return the default transport: HTTP/1.1 without redirects, within the timeout and the size of the request} */
    static JWKSFetcher http() {
        return new HttpTransport();
    }

    /**
     * What to get.
     *
     * @param uri the key endpoint
     * @param etag the entity tag of the set that is held, for {@code If-None-Match} (RFC 9110, section 13.1.2), or null
     * @param lastModified its modification date as it was sent, for {@code If-Modified-Since}, or null
     * @param timeout for everything, from connecting to the last byte
     * @param maxResponseBytes the size from which a body is refused
     * @param headers further request headers: the caller's, which may be secret, and {@code Cache-Control: no-cache} if
     *     no cache on the way may answer
     */
    record Request(
            URI uri,
            @Nullable String etag,
            @Nullable String lastModified,
            Duration timeout,
            int maxResponseBytes,
            Map<String, String> headers) {

        /**
         * Copies the headers, and percent-encodes letters beyond ASCII in the address (RFC 3987, section 3.1).
         *
         * @param headers further request headers; not null
         * @param uri the key endpoint
         * @param etag the {@code ETag} of the set that is held; null if there is none
         * @param lastModified its {@code Last-Modified}; null if there is none
         * @param timeout the time that is left for the fetch
         * @param maxResponseBytes the largest answer that is accepted, in bytes
         */
        public Request {
            uri = URI.create(uri.toASCIIString());
            Objects.requireNonNull(timeout, "timeout");
            headers = Map.copyOf(headers);
        }

        /**
         * Makes a request without further headers.
         *
         * @param uri the key endpoint
         * @param etag the {@code ETag} of the set that is held; null if there is none
         * @param lastModified its {@code Last-Modified}; null if there is none
         * @param timeout the time that is left for the fetch
         * @param maxResponseBytes the largest answer that is accepted, in bytes
         */
        public Request(
                URI uri, @Nullable String etag, @Nullable String lastModified, Duration timeout, int maxResponseBytes) {
            this(uri, etag, lastModified, timeout, maxResponseBytes, Map.of());
        }

        /** Prints the names of the headers, not their values, and the address without its query: both may be secret. */
        @Override
        public String toString() {
            return "Request[uri=" + EndpointRules.shown(uri) + ", etag=" + etag + ", lastModified=" + lastModified
                    + ", timeout=" + timeout + ", maxResponseBytes=" + maxResponseBytes + ", headers="
                    + headers.keySet() + "]";
        }
    }

    /** What the endpoint answered. Immutable, as long as the caller leaves the body as it is. */
    final class Response {

        private final byte @Nullable [] body;
        private final @Nullable String etag;
        private final @Nullable String lastModified;
        private final @Nullable Duration maxAge;

        private Response(
                byte @Nullable [] body,
                @Nullable String etag,
                @Nullable String lastModified,
                @Nullable Duration maxAge) {
            this.body = body;
            this.etag = etag;
            this.lastModified = lastModified;
            this.maxAge = maxAge;
        }

        /**
         * Makes the answer that has a key set (RFC 7517, section 5), without validators.
         *
         * @param body the key set as JSON
         * @return the answer
         */
        public static Response of(byte[] body) {
            return new Response(body.clone(), null, null, null);
        }

        /**
         * Makes the answer that has a key set and its validators (RFC 9110, section 8.8).
         *
         * @param body the key set as JSON
         * @param etag the entity tag, or null
         * @param lastModified the modification date as it was sent, or null
         * @param maxAge how long the answer stays fresh (RFC 9111), or null; the cache clamps it
         * @return the answer
         */
        public static Response of(
                byte[] body, @Nullable String etag, @Nullable String lastModified, @Nullable Duration maxAge) {
            return new Response(body.clone(), etag, lastModified, maxAge);
        }

        /**
         * Makes the answer "not modified": the current set is still valid (RFC 9110, section 15.4.5).
         *
         * @param maxAge how long it stays fresh, or null
         * @return the answer
         */
        public static Response notModified(@Nullable Duration maxAge) {
            return new Response(null, null, null, maxAge);
        }

        /** {@return the body, or empty if the set was not modified} */
        public Optional<byte[]> body() {
            return Optional.ofNullable(body);
        }

        @Nullable
        String etag() {
            return etag;
        }

        @Nullable
        String lastModified() {
            return lastModified;
        }

        @Nullable
        Duration maxAge() {
            return maxAge;
        }
    }
}
