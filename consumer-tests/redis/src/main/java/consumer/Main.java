package consumer;

import dev.hardening.redis.Backoff;
import dev.hardening.redis.ConnectedRedis;
import dev.hardening.redis.RedisConnectException;
import dev.hardening.redis.RedisConnector;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Uses what API.md promises of hardening-redis, with a real server. */
public final class Main {

    public static void main(String[] arguments) throws Exception {
        int port = freePort();
        List<Duration> waits = new ArrayList<>();
        RedisConnector connector = RedisConnector.builder("redis://127.0.0.1:" + port)
                .backoff(Backoff.exponential(Duration.ofSeconds(1)))
                .sleeper(waits::add)
                .build();
        try {
            connector.connect();
            throw new AssertionError("it has to throw");
        } catch (RedisConnectException refused) {
            check(refused.getMessage().equals("Redis connection failed after 3 attempts: Connection refused"));
            check(refused.attempts().size() == 3);
            check(waits.equals(List.of(Duration.ofSeconds(1), Duration.ofSeconds(2))));
        }
        Process server = new ProcessBuilder(
                        "redis-server", "--port", String.valueOf(port), "--bind", "127.0.0.1", "--save", "")
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (ConnectedRedis redis = RedisConnector.builder("redis://127.0.0.1:" + port)
                .attempts(100)
                .backoff(attempt -> Duration.ofMillis(100))
                .build()
                .connect()) {
            redis.sync().set("k", "v");
            check(redis.sync().get("k").equals("v"));
            check(redis.ping());
            check(redis.report().attempts() >= 1);
        } finally {
            server.destroyForcibly().waitFor();
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static void check(boolean expected) {
        if (!expected) {
            throw new AssertionError();
        }
    }
}
