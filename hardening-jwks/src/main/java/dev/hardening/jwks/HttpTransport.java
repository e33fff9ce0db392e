package dev.hardening.jwks;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * The default transport: one GET on one connection by HTTP/1.1 (RFC 9112), without redirects, cookies or retries, with one
 * deadline for everything and a size limit. An interrupt ends it at once, with two exceptions. While it goes through a SOCKS
 * proxy, the deadline ends it. While it waits for a name server, only the name server's own time-out does: the fetch fails
 * at its deadline, and this thread returns later.
 *
 * <p>docs/decisions.md says why it is neither of the JDK's two clients.
 */
final class HttpTransport implements JWKSFetcher {

    private static final Pattern LINE_BREAK = Pattern.compile("[\\r\\n]");

    @Override
    public Response fetch(Request request) throws IOException, InterruptedException {
        Deadline deadline = new Deadline(request.timeout().toNanos());
        try {
            return exchange(request, deadline);
        } catch (IOException failed) {
            if (Thread.interrupted()) { // it closed the connection
                throw new InterruptedException();
            }
            if (failed instanceof SocketTimeoutException || deadline.isOver()) {
                throw late(request, failed);
            }
            throw failed;
        }
    }

    static IOException late(Request request, IOException cause) {
        return new IOException("no complete answer within " + request.timeout().toMillis() + " ms", cause);
    }

    static IOException unreachable(@Nullable String where, IOException cause) {
        String why = cause.getMessage() == null ? "" : ": " + cause.getMessage();
        return new IOException("could not connect to " + where + why, cause);
    }

    static IOException unknownName(IOException cause) {
        return new IOException("the name has no address", cause);
    }

    private static Response exchange(Request request, Deadline deadline) throws IOException {
        URI uri = request.uri();
        IOException failure = null;
        for (Proxy proxy : proxies(uri)) {
            try (Socket plain = connect(uri, proxy, deadline)) {
                return exchange(request, plain, proxy, deadline);
            } catch (Unreachable unreachable) {
                failure = unreachable;
            }
        }
        throw failure == null
                ? new IOException("there is no way to " + uri.getRawAuthority())
                : new IOException(failure.getMessage(), failure);
    }

