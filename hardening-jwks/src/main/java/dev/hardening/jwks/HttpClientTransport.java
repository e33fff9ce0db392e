package dev.hardening.jwks;

import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.concurrent.Future;

/**
 * The transport that uses the caller's HTTP client, with its TLS, proxy and authenticator. An interrupt ends it, except
 * that JDK 17 to 19 ignore one while they read a body (JDK-8294047). The deadline ends that by closing the body.
 */
record HttpClientTransport(HttpClient client) implements JWKSFetcher {

    @Override
    public Response fetch(Request request) throws IOException, InterruptedException {
        long end = System.nanoTime() + request.timeout().toNanos();
        HttpRequest.Builder http = HttpRequest.newBuilder(request.uri())
                .header("Accept", ResponseParser.ACCEPT)
                .header("Accept-Encoding", ResponseParser.ACCEPT_ENCODING)
                .timeout(request.timeout());
        request.headers().forEach(http::setHeader);
        if (request.etag() != null) {
            http.header("If-None-Match", request.etag());
        }
        if (request.lastModified() != null) {
            http.header("If-Modified-Since", request.lastModified());
        }
        HttpResponse<InputStream> response;
        try {
            response = client.send(http.build(), HttpResponse.BodyHandlers.ofInputStream());
        } catch (java.net.http.HttpTimeoutException late) {
            throw HttpTransport.late(request, late);
        } catch (java.net.ConnectException unreachable) {
            throw HttpTransport.unreachable(request.uri().getRawAuthority(), unreachable);
        }
        // The client's own time-out ends with the headers.
        InputStream body = response.body();
        Future<?> deadline = SharedThreads.INSTANCE.schedule(
                () -> SharedThreads.INSTANCE.workers().execute(() -> close(body)), end - System.nanoTime());
        try (body) {
            return ResponseParser.parse(
                    response.statusCode(), response.headers()::allValues, () -> body, request.maxResponseBytes());
        } catch (IOException failed) {
            throw end - System.nanoTime() <= 0 ? HttpTransport.late(request, failed) : failed;
        } finally {
            deadline.cancel(false);
        }
    }

    private static void close(InputStream body) {
        try {
            body.close();
        } catch (IOException ignored) {
            // What reads from it fails all the same.
        }
    }
}
