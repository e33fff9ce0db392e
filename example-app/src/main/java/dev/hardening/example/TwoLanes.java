package dev.hardening.example;

import com.nimbusds.jose.JWSAlgorithm;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The load: five times a second, both lanes get the same request with the same token at the same moment. It runs while
 * somebody follows it.
 */
final class TwoLanes implements AutoCloseable {

    /** Whose token a request carries. */
    enum Caller {
        /** Signed in long ago, and again only when her token is refused. */
        ADA,
        /** Signs in every two seconds, so that his token is signed by the newest key. */
        BEN,
        /** Uses a token whose key was withdrawn. */
        THIEF
    }

    enum Outcome {
        OK,
        /** 503: try again. */
        UNAVAILABLE,
        /** 401: sign in again. */
        REFUSED,
        /** Any other status. */
        FAILED,
        /** None within two seconds. */
        NO_ANSWER
    }

    /** One answer; the time is when its request was sent. */
    record Answer(long sentAt, Lane lane, Caller caller, Outcome outcome) {
        /** As the page reads it. */
        List<Object> row() {
            return List.of(sentAt, lane.word(), lower(caller), lower(outcome));
        }

        private static String lower(Enum<?> constant) {
            return constant.name().toLowerCase(Locale.ROOT);
        }
    }

    private static final Duration EVERY = Duration.ofMillis(200);
    private static final Duration PATIENCE = Duration.ofSeconds(2);
    private static final int TICKS_A_SIGN_IN = 10;
    private static final int KEPT = 1500;
    /** The thief gives up then: each try is an unknown key id, and would have the keys fetched again for ever. */
    private static final int REFUSALS_OF_THE_THIEF = 20;

    private final URI server;
    private final DemoIdentityProvider provider;
    private final BooleanSupplier watched;
    private final Consumer<Answer> listener;
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(PATIENCE)
            .executor(Executors.newFixedThreadPool(4, Demo::daemon))
            .build();
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(Demo::daemon);
    private final Deque<Answer> latest = new ArrayDeque<>();
    private volatile boolean paused;
    private volatile @Nullable String adasToken;
    private volatile @Nullable String bensToken;
    private volatile @Nullable String withdrawnToken;
    private final AtomicInteger refusals = new AtomicInteger();
    private long ticks;

    TwoLanes(URI server, DemoIdentityProvider provider, BooleanSupplier watched, Consumer<Answer> listener) {
        this.server = server;
        this.provider = provider;
        this.watched = watched;
        this.listener = listener;
        var unused = clock.scheduleAtFixedRate(this::tick, 0, EVERY.toMillis(), TimeUnit.MILLISECONDS);
    }

    boolean isPaused() {
        return paused;
    }

    void pause(boolean on) {
        paused = on;
    }

    List<Answer> latest() {
        synchronized (latest) {
            return new ArrayList<>(latest);
        }
    }

    /** Withdraws the key that signed Ada's token, keeps that token as a thief would, and lets her sign in anew. */
    void withdraw() {
        String stolen = sign("ada");
        provider.rotate(true);
        refusals.set(0);
        withdrawnToken = stolen;
        adasToken = sign("ada");
        bensToken = sign("ben");
    }

    void reset() {
        withdrawnToken = null;
        adasToken = sign("ada");
        bensToken = sign("ben");
        synchronized (latest) {
            latest.clear();
        }
    }

    private String sign(String name) {
        return provider.sign(String.valueOf(DemoTables.PEOPLE.get(name)), name, JWSAlgorithm.ES256);
    }

    private void tick() {
        try {
            if (paused || !watched.getAsBoolean()) {
                return;
            }
            long tick = ticks++;
            if (adasToken == null) {
                adasToken = sign("ada");
            }
            if (tick % TICKS_A_SIGN_IN == 0) {
                bensToken = sign("ben");
            }
            send(tick % 2 == 0 ? Caller.ADA : Caller.BEN, tick % 2 == 0 ? adasToken : bensToken);
            String stolen = withdrawnToken;
            if (stolen != null && tick % 2 == 0) {
                send(Caller.THIEF, stolen);
            }
        } catch (RuntimeException untilTheNextTick) {
            // A scheduled task that throws would never run again.
        }
    }

    private void send(Caller caller, @Nullable String token) {
        long now = System.currentTimeMillis();
        for (Lane lane : Lane.values()) {
            HttpRequest request = HttpRequest.newBuilder(
                            server.resolve(lane.prefix + "/api/v1/sessions/pending-ratings"))
                    .header("Authorization", "Bearer " + token)
                    .timeout(PATIENCE)
                    .build();
            var unused = client.sendAsync(request, HttpResponse.BodyHandlers.discarding())
                    .handle((answer, failure) -> {
                        Outcome outcome = failure == null ? outcome(answer.statusCode()) : Outcome.NO_ANSWER;
                        if (caller == Caller.ADA
                                && lane == Lane.HARDENED
                                && outcome == Outcome.REFUSED
                                && String.valueOf(token).equals(adasToken)) {
                            adasToken = sign("ada");
                        }
                        if (caller == Caller.THIEF
                                && lane == Lane.HARDENED
                                && outcome == Outcome.REFUSED
                                && refusals.incrementAndGet() == REFUSALS_OF_THE_THIEF) {
                            withdrawnToken = null;
                        }
                        add(new Answer(now, lane, caller, outcome));
                        return outcome;
                    });
        }
    }

    private static Outcome outcome(int status) {
        return switch (status) {
            case 200 -> Outcome.OK;
            case 401 -> Outcome.REFUSED;
            case 503 -> Outcome.UNAVAILABLE;
            default -> Outcome.FAILED;
        };
    }

    private void add(Answer answer) {
        synchronized (latest) {
            latest.addLast(answer);
            if (latest.size() > KEPT) {
                latest.removeFirst();
            }
        }
        listener.accept(answer);
    }

    @Override
    public void close() {
        clock.shutdownNow();
    }
}