    /**
     * Closes the connection at the deadline. A read's own time-out would not be enough, because it begins again with each
     * byte, also within TLS.
     */
    private static Response exchange(Request request, Socket plain, Proxy proxy, Deadline deadline) throws IOException {
        URI uri = request.uri();
        Future<?> end = SharedThreads.INSTANCE.schedule(() -> close(plain), deadline.nanosLeft());
        try (Socket socket = isHttps(uri) ? secure(plain, uri, proxy) : plain) {
            send(socket, head(request, target(uri, proxy)));
            HttpReader reader = new HttpReader(socket.getInputStream());
            int status = reader.readHead();
            return ResponseParser.parse(
                    status, reader::header, () -> reader.body(request.maxResponseBytes()), request.maxResponseBytes());
        } finally {
            end.cancel(false);
        }
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException ignored) {
            // What reads from it fails all the same.
        }
    }

    /** Plain http to this machine goes directly: a proxy could choose the keys. */
    private static List<Proxy> proxies(URI uri) {
        if (!isHttps(uri) && EndpointRules.isLoopback(uri.getHost())) {
            return List.of(Proxy.NO_PROXY);
        }
        ProxySelector selector = ProxySelector.getDefault();
        return selector == null ? List.of(Proxy.NO_PROXY) : selector.select(uri);
    }

    // ---- connecting

    /** There is no connection; another proxy may have one. */
    private static final class Unreachable extends IOException {

        private static final long serialVersionUID = 1;

        Unreachable(String where, IOException cause) {
            super(unreachable(where, cause).getMessage(), cause);
        }
    }

    private static Socket connect(URI uri, Proxy proxy, Deadline deadline) throws IOException {
        String host = host(uri);
        int port = EndpointRules.port(uri);
        return switch (proxy.type()) {
            case DIRECT -> connectTo(host, port, deadline);
            case HTTP -> connectTo(proxyHost(proxy), proxyPort(proxy), deadline);
            case SOCKS -> connectBySocks(proxy, host, port, deadline);
        };
    }

    private static Socket connectTo(String host, int port, Deadline deadline) throws IOException {
        InetAddress[] addresses = addresses(host, port);
        IOException failure = null;
        for (int i = 0; i < addresses.length; i++) {
            // A channel's socket, because an interrupt closes it.
            Socket socket = SocketChannel.open().socket();
            try {
                socket.setTcpNoDelay(true);
                socket.connect(
                        new InetSocketAddress(addresses[i], port), deadline.millisLeft() / (addresses.length - i));
                return socket;
            } catch (IOException unreachable) {
                socket.close();
                failure = unreachable;
            } catch (RuntimeException | Error unexpected) {
                socket.close();
                throw unexpected;
            }
        }
        throw new Unreachable(host + ":" + port, failure == null ? new IOException("no address") : failure);
    }

    private static InetAddress[] addresses(String host, int port) throws Unreachable {
        try {
            return InetAddress.getAllByName(host);
        } catch (UnknownHostException unknown) {
            throw new Unreachable(host + ":" + port, unknownName(unknown));
        }
    }

    private static Socket connectBySocks(Proxy proxy, String host, int port, Deadline deadline) throws IOException {
        Socket socket = new Socket(proxy);
        try {
            socket.connect(InetSocketAddress.createUnresolved(host, port), deadline.millisLeft());
            return socket;
        } catch (IOException unreachable) {
            socket.close();
            throw new Unreachable(host + ":" + port, unreachable);
        } catch (RuntimeException | Error unexpected) {
            socket.close();
            throw unexpected;
        }
    }

    private static String proxyHost(Proxy proxy) {
        return proxy.address() instanceof InetSocketAddress address ? address.getHostString() : "";
    }

    private static int proxyPort(Proxy proxy) {
        SocketAddress address = proxy.address();
        return address instanceof InetSocketAddress known ? known.getPort() : 0;
    }

    /** RFC 9110, section 9.3.6. */
    private static void openTunnel(Socket proxy, String authority) throws IOException {
        String request = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n";
        send(proxy, request);
        int status = new HttpReader(proxy.getInputStream()).readHead();
        if (status / 100 != 2) {
            throw new IOException("the proxy answered HTTP " + status
                    + (status == 407 ? "; a client that logs in there can be given by httpClient(…)" : ""));
        }
    }

    /** TLS, with the host's name in the certificate (RFC 9110, section 4.3.4). */
    private static Socket secure(Socket plain, URI uri, Proxy proxy) throws IOException {
        if (proxy.type() == Proxy.Type.HTTP) {
            openTunnel(plain, uri.getHost() + ":" + EndpointRules.port(uri));
        }
        SSLSocketFactory factory = (SSLSocketFactory) SSLSocketFactory.getDefault();
        SSLSocket secured = (SSLSocket) factory.createSocket(plain, host(uri), EndpointRules.port(uri), true);
        SSLParameters parameters = secured.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        secured.setSSLParameters(parameters);
        secured.startHandshake();
        return secured;
    }

    private static boolean isHttps(URI uri) {
        return "https".equalsIgnoreCase(uri.getScheme());
    }

    /** Without the brackets of an IPv6 address, and {@code localhost} without the dot, which some resolvers do not know. */
    private static String host(URI uri) {
        String host = uri.getHost();
        if (host.equalsIgnoreCase("localhost.")) {
            return "localhost";
        }
        return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    }

    // ---- the exchange

    private static String target(URI uri, Proxy proxy) {
        String path = uri.getRawPath() == null || uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
        String pathAndQuery = uri.getRawQuery() == null ? path : path + "?" + uri.getRawQuery();
        return proxy.type() == Proxy.Type.HTTP && !isHttps(uri)
                ? uri.getScheme() + "://" + uri.getRawAuthority() + pathAndQuery
                : pathAndQuery;
    }

    private static String head(Request request, String target) throws IOException {
        StringBuilder head = new StringBuilder("GET " + target + " HTTP/1.1\r\n");
        header(head, "Host", request.uri().getRawAuthority());
        header(head, "Accept", ResponseParser.ACCEPT);
        header(head, "Accept-Encoding", ResponseParser.ACCEPT_ENCODING);
        header(head, "Connection", "close");
        if (!hasUserAgent(request)) {
            header(head, "User-Agent", "hardening-jwks");
        }
        if (request.etag() != null) {
            header(head, "If-None-Match", request.etag());
        }
        if (request.lastModified() != null) {
            header(head, "If-Modified-Since", request.lastModified());
        }
        for (Map.Entry<String, String> header : request.headers().entrySet()) {
            header(head, header.getKey(), header.getValue());
        }
        return head.append("\r\n").toString();
    }

    private static boolean hasUserAgent(Request request) {
        for (String name : request.headers().keySet()) {
            if (name.equalsIgnoreCase("User-Agent")) {
                return true;
            }
        }
        return false;
    }

    private static void header(StringBuilder head, String name, String value) throws IOException {
        if (LINE_BREAK.matcher(name).find() || LINE_BREAK.matcher(value).find()) {
            throw new IOException("a request header may not have a line break");
        }
        head.append(name).append(": ").append(value).append("\r\n");
    }

    private static void send(Socket socket, String head) throws IOException {
        OutputStream out = socket.getOutputStream();
        out.write(head.getBytes(StandardCharsets.ISO_8859_1));
        out.flush();
    }

    /** The end of all that a fetch may do. */
    private static final class Deadline {

        private final long end;

        Deadline(long nanos) {
            end = System.nanoTime() + nanos;
        }

        boolean isOver() {
            return nanosLeft() <= 0;
        }

        long nanosLeft() {
            return end - System.nanoTime();
        }

        /** At least one millisecond: zero would be without an end. */
        int millisLeft() throws SocketTimeoutException {
            long left = nanosLeft();
            if (left <= 0) {
                throw new SocketTimeoutException();
            }
            return (int) Math.min(Integer.MAX_VALUE, Math.max(1, TimeUnit.NANOSECONDS.toMillis(left)));
        }
    }
}
