package dev.hardening.benchmarks;

import dev.hardening.redis.ConnectedRedis;
import dev.hardening.redis.RedisConnector;
import dev.hardening.testing.RedisServer;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * A connection that has answered PING, by this project's connector and by Lettuce alone, with the same options, in pairs
 * whose order is drawn: the first as long as a service waits for it, then with its end.
 */
final class RedisConnect {

    private static final ClientOptions OPTIONS = ClientOptions.create();
    private static final double MOST = 1.05;

    /** Nanoseconds until PING was answered, and until everything was closed again. */
    record Took(double ready, double ended) {}

    /** One side of the pair. */
    enum Side {
        HARDENING {
            @Override
            Took connect(String url) {
                long start = System.nanoTime();
                ConnectedRedis redis = RedisConnector.builder(url)
                        .clientOptions(OPTIONS)
                        .build()
                        .connect();
                long ready = System.nanoTime();
                redis.close();
                return new Took(ready - start, System.nanoTime() - start);
            }
        },
        LETTUCE {
            @Override
            Took connect(String url) {
                long start = System.nanoTime();
                RedisClient client = RedisClient.create(url);
                client.setOptions(OPTIONS);
                StatefulRedisConnection<String, String> connection = client.connect();
                if (!connection.sync().ping().equals("PONG")) {
                    throw new IllegalStateException("it did not answer PING");
                }
                long ready = System.nanoTime();
                connection.close();
                client.shutdown();
                return new Took(ready - start, System.nanoTime() - start);
            }
        };

        abstract Took connect(String url);
    }

    private RedisConnect() {}

    /** For a JVM of its own: prints how long its first connect took, in nanoseconds. Arguments: the side, the URL. */
    public static void main(String[] arguments) {
        System.out.println(Side.valueOf(arguments[0]).connect(arguments[1]).ready());
    }

    private static Took cold(Side side, String url) {
        try {
            Process process =
                    Children.start(Children.java(Children.classPath(), RedisConnect.class.getName(), side.name(), url)
                            .redirectError(ProcessBuilder.Redirect.INHERIT));
            try {
                String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
                process.waitFor(60, TimeUnit.SECONDS);
                double took = Double.parseDouble(out.strip());
                return new Took(took, took);
            } finally {
                Children.end(process);
            }
        } catch (IOException failed) {
            throw new IllegalStateException(failed);
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(stopping);
        }
    }

    /** How a side connects: in this JVM or in one of its own. */
    private interface Way {
        Took connect(Side side);
    }

    /** Waits for the end of what the connect before left running, or its end would be a part of the next one's time. */
    private static void awaitEndOfThreads() {
        for (int millis = 0; millis < 5_000 && anyRuns(); millis++) {
            LockSupport.parkNanos(1_000_000);
        }
    }

    private static boolean anyRuns() {
        Thread[] all = new Thread[1_000];
        return Stream.of(all)
                .limit(Thread.enumerate(all))
                .anyMatch(thread -> thread.getName().startsWith("lettuce"));
    }

    private static void pairs(int number, Way way, Paired ready, Paired ended) {
        Random order = new Random(11);
        for (int i = 0; i < number; i++) {
            Took our;
            Took their;
            if (order.nextBoolean()) {
                our = way.connect(Side.HARDENING);
                their = way.connect(Side.LETTUCE);
            } else {
                their = way.connect(Side.LETTUCE);
                our = way.connect(Side.HARDENING);
            }
            ready.add(our.ready / 1e6, their.ready / 1e6);
            ended.add(our.ended / 1e6, their.ended / 1e6);
        }
    }

    static Section section(Budget budget) throws IOException {
        Section section = new Section(
                "a connection to Redis on loopback",
                "pairs",
                "`RedisConnector`, ms",
                "Lettuce alone, ms",
                "ratio (95 % interval)");
        try (RedisServer server = RedisServer.start()) {
            String url = server.uri();
            Paired unused = new Paired();
            Way here = side -> {
                awaitEndOfThreads();
                return side.connect(url);
            };
            pairs(Math.max(3, budget.connects() / 5), here, unused, unused);
            Paired ready = new Paired();
            Paired ended = new Paired();
            pairs(budget.connects(), here, ready, ended);
            row(section, "connect and PING", budget.connects(), ready);
            row(section, "connect, PING, and close everything", budget.connects(), ended);
            if (budget.coldConnects() > 0) {
                Paired cold = new Paired();
                pairs(budget.coldConnects(), side -> cold(side, url), cold, new Paired());
                row(section, "the first of a process: connect and PING", budget.coldConnects(), cold);
            }
            section.targets()
                    .add(Section.Target.of(
                            "connect and PING to Redis, against Lettuce alone",
                            "≤ 1.05×",
                            ready.text(),
                            ready.ratio() <= MOST));
        }
        return section;
    }

    private static void row(Section section, String what, int number, Paired pairs) {
        section.row(what, number, pairs.ours(), pairs.theirs(), pairs.text());
    }
}
