package dev.hardening.jwks;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The default transport: the JDK's HTTP client, without redirects, with one deadline for everything and a size limit. */
final class HttpFetcher implements JWKSFetcher {

    private static final Pattern MAX_AGE = Pattern.compile("(?:^|[\\s,])max-age=\"?(\\d{1,10})");
    private static final Pattern SECONDS = Pattern.compile("\\d{1,10}");

    @Override
    public Response fetch(Request request) throws IOException, InterruptedException {
        CompletableFuture<Response> answer = fetchAsync(request);
        try {
            return answer.get();
        } catch (InterruptedException interrupted) {
            answer.cancel(true);
            throw interrupted;
        } catch (ExecutionException failed) {
            throw failed.getCause() instanceof IOException io ? io : new IOException(failed.getCause());
        }
    }

    /** Gets the key set without holding a thread meanwhile. */
    CompletableFuture<Response> fetchAsync(Request request) {
        HttpRequest.Builder http = HttpRequest.newBuilder(request.uri())
                .header("Accept", "application/jwk-set+json, application/json")
                .timeout(request.timeout());
        if (request.etag() != null) {
            http.header("If-None-Match", request.etag());
        }
        if (request.lastModified() != null) {
            http.header("If-Modified-Since", request.lastModified());
        }
        HttpRequest get = http.build();
        CompletableFuture<HttpResponse<byte[]>> exchange =
                Shared.exchange(client -> client.sendAsync(get, info -> new Limited(request.maxResponseBytes())));
        CompletableFuture<Response> answered = exchange.thenApply(HttpFetcher::answer);
        // The request's own timeout ends with the headers; this one also ends a body that drips.
        Future<?> deadline = Shared.timerThread()
                .schedule(
                        () -> answered.completeExceptionally(new TimeoutException()),
                        request.timeout().toNanos(),
                        TimeUnit.NANOSECONDS);
        CompletableFuture<Response> answer =
                answered.exceptionallyCompose(failure -> CompletableFuture.failedFuture(readable(failure, request)));
        var unused = answer.whenComplete((response, failure) -> {
            deadline.cancel(false);
            exchange.cancel(true);
        });
        return answer;
    }

    private static Throwable readable(@Nullable Throwable failure, Request request) {
        Throwable cause = Flight.cause(failure);
        if (cause instanceof TimeoutException || cause instanceof java.net.http.HttpTimeoutException) {
            return new IOException(
                    "no complete answer within " + request.timeout().toMillis() + " ms");
        }
        if (cause instanceof CancellationException) {
            return new IOException("the fetch was cancelled");
        }
        if (cause instanceof ConnectException && cause.getMessage() == null) {
            return new IOException("could not connect to " + request.uri().getAuthority(), cause);
        }
        if (cause instanceof IOException && cause.getMessage() == null) {
            return new IOException(cause.getClass().getSimpleName());
        }
        return cause == null ? new IOException("unknown") : cause;
    }

    private static Response answer(HttpResponse<byte[]> http) {
        Duration maxAge = maxAge(http.headers());
        if (http.statusCode() == 304) {
            return Response.notModified(maxAge);
        }
        if (http.statusCode() != 200) {
            String redirect = http.statusCode() >= 300 && http.statusCode() < 400 ? ", and redirects are refused" : "";
            throw new java.util.concurrent.CompletionException(
                    new IOException("the endpoint answered HTTP " + http.statusCode() + redirect));
        }
        return Response.of(
                http.body(),
                http.headers().firstValue("ETag").orElse(null),
                http.headers().firstValue("Last-Modified").orElse(null),
                maxAge);
    }

    /** RFC 9111, sections 4.2.1 and 5.1: what is left of max-age after the time in other caches. */
    private static @Nullable Duration maxAge(HttpHeaders headers) {
        Matcher maxAge = MAX_AGE.matcher(
                String.join(",", headers.allValues("Cache-Control")).toLowerCase(Locale.ROOT));
        if (!maxAge.find()) {
            return null;
        }
        long age = headers.firstValue("Age")
                .map(String::strip)
                .filter(text -> SECONDS.matcher(text).matches())
                .map(Long::parseLong)
                .orElse(0L);
        return Duration.ofSeconds(Math.max(0, Long.parseLong(maxAge.group(1)) - age));
    }

    static boolean isLoopback(URI uri) {
        String host = uri.getHost();
        return host != null
                && (host.equalsIgnoreCase("localhost") || host.equals("[::1]") || host.matches("127(\\.\\d{1,3}){3}"));
    }

    /** Takes a body up to a size, and breaks off at once beyond it. */
    private static final class Limited implements HttpResponse.BodySubscriber<byte[]> {

        private final int maxBytes;
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final CompletableFuture<byte[]> body = new CompletableFuture<>();
        private Flow.@Nullable Subscription subscription;

        Limited(int maxBytes) {
            this.maxBytes = maxBytes;
        }

        @Override
        public CompletionStage<byte[]> getBody() {
            return body;
        }

        @Override
        public void onSubscribe(Flow.Subscription newSubscription) {
            subscription = newSubscription;
            newSubscription.request(Long.MAX_VALUE);
        }

        @Override
        public void onNext(List<ByteBuffer> buffers) {
            for (ByteBuffer buffer : buffers) {
                if (bytes.size() + buffer.remaining() > maxBytes) {
                    if (subscription != null) {
                        subscription.cancel();
                    }
                    body.completeExceptionally(new IOException("the answer is larger than " + maxBytes + " bytes"));
                    return;
                }
                byte[] chunk = new byte[buffer.remaining()];
                buffer.get(chunk);
                bytes.write(chunk, 0, chunk.length);
            }
        }

        @Override
        public void onError(Throwable failure) {
            body.completeExceptionally(failure);
        }

        @Override
        public void onComplete() {
            body.complete(bytes.toByteArray());
        }
    }
}
