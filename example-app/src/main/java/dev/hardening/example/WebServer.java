package dev.hardening.example;

import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import io.javalin.http.staticfiles.Location;
import io.javalin.util.JavalinBindException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.eclipse.jetty.server.Server;

/** The HTTP server around the routes: static files, security headers, problems, bounds, and a stop that loses no request. */
final class WebServer implements AutoCloseable {

    private static final Duration DRAIN_LIMIT = Duration.ofSeconds(8);
    private static final int FIRST_PORT_FOR_ALL = 1024;
    private static final Duration LINGER = Duration.ofSeconds(1);

    private final Drain drain = new Drain();
    private final Javalin javalin;

    WebServer(Consumer<JavalinConfig> routes) {
        javalin = Javalin.create(config -> {
            config.startup.showJavalinBanner = false;
            config.startup.showOldJavalinVersionWarning = false;
            config.concurrency.useVirtualThreads = Runtime.version().feature() >= 21;
            config.http.maxRequestSize = RequestBody.MAX_BYTES;
            config.http.prefer405over404 = true;
            config.jetty.modifyHttpConfiguration(http -> {
                http.setSendServerVersion(false);
                http.setIdleTimeout(RequestBody.TIME_LIMIT.toMillis());
                http.addCustomizer(new SecurityHeaders());
            });
            config.jetty.modifyServer(this::prepare);
            staticFiles(config, "/", "/public");
            staticFiles(
                    config,
                    "/webjars/hardening-rating-guard",
                    "/META-INF/resources/webjars/hardening-rating-guard/" + version());
            Problems.register(config);
            config.routes.get("/docs/{page}", Docs::answer);
            config.routes.get("/docs/pictures/{picture}", Docs::picture);
            routes.accept(config);
        });
    }

    private void prepare(Server server) {
        server.insertHandler(new Head());
        server.insertHandler(drain);
        server.setErrorHandler(new Problems());
        server.addBean(new SlowSenders(server, RequestBody.TIME_LIMIT));
    }

    private static void staticFiles(JavalinConfig config, String hostedPath, String directory) {
        config.staticFiles.add(files -> {
            files.hostedPath = hostedPath;
            files.directory = directory;
            files.location = Location.CLASSPATH;
            files.headers = Map.of("Cache-Control", "no-cache");
        });
    }

    /** The project's version, as the build wrote it down. */
    static String version() {
        Properties properties = new Properties();
        try (InputStream in = WebServer.class.getResourceAsStream("/focus-squad.properties")) {
            properties.load(Objects.requireNonNull(in));
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
        return properties.getProperty("version");
    }

    /** Listens. @throws BindException if the port is taken or not allowed, with a message that says what to do */
    void start(String host, int port) throws BindException {
        try {
            javalin.start(host, port);
        } catch (JavalinBindException failure) {
            throw refused(port, failure);
        }
    }

    static BindException refused(int port, Throwable failure) {
        String reason = " is taken";
        if (says(failure, "ermission denied")) {
            reason = " is only for an administrator";
        } else if (port < FIRST_PORT_FOR_ALL && !says(failure, "in use")) {
            // Both are a BindException, whose text is in the language of the machine.
            reason = " is taken, or only for an administrator";
        }
        return new BindException("port " + port + reason + ". Choose another one with -Dport=9090.");
    }

    private static boolean says(Throwable failure, String words) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (String.valueOf(cause.getMessage()).contains(words)) {
                return true;
            }
        }
        return false;
    }

    int port() {
        return javalin.port();
    }

    /**
     * Refuses new requests with 503 and waits up to 8 s for those under way; for a second at least, so that a load balancer
     * sees the 503 before it sees a closed port.
     */
    void drain() {
        long began = System.nanoTime();
        drain.begin();
        try {
            drain.await(DRAIN_LIMIT);
            TimeUnit.NANOSECONDS.sleep(LINGER.toNanos() - (System.nanoTime() - began));
        } catch (InterruptedException stopNow) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        javalin.stop();
    }
}
