package dev.hardening.jwks;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
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
        } catch (HttpTimeoutException late) {
            // The client's own limit for connecting may be shorter.
            boolean isEarly = late instanceof HttpConnectTimeoutException && end - System.nanoTime() > 0;
            throw isEarly ? unreachable(request, late) : HttpTransport.late(request, late);
        } catch (ConnectException refused) {
            throw unreachable(request, isUnresolved(refused) ? HttpTransport.unknownName(refused) : refused);
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

    private static IOException unreachable(Request request, IOException cause) {
        return HttpTransport.unreachable(request.uri().getRawAuthority(), cause);
    }

    /** Whether the name has no address: the client says so in a cause only. */
    private static boolean isUnresolved(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof UnresolvedAddressException || cause instanceof UnknownHostException) {
                return true;
            }
        }
        return false;
    }

    private static void close(InputStream body) {
        try {
            body.close();
        } catch (IOException ignored) {
            // What reads from it fails all the same.
        }
    }
}
