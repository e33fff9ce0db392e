package dev.hardening.redis;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.resource.ClientResources;
import io.netty.resolver.DefaultAddressResolverGroup;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;

/**
 * Loads the classes of Lettuce and Netty once in a process, before a deadline's clock starts. In a cold JVM this takes
 * longer than the answer of a healthy Redis, and on a slow machine longer than the whole deadline. It connects once to
 * a socket of its own on loopback, within a limited time. If that is impossible, it loads only what it can.
 */
final class WarmUp {

    private static final int BOUND_SECONDS = 30;

    private WarmUp() {}

    // Each begins on a thread of its own when its holder class is initialized, so that the waiting thread can be
    // interrupted.

    private static final class Plain {
        static final FutureTask<Duration> TOOK = begin(WarmUp::run);

        private Plain() {}
    }

    private static final class Tls {
        static final FutureTask<Duration> TOOK = begin(WarmUp::runTls);

        private Tls() {}
    }

    private static FutureTask<Duration> begin(Callable<Duration> run) {
        FutureTask<Duration> task = new FutureTask<>(run);
        Workers.run(task);
        return task;
    }

    /** Waits until it is done, and says how long it took. */
    static Duration await(boolean tls) throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        try {
            Duration took = Plain.TOOK.get();
            return tls ? took.plus(Tls.TOOK.get()) : took;
        } catch (ExecutionException failed) {
            return Duration.ZERO; // the first attempt fails in the same way, and reports it
        }
    }

    /** Does the part of TLS that needs no server: trust store, providers, and the keys of the first message. */
    private static Duration runTls() throws GeneralSecurityException, SSLException {
        long start = System.nanoTime();
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, null, null);
        SSLEngine engine = context.createSSLEngine();
        engine.setUseClientMode(true);
        engine.beginHandshake();
        var unused = engine.wrap(
                ByteBuffer.allocate(0), ByteBuffer.allocate(engine.getSession().getPacketBufferSize()));
        return Duration.ofNanos(System.nanoTime() - start);
    }

    private static Duration run() {
        long start = System.nanoTime();
        ClientResources resources = ClientResources.builder()
                .ioThreadPoolSize(2)
                .computationThreadPoolSize(2)
                .addressResolverGroup(DefaultAddressResolverGroup.INSTANCE)
                .build();
        RedisClient client = RedisClient.create(resources);
        client.setOptions(ClientOptions.builder().autoReconnect(false).build());
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            server.setSoTimeout(BOUND_SECONDS * 1_000);
            Workers.run(() -> answer(server));
            RedisURI uri = RedisURI.create(server.getInetAddress().getHostAddress(), server.getLocalPort());
            StatefulRedisConnection<String, String> connection =
                    client.connectAsync(StringCodec.UTF8, uri).get(BOUND_SECONDS, TimeUnit.SECONDS);
            connection.async().ping().get(BOUND_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        } catch (Exception notPossible) {
            // There is no loopback, or a security policy forbids it. The other classes load later.
        } finally {
            ClientRuntime.shutDown(client, resources, Duration.ZERO);
        }
        return Duration.ofNanos(System.nanoTime() - start);
    }

    /** Answers just enough of the protocol, as an old server without HELLO does. */
    private static void answer(ServerSocket server) {
        try (Socket socket = server.accept()) {
            socket.setSoTimeout(BOUND_SECONDS * 1_000);
            byte[] buffer = new byte[4_096];
            for (int length = socket.getInputStream().read(buffer);
                    length >= 0;
                    length = socket.getInputStream().read(buffer)) {
                String commands = new String(buffer, 0, length, StandardCharsets.US_ASCII);
                StringBuilder answers = new StringBuilder();
                for (String command : commands.split("\\*", -1)) {
                    if (command.contains("PING")) {
                        answers.append("+PONG\r\n");
                    } else if (!command.isEmpty()) {
                        answers.append("-ERR unknown command\r\n");
                    }
                }
                socket.getOutputStream().write(answers.toString().getBytes(StandardCharsets.US_ASCII));
                socket.getOutputStream().flush();
            }
        } catch (IOException over) {
            // The client has closed the connection.
        }
    }
}
