package dev.hardening.benchmarks;

import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.DoubleSupplier;
import java.util.stream.IntStream;

/**
 * Many instances of a service and their provider, in simulated time. Each instance has a request each second on average.
 * What is counted is what the provider sees. All is drawn from a seed.
 */
final class Fleet {

    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final long REFUSED = SECOND / 200;
    private static final double FORGED_EACH_SECOND = 2;
    private static final long NEW_KEY_IS_MET_WITHIN = 60 * SECOND;

    /** Makes an instance's cache. */
    interface Maker {
        KeyCache make(DoubleSupplier random, long now);
    }

    /**
     * What happens, in seconds from the beginning; a time that never comes is after the end.
     *
     * @param startWithin the instances start within this time
     * @param downFrom when the provider begins to refuse connections
     * @param rotateAt when the provider begins to sign with a new key, and publishes it
     * @param forgedFrom when forged key ids begin to arrive at each instance
     */
    record Scenario(
            int seconds, int startWithin, int downFrom, int downUntil, int rotateAt, int forgedFrom, int forgedUntil) {

        private static final int NOT = Integer.MAX_VALUE;

        /** All start within a second, and nothing happens. */
        static Scenario deployment(int seconds) {
            return new Scenario(seconds, 1, NOT, NOT, NOT, NOT, NOT);
        }

        static Scenario outage(int seconds, int startWithin, int from, int until) {
            return new Scenario(seconds, startWithin, from, until, NOT, NOT, NOT);
        }

        static Scenario rotation(int seconds, int startWithin, int at) {
            return new Scenario(seconds, startWithin, NOT, NOT, at, NOT, NOT);
        }

        static Scenario forgedKeyIds(int seconds, int startWithin, int from, int until) {
            return new Scenario(seconds, startWithin, NOT, NOT, NOT, from, until);
        }

        private boolean isDown(long now) {
            return now >= downFrom * SECOND && now < downUntil * SECOND;
        }

        private int newest(long now) {
            return now >= rotateAt * SECOND ? 2 : 1;
        }
    }

    /**
     * What was seen.
     *
     * @param requests at the provider, for each second
     * @param oldest the greatest age that keys reached before they were replaced, in seconds
     * @param freshAfter how long after the outage the last instance whose fetches had failed had new keys, in seconds
     * @param withoutKeys how many instances were without keys for some time, after they had some
     * @param longestWithout the longest such time, in seconds
     */
    record Seen(
            int instances,
            AtomicIntegerArray requests,
            double oldest,
            double freshAfter,
            int withoutKeys,
            double longestWithout) {

        /** Requests a second, on average. */
        double mean(int from, int until) {
            return (double) sum(from, until) / (until - from);
        }

        private long sum(int from, int until) {
            return IntStream.range(from, until).mapToLong(requests::get).sum();
        }

        /** Requests a second in the busiest window of so many seconds. */
        double peak(int from, int until, int window) {
            long sum = sum(from, from + window);
            long most = sum;
            for (int second = from + window; second < until; second++) {
                sum += requests.get(second) - requests.get(second - window);
                most = Math.max(most, sum);
            }
            return (double) most / window;
        }
    }

    private final Scenario scenario;
    private final AtomicIntegerArray requests;
    private final AtomicLong oldest = new AtomicLong();
    private final AtomicLong freshAfter = new AtomicLong();
    private final AtomicInteger withoutKeys = new AtomicInteger();
    private final AtomicLong longestWithout = new AtomicLong();

    private Fleet(Scenario scenario) {
        this.scenario = scenario;
        requests = new AtomicIntegerArray(scenario.seconds);
    }

    /** Runs it; the instances know nothing of one another, so they run one after another on each core. */
    static Seen run(Scenario scenario, int instances, long seed, Maker maker) {
        Fleet fleet = new Fleet(scenario);
        IntStream.range(0, instances).parallel().forEach(i -> fleet.new Instance(seed * 1_000_003 + i, maker).live());
        return new Seen(
                instances,
                fleet.requests,
                seconds(fleet.oldest.get()),
                seconds(fleet.freshAfter.get()),
                fleet.withoutKeys.get(),
                seconds(fleet.longestWithout.get()));
    }

