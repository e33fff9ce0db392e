package dev.hardening.redis;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;

/**
 * Drives the parts that decide, {@link Schedule}, {@link Heartbeat} and {@link Supervisor}, through virtual time: a start,
 * and then hours of connections to a server that refuses, falls silent, answers slowly, or is demoted. Everything is drawn
 * from a seed. What has to hold is checked at each step.
 */
final class Simulation {

    /** What has to hold does not. */
    static final class Violation extends AssertionError {
        private static final long serialVersionUID = 1;

        Violation(long seed, long step, String what) {
            super("seed " + seed + ", step " + step + ": " + what);
        }
    }

    private enum Server {
        ANSWERS,
        REFUSES,
        SILENT
    }

    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1_000 * MILLI;
    private static final long READ_LATE = 10 * MILLI;
    private static final long LONGEST_GAP = Heartbeat.SHORTEST_PATIENCE.toNanos() * 9 / 10;
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);

    private record Event(long at, long order, Runnable what) {}

    private final long seed;
    private final Random random;
    private final PriorityQueue<Event> events =
            new PriorityQueue<>(Comparator.comparingLong(Event::at).thenComparingLong(Event::order));
    private long now;
    private long order;
    private long steps;

    private Simulation(long seed) {
        this.seed = seed;
        random = new Random(seed);
    }

    /** Twenty starts, and as many steps of supervision; returns an end that depends on the seed alone. */
    static String run(long seed, int steps) {
        Simulation simulation = new Simulation(seed);
        for (int i = 0; i < 20; i++) {
            simulation.start();
        }
        simulation.supervise(steps);
        return simulation.now + " " + simulation.order + " " + simulation.told;
    }

    private void require(boolean holds, String what) {
        if (!holds) {
            throw new Violation(seed, steps, what);
        }
    }

    private void in(long delay, Runnable what) {
        events.add(new Event(now + delay, order++, what));
    }

    // ---- the start

    private void start() {
        int attempts = 1 + random.nextInt(10);
        Duration deadline = Duration.ofMillis(500 + random.nextInt(20_000));
        Duration attemptTimeout = Duration.ofMillis(100 + random.nextInt(5_000));
        double jitter = random.nextInt(3) * 0.2;
        Backoff backoff = random.nextBoolean()
                ? Backoff.exponential(Duration.ofMillis(random.nextInt(2_000)))
                : attempt -> Duration.ofMillis(random.nextInt(3_000) - 500);
        List<Duration> planned = new ArrayList<>();
        Schedule schedule = new Schedule(
                new Schedule.Policy(
                        attempts,
                        attempt -> {
                            planned.add(backoff.after(attempt));
                            return planned.get(planned.size() - 1);
                        },
                        deadline,
                        attemptTimeout,
                        jitter),
                random::nextDouble);
        boolean instant = random.nextBoolean();
        Duration elapsed = Duration.ZERO;
        Duration waited = Duration.ZERO;
        Duration plan = Duration.ZERO;
        for (int attempt = 1; ; attempt++) {
            steps++;
            require(attempt <= attempts, "there are more attempts than allowed");
            Duration budget = schedule.attemptBudget(elapsed);
            require(budget.compareTo(Schedule.TOLERANCE) >= 0, "an attempt has next to no time");
            require(
                    budget.compareTo(Schedule.TOLERANCE) == 0 || budget.compareTo(attemptTimeout) <= 0,
                    "an attempt may take longer than its timeout");
            if (!instant) {
                elapsed = elapsed.plus(Duration.ofNanos((long) (budget.toNanos() * random.nextDouble())));
            }
            require(
                    elapsed.compareTo(deadline.plus(Schedule.TOLERANCE).plus(Schedule.TOLERANCE)) <= 0,
                    "the start takes longer than its deadline");
            Optional<Duration> asked =
                    random.nextInt(8) == 0 ? Optional.of(Duration.ofMillis(random.nextInt(6_000))) : Optional.empty();
            Optional<Duration> next = schedule.waitAfter(attempt, elapsed, asked);
            if (next.isEmpty()) {
                boolean outOfTime = attempt == attempts
                        || plan.plus(max(planned.get(planned.size() - 1), asked.orElse(Duration.ZERO)))
                                        .compareTo(deadline)
                                > 0
                        || !instant
                        || jitter > 0;
                require(outOfTime, "it ends early although there is time");
                return;
            }
            Duration wait = next.get();
            Duration step = max(planned.get(planned.size() - 1), Duration.ZERO);
            require(attempt < attempts, "a wait follows the last attempt");
            require(!wait.isNegative(), "a wait is negative");
            require(
                    wait.toNanos() <= step.toNanos() * (1 + jitter) + 1 || asked.isPresent(),
                    "a wait is longer than planned");
            require(
                    wait.toNanos() >= step.toNanos() * (1 - jitter) / 2 - 1,
                    "a wait is shorter than half of what is planned");
            if (instant && asked.isEmpty() && jitter == 0) {
                require(wait.equals(step), "a wait differs from the plan without need");
            }
            if (asked.isPresent()
                    && instant
                    && asked.get().compareTo(step) > 0
                    && jitter == 0
                    && waited.plus(asked.get()).compareTo(deadline) < 0) {
                require(wait.equals(asked.get()), "what the server asks for is not granted though it fits");
            }
            plan = plan.plus(max(step, asked.isPresent() && wait.equals(asked.get()) ? wait : Duration.ZERO));
            waited = waited.plus(wait);
            elapsed = elapsed.plus(wait);
            require(waited.compareTo(deadline) <= 0, "the waits add up to more than the deadline");
        }
    }

    private static Duration max(Duration one, Duration other) {
        return one.compareTo(other) > 0 ? one : other;
    }

    // ---- afterwards

    private Server server = Server.ANSWERS;
    private long serverSince;
    private long slowness;
    private long pausedUntil;
    private long lastPause = Long.MIN_VALUE / 2;
    private Duration period = Duration.ofSeconds(5);
    private Duration longest = Duration.ofSeconds(5);
    private Supervisor supervisor = new Supervisor(List.of());
    private final List<Connection> connections = new ArrayList<>();
    private boolean outageTold;
    private boolean closed;
    private final Set<String> told = new LinkedHashSet<>();
    private String brokenRule = "";

    private final class Connection {
        Heartbeat beats = new Heartbeat(period, 0, 0);
        boolean up;
        boolean forgotten;
        boolean busy;
        int attempt;
        int generation;
        long arrived;
        long lastAsk = -1;
        long owedSince = -1;
        long upSince;
        long idleSince;

        void connected() {
            up = true;
            forgotten = false;
            busy = false;
            attempt = 0;
            generation++;
            arrived = now;
            owedSince = -1;
            upSince = now;
            idleSince = now;
            beats = new Heartbeat(period, 0, now);
            supervisor.returned(this);
            look(generation);
        }

        void lost(String reason) {
            up = false;
            generation++;
            supervisor.lost(this, reason);
            reconnectLater();
        }

        void reconnectLater() {
            attempt++;
            Duration delay = Schedule.reconnectDelay(attempt, longest, 1, random.nextDouble());
            require(delay.compareTo(longest) <= 0, "a reconnect waits longer than the longest wait");
            require(!delay.isNegative() && !delay.isZero(), "a reconnect does not wait");
            long least = Math.min((100 * MILLI) << Math.min(attempt - 1, 20), longest.toNanos()) / 2;
            require(delay.toNanos() >= least - 1, "a reconnect waits too short a time");
            in(delay.toNanos(), this::reconnect);
        }

        void reconnect() {
            if (closed) {
                return;
            }
            switch (server) {
                case ANSWERS -> connected();
                case REFUSES -> {
                    String reason = "refused " + random.nextInt(3);
                    in(
                            (long) (random.nextDouble() * 5 * SECOND),
                            () -> supervisor.reconnectFailed(reason)); // it is late
                    reconnectLater();
                }
                case SILENT ->
                    in(CONNECT_TIMEOUT.toNanos(), () -> {
                        if (!closed) {
                            supervisor.reconnectFailed("timed out");
                            reconnectLater();
                        }
                    });
            }
        }

        /** Bytes arrive; while the process stands still they lie in a buffer, and are read after the timers that are due. */
        void receive(int of, boolean answer) {
            if (of != generation || !up || closed) {
                return;
            }
            if (answer) {
                owedSince = -1;
            }
            arrived = now;
            long readAt = Math.max(now, pausedUntil + READ_LATE);
            in(readAt - now, () -> {
                if (of == generation && up) {
                    beats.heard(now);
                    if (answer) {
                        beats.answered();
                    }
                }
            });
        }

        void look(int of) {
            if (of != generation || !up || closed) {
                return;
            }
            if (now < pausedUntil) {
                in(pausedUntil - now, () -> look(of));
                return;
            }
            switch (beats.look(now, busy)) {
                case WAIT -> {}
                case ASK -> {
                    require(!busy, "it asks behind a blocking command");
                    boolean otherTurn = now / period.toNanos() != lastAsk / period.toNanos();
                    require(otherTurn || lastAsk < upSince, "it asks twice in a period");
                    lastAsk = now;
                    idleSince = now;
                    owedSince = now;
                    if (server == Server.ANSWERS && !forgotten) {
                        answer(of);
                    }
                }
                case CLOSE -> {
                    require(owedSince >= 0, "a peer is given up that was not asked, or has answered");
                    require(
                            now - Math.max(owedSince, arrived)
                                    >= Heartbeat.patience(period).toNanos(),
                            "a peer is given up too early");
                    lost("no answer");
                    return;
                }
            }
            Duration next = beats.nextLook(now);
            require(!next.isNegative() && !next.isZero(), "it looks without a pause");
            in(next.toNanos(), () -> look(of));
        }

        /** At times behind a long answer to something else, which arrives in pieces. */
        void answer(int of) {
            int pieces = random.nextInt(20) == 0 ? 1 + random.nextInt(5) : 0;
            long at = 0;
            for (int i = 0; i <= pieces; i++) {
                at += MILLI + (long) ((pieces == 0 ? slowness : LONGEST_GAP) * random.nextDouble());
                boolean last = i == pieces;
                in(at, () -> receive(of, last));
            }
        }

        boolean idle() {
            return up && !busy && owedSince < 0 && now > pausedUntil + READ_LATE;
        }

        /** How long a dead peer may go unnoticed, from the moment that nothing comes any longer. */
        long noticedWithin() {
            return 2 * period.toNanos() + Heartbeat.patience(period).toNanos() + SECOND;
        }
    }

    private void supervise(int count) {
        period = Duration.ofMillis(200 + random.nextInt(10_000));
        longest = Duration.ofMillis(200 + random.nextInt(10_000));
        ConnectListener listener = new ConnectListener() {
            @Override
            public void disconnected(String reason) {
                requireTold(!closed, "a loss is told after the close");
                requireTold(!outageTold, "a loss is told twice");
                outageTold = true;
                told.clear();
                told.add(reason);
            }

            @Override
            public void reconnectFailed(String reason) {
                requireTold(!closed && outageTold, "a failed reconnect is told without an outage");
                requireTold(told.add(reason), "a reason is told twice in an outage");
            }

            @Override
            public void reconnected() {
                requireTold(!closed, "a return is told after the close");
                requireTold(outageTold, "a return is told without a loss");
                requireTold(connections.stream().allMatch(one -> one.up), "a return is told while one is down");
                outageTold = false;
            }

            @Override
            public void closed() {
                requireTold(!closed, "the close is told twice");
            }
        };
        supervisor = new Supervisor(List.of(new Notifier(listener, Runnable::run)));
        for (int i = 0; i < 1 + random.nextInt(3); i++) {
            Connection connection = new Connection();
            connections.add(connection);
            connection.connected();
        }
        weather();
        traffic();
        long end = steps + count;
        while (steps < end) {
            Event next = events.remove();
            now = next.at;
            connections.stream().filter(one -> !one.idle()).forEach(one -> one.idleSince = now);
            next.what.run();
            steps++;
            check();
        }
        close();
    }

    /** The server changes, and the process stands still at times. */
    private void weather() {
        switch (random.nextInt(8)) {
            case 0 -> {
                pausedUntil = Math.max(pausedUntil, now + (long) (random.nextDouble() * 20 * SECOND));
                lastPause = pausedUntil;
            }
            case 1, 2 -> change(Server.REFUSES);
            case 3 -> change(Server.SILENT);
            case 4 -> connections.forEach(one -> one.forgotten = random.nextBoolean() || one.forgotten);
            case 5 -> slowness = (long) (random.nextDouble() * LONGEST_GAP);
            default -> change(Server.ANSWERS);
        }
        in((long) (random.nextDouble() * 90 * SECOND), this::weather);
    }

    private void change(Server next) {
        if (next == server) {
            return;
        }
        server = next;
        serverSince = now;
        if (next == Server.REFUSES) {
            connections.stream().filter(one -> one.up && !one.forgotten).forEach(one -> one.lost("closed"));
        }
        if (next == Server.ANSWERS) {
            // What it owes it answers now, as a process does that was stopped and goes on.
            for (Connection one : connections) {
                if (one.up && !one.forgotten && one.owedSince >= 0) {
                    int of = one.generation;
                    in(MILLI, () -> one.receive(of, true));
                }
            }
        }
    }

    private void traffic() {
        Connection one = connections.get(random.nextInt(connections.size()));
        if (one.up && server == Server.ANSWERS && !one.forgotten) {
            if (random.nextInt(20) == 0) {
                one.busy = true;
                in(SECOND + (long) (random.nextDouble() * 30 * SECOND), () -> {
                    one.busy = false;
                });
            } else {
                one.receive(one.generation, false);
            }
        }
        in((long) (random.nextDouble() * 4 * SECOND), this::traffic);
    }

    /** What a listener throws is caught and logged, so the run ends at the next check. */
    private void requireTold(boolean condition, String rule) {
        if (!condition && brokenRule.isEmpty()) {
            brokenRule = rule;
        }
    }

    private void check() {
        require(brokenRule.isEmpty(), brokenRule);
        boolean allUp = connections.stream().allMatch(one -> one.up);
        require(outageTold != allUp, allUp ? "an outage is told that is over" : "an outage is not told");
        for (Connection one : connections) {
            String why = supervisor.whyDown(one);
            require((why == null) == one.up, "what is known of a connection is wrong");
            require(one.up || (why != null && !why.isEmpty()), "it is not said why a connection is down");
            require(
                    !one.idle() || now - one.idleSince <= period.toNanos() + READ_LATE,
                    "an idle peer is not asked in its period");
            boolean dead = one.up && (server == Server.SILENT || one.forgotten) && !one.busy;
            if (dead && now > lastPause + one.noticedWithin()) {
                long since =
                        server == Server.SILENT && !one.forgotten ? Math.max(serverSince, one.arrived) : one.arrived;
                require(now - since <= one.noticedWithin() + 31 * SECOND, "a silent peer is not noticed");
            }
        }
        long backAfter = longest.toNanos() + CONNECT_TIMEOUT.toNanos() + SECOND;
        if (server == Server.ANSWERS && now - serverSince > backAfter) {
            for (Connection one : connections) {
                require(one.up || one.attempt <= 1, "the server is back, and a connection is not");
            }
        }
    }

    private void close() {
        closed = true;
        boolean before = outageTold;
        closed = false;
        require(supervisor.close(), "the close does nothing");
        supervisor.deliver();
        closed = true;
        connections.forEach(one -> {
            supervisor.lost(one, "closed");
            supervisor.reconnectFailed("late");
            supervisor.returned(one);
            require(supervisor.whyDown(one) != null, "a closed connection is up");
        });
        require(!supervisor.close(), "the close is done twice");
        require(before == outageTold, "something is told after the close");
        require(brokenRule.isEmpty(), brokenRule);
    }
}
