package dev.hardening.jwks;

import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

/** The transport that uses the caller's HTTP client, with its TLS, proxy and authenticator. An interrupt ends it. */
record HttpClientTransport(HttpClient client) implements JWKSFetcher {

    @Override
    public Response fetch(Request request) throws IOException, InterruptedException {
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
            throw HttpTransport.unreachable(request.uri().getAuthority(), unreachable);
        }
        try (InputStream body = response.body()) {
            return ResponseParser.parse(
                    response.statusCode(), response.headers()::allValues, () -> body, request.maxResponseBytes());
        }
    }
}