    private static double seconds(long nanos) {
        return (double) nanos / SECOND;
    }

    private final class Instance {

        private final SplittableRandom random;
        private final KeyCache cache;
        private long now;
        private long timerAt = KeyCache.NEVER;
        private long readAt;
        private long newKeyAt;
        private long forgedAt;
        private long answerAt = KeyCache.NEVER;
        private boolean isAnswered;
        private boolean isFailing;
        private int answer;
        private long fetchedAt = KeyCache.NEVER;
        private long without;

        Instance(long seed, Maker maker) {
            random = new SplittableRandom(seed);
            now = within(scenario.startWithin * SECOND);
            cache = maker.make(random::nextDouble, now);
            readAt = now;
            newKeyAt = scenario.rotateAt * SECOND + within(NEW_KEY_IS_MET_WITHIN);
            forgedAt = scenario.forgedFrom * SECOND + gap(FORGED_EACH_SECOND);
        }

        private long within(long nanos) {
            return (long) (random.nextDouble() * nanos);
        }

        /** The time to the next of events that come at random. */
        private long gap(double eachSecond) {
            return (long) (-Math.log(1 - random.nextDouble()) / eachSecond * SECOND);
        }

        void live() {
            for (now = next(); now < scenario.seconds * SECOND; now = Math.max(now, next())) {
                if (now >= answerAt) {
                    conclude();
                } else if (begins()) {
                    begin();
                }
                timerAt = answerAt == KeyCache.NEVER ? cache.timerAt(now) : KeyCache.NEVER;
            }
            long usable = cache.usableUntil();
            notePauseWithoutKeys(fetchedAt == KeyCache.NEVER ? 0 : now - usable);
            if (without > 0) {
                withoutKeys.incrementAndGet();
            }
        }

        private long next() {
            return Math.min(Math.min(answerAt, timerAt), Math.min(readAt, Math.min(newKeyAt, forgedAt)));
        }

        private boolean begins() {
            if (now >= timerAt) {
                return cache.timer(now);
            }
            if (now >= readAt) {
                boolean begins = cache.read(now, 1);
                readAt = Math.max(now, cache.quietUntil()) + gap(1);
                return begins;
            }
            if (now >= newKeyAt) {
                newKeyAt = cache.newest() == 2 ? KeyCache.NEVER : now + gap(1);
                return newKeyAt != KeyCache.NEVER && cache.read(now, 2);
            }
            forgedAt = now + gap(FORGED_EACH_SECOND);
            if (forgedAt >= scenario.forgedUntil * SECOND) {
                forgedAt = KeyCache.NEVER;
            }
            return cache.read(now, KeyCache.FORGED);
        }

        private void begin() {
            requests.incrementAndGet((int) (now / SECOND));
            isAnswered = !scenario.isDown(now);
            answer = scenario.newest(now);
            answerAt = now + (isAnswered ? SECOND / 20 + within(SECOND / 10) : REFUSED);
        }

        private void conclude() {
            answerAt = KeyCache.NEVER;
            if (isAnswered) {
                noteSuccess();
                cache.succeeded(now, answer);
            } else {
                isFailing = true;
                cache.failed(now);
            }
            readAt = Math.max(now, cache.quietUntil()) + gap(1);
        }

        private void noteSuccess() {
            if (fetchedAt != KeyCache.NEVER) {
                oldest.accumulateAndGet(now - fetchedAt, Math::max);
                notePauseWithoutKeys(now - cache.usableUntil());
            }
            if (isFailing && !scenario.isDown(now)) {
                freshAfter.accumulateAndGet(now - scenario.downUntil * SECOND, Math::max);
            }
            isFailing = false;
            fetchedAt = now;
        }

        private void notePauseWithoutKeys(long pause) {
            without = Math.max(without, pause);
            if (pause > 0) {
                longestWithout.accumulateAndGet(pause, Math::max);
            }
        }
    }
}
