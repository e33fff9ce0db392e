package dev.hardening.jwks;

import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import dev.hardening.jwks.CachedKeys.Validators;
import dev.hardening.jwks.RefreshPolicy.Action;
import dev.hardening.jwks.RefreshPolicy.Decision;
import dev.hardening.jwks.RefreshPolicy.Need;
import dev.hardening.jwks.RefreshPolicy.Options;
import dev.hardening.jwks.RefreshPolicy.Progress;
import dev.hardening.jwks.RefreshPolicy.State;
import dev.hardening.jwks.RefreshPolicy.Visit;
import java.io.IOException;
import java.security.PublicKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A world that is drawn from a seed: time, readers, a provider that fails in each way, invalidations, forged key ids, restarts. It
 * drives the policy that production runs, and checks after each step what must always hold, by books of its own.
 */
final class RefreshSimulation {

    static final Options OPTIONS = new Options(nanos(3_600), nanos(300), nanos(300), nanos(86_400), nanos(30));

    private static final long UNKNOWN_KEY_WAIT = nanos(1) / 2;
    private static final long DEADLINE = nanos(10);
    private static final long NEVER = Long.MAX_VALUE;
    private static final ECKey KEY = KeyEndpoint.ec("any");
    private static final PublicKey PUBLIC_KEY = publicKey();

    /** Something that must hold does not. */
    static final class Violation extends RuntimeException {

        private static final long serialVersionUID = 1;

        Violation(String message) {
            super(message);
        }
    }

    /** Makes the policy to drive, with the randomness of the seed. */
    interface PolicyFactory {
        RefreshPolicy make(Options options, DoubleSupplier random);
    }

    private enum Provider {
        UP,
        DOWN,
        SLOW,
        HANGING,
        BLOCKING,
        REGRESSING,
        LYING
    }

    /** A call of the transport. */
    private static final class Call {
        final long number;
        final long beganAt;
        final boolean forUnknownKey;
        long answersAt;
        long returnsAt;

        @Nullable
        KeySet answer;

        boolean isLate;
        boolean isSlow;

        Call(long number, long beganAt, boolean forUnknownKey) {
            this.number = number;
            this.beganAt = beganAt;
            this.forUnknownKey = forUnknownKey;
        }
    }

    private static final class Waiting {
        final Need need;
        final boolean briefly;
        final long call;
        final Visit visit;
        final @Nullable Long briefSince; // its first wait for a key id

        Waiting(Need need, boolean briefly, long call, Visit visit, @Nullable Long briefSince) {
            this.need = need;
            this.briefly = briefly;
            this.call = call;
            this.visit = visit;
            this.briefSince = briefSince;
        }

        /** When its patience for a key id ends. */
        long endsAt() {
            return briefly && briefSince != null ? briefSince + UNKNOWN_KEY_WAIT : NEVER;
        }
    }

    /** What the books say of a key. */
    private static final class Seen {
        long at;
        int lackedBy;
    }

    private final Random random;
    private final RefreshPolicy policy;
    private final Map<String, SigningKey> keys = new HashMap<>();
    private long now;
    private State state;
    private long timerAt = NEVER;
    private long timerSetFor;
    private @Nullable Call call;
    private List<Waiting> waiting = new ArrayList<>();
    private boolean closed;

    // The provider.
    private Provider provider = Provider.UP;
    private long upSince;
    private int newest = 2;
    private KeySet published;
    private KeySet publishedBefore;

    // The books.
    private final Map<String, Seen> seen = new HashMap<>();
    private @Nullable KeySet applied;
    private long appliedAt;
    private int failuresInARow;
    private long failedAt;
    private long failedCallBeganAt;
    private boolean hadKeysAtFailure;
    private boolean liftedByInvalidation;
    private boolean invalidated;
    private long invalidatedAt;
    private @Nullable Long askedAt;
    private double unknownKeyLevel;
    private long unknownKeyLevelAt;
    private double invalidationLevel;
    private long invalidationLevelAt;
    private int steps;

    RefreshSimulation(long seed, PolicyFactory factory) {
        random = new Random(seed);
        policy = factory.make(OPTIONS, random::nextDouble);
        now = random.nextLong();
        upSince = now;
        invalidatedAt = now - nanos(86_400);
        unknownKeyLevelAt = now;
        invalidationLevelAt = now;
        published = set(newest);
        publishedBefore = published;
        state = policy.initial(now);
    }

    private static long nanos(long seconds) {
        return Duration.ofSeconds(seconds).toNanos();
    }

    private static PublicKey publicKey() {
        try {
            return KEY.toPublicKey();
        } catch (com.nimbusds.jose.JOSEException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** The set whose newest key has this number; each set has three keys. */
    private KeySet set(int newestKey) {
        List<JWK> jwks = new ArrayList<>();
        List<SigningKey> signing = new ArrayList<>();
        for (int number = newestKey - 2; number <= newestKey; number++) {
            SigningKey key = keys.computeIfAbsent("k" + number, RefreshSimulation::key);
            signing.add(key);
            jwks.add(key.jwk());
        }
        return new KeySet(new JWKSet(jwks), signing);
    }

    private static SigningKey key(String kid) {
        return new SigningKey(kid, PUBLIC_KEY, new ECKey.Builder(KEY).keyID(kid).build());
    }

    /** Runs it to an end that depends on the seed alone. */
    String run(int count) {
        for (steps = 0; steps < count; steps++) {
            try {
                step();
                check();
            } catch (Violation violation) {
                throw new Violation("step " + steps + ": " + violation.getMessage());
            }
        }
        return now + " " + state.fetches() + " " + failuresInARow + " " + newest;
    }

    private static void require(boolean condition, String what) {
        if (!condition) {
            throw new Violation(what);
        }
    }

    // ---- what happens

    private void step() {
        switch (random.nextInt(40)) {
            case 0, 1 -> rotate();
            case 2, 3 -> change(Provider.values()[random.nextInt(Provider.values().length)]);
            case 4, 5, 6 -> change(Provider.UP);
            case 7 -> invalidate(random.nextInt(8) == 0 ? 7 : 1);
            case 8 -> flood();
            case 9 ->
                read(new Need.NewerThan(
                        state.keys() == null ? published : state.keys().keys(),
                        random.nextBoolean(),
                        random.nextInt()));
            case 10 -> {
                state = policy.wanted(state, now);
                askedAt = askedAt == null ? now : askedAt;
                setTimer();
                if (random.nextInt(10) == 0) {
                    invalidateOften();
                }
            }
            case 11 -> {
                if (random.nextInt(10) == 0) {
                    restart();
                } else if (random.nextInt(10) == 0) {
                    longOutage();
                }
            }
            case 12, 13, 14, 15, 16 -> read(random.nextBoolean() ? new Need.AnyKeys() : new Need.KeyId(null));
            case 17, 18, 19, 20, 21 -> read(new Need.KeyId("k" + (newest - random.nextInt(6))));
            case 22, 23 -> read(new Need.KeyId("forged" + random.nextInt()));
            case 24, 25, 26 -> pass(nanos(random.nextInt(7_200)));
            case 27, 28, 29, 30 -> pass(nanos(random.nextInt(120)));
            default -> pass(random.nextInt(1_000_000_000));
        }
    }

    private void rotate() {
        publishedBefore = published;
        newest++;
        published = set(newest);
    }

    private void change(Provider next) {
        if (next == Provider.UP && provider != Provider.UP) {
            upSince = call != null && call.returnsAt - now > 0 ? call.returnsAt : now;
        }
        provider = next;
    }

    private void invalidate(int times) {
        for (int i = 0; i < times; i++) {
            state = policy.invalidated(state, now);
            invalidated = true;
            invalidatedAt = now;
            liftedByInvalidation = true;
            setTimer();
            if (random.nextBoolean()) {
                read(new Need.AnyKeys());
                pass(nanos(1) / 4);
            }
        }
    }

    /** With nothing that reads: only the timer can fetch. */
    private void invalidateOften() {
        pass(nanos(120));
        boolean isIdle =
                call == null && applied != null && failuresInARow == 0 && provider == Provider.UP && !invalidated;
        long before = state.fetches();
        for (int i = 0; i < 80; i++) {
            state = policy.invalidated(state, now);
            invalidated = true;
            invalidatedAt = now;
            liftedByInvalidation = true;
            setTimer();
            pass(nanos(1) / 20);
        }
        require(!isIdle || state.fetches() > before, "invalidations put the fetch off");
    }

    private void flood() {
        for (int i = 0; i < 40; i++) {
            read(new Need.KeyId("flood" + random.nextInt()));
            pass(nanos(1) / 50);
        }
    }

    private void restart() {
        closed = true;
        state = policy.closed(state);
        setTimer();
        for (int i = 0; i < 5; i++) {
            read(random.nextBoolean() ? new Need.AnyKeys() : new Need.KeyId("forged"));
            pass(nanos(random.nextInt(600)));
        }
        require(policy.nextTimer(state, now).isEmpty(), "a closed cache has a timer");
        boolean hasSnapshot = applied != null && now - appliedAt < OPTIONS.staleFor() && random.nextBoolean();
        KeySet saved = applied;
        closed = false;
        call = null;
        waiting = new ArrayList<>();
        state = policy.initial(now);
        failuresInARow = 0;
        unknownKeyLevel = 0;
        invalidationLevel = 0;
        invalidated = false;
        askedAt = null;
        upSince = now;
        if (hasSnapshot && saved != null) {
            state = policy.restored(state, now, saved, Duration.ofNanos(now - appliedAt));
            askedAt = now;
            seen.values().forEach(key -> key.lackedBy = key.at == appliedAt ? 0 : 2);
        } else {
            applied = null;
            seen.clear();
        }
        setTimer();
    }

    private void longOutage() {
        change(Provider.DOWN);
        for (int hour = 0; hour < 30; hour++) {
            pass(nanos(3_600));
            read(new Need.AnyKeys());
            check();
        }
    }

    /** Lets time pass, in which calls answer, take long, end, and the timer rings. */
    private void pass(long duration) {
        long end = now + duration;
        while (true) {
            long next = nextEvent();
            if (next == NEVER || next - end > 0) {
                break;
            }
            now = next;
            happen();
            check();
        }
        now = end;
    }

    private long nextEvent() {
        long next = timerAt;
        for (Waiting reader : waiting) {
            next = earlier(next, reader.endsAt());
        }
        Call running = call;
        if (running != null) {
            next = earlier(next, running.isSlow ? NEVER : running.beganAt + UNKNOWN_KEY_WAIT);
            next = earlier(next, running.isLate ? NEVER : running.beganAt + DEADLINE);
            next = earlier(next, running.answersAt);
            next = earlier(next, running.returnsAt);
        }
        return next;
    }

    private static long earlier(long one, long other) {
        return one == NEVER ? other : other == NEVER || one - other < 0 ? one : other;
    }

    private void happen() {
        Call running = call;
        Waiting impatient = impatient();
        if (impatient != null) {
            waiting.remove(impatient);
            Visit visit = new Visit(impatient.visit.arrival(), impatient.call, true);
            read(impatient.need, visit, 0, impatient.briefSince);
        } else if (running == null) {
            ring();
        } else if (running.answersAt == now) {
            conclude(running, running.answer);
            end(running);
        } else if (running.returnsAt == now) {
            if (!running.isLate) {
                conclude(running, null);
            }
            end(running);
        } else if (!running.isLate && running.beganAt + DEADLINE == now) {
            running.isLate = true;
            conclude(running, null);
        } else if (!running.isSlow && running.beganAt + UNKNOWN_KEY_WAIT == now) {
            running.isSlow = true;
            state = policy.slow(state, running.number);
            wake(running.number, true, false);
        } else {
            ring();
        }
    }

    private @Nullable Waiting impatient() {
        for (Waiting reader : waiting) {
            if (reader.endsAt() == now) {
                return reader;
            }
        }
        return null;
    }

    private void ring() {
        timerAt = NEVER;
        State next = policy.timer(state, now);
        enter(next, null);
        if (call == null) {
            setTimer();
        }
    }

    private void conclude(Call running, @Nullable KeySet answer) {
        boolean isNew = policy.isUnderWay(state, running.number);
        boolean counts = policy.counts(state, running.number);
        if (isNew && answer != null) {
            require(
                    !counts || running.beganAt - invalidatedAt >= 0 || !invalidated,
                    "an overtaken answer became current");
            Fetch.Outcome.Success success = new Fetch.Outcome.Success(answer, Validators.NONE, null);
            state = counts ? policy.succeeded(state, now, success) : policy.overtaken(state, now, success);
            bookSuccess(answer);
        } else if (isNew) {
            boolean hasKeys = applied != null && now - appliedAt < OPTIONS.staleFor();
            Fetch.Outcome.Failure failure = new Fetch.Outcome.Failure(new IOException("down"));
            state = counts ? policy.failed(state, now, failure) : policy.overtaken(state, now, failure);
            failuresInARow = liftedByInvalidation ? 1 : failuresInARow + 1;
            failedAt = now;
            failedCallBeganAt = running.beganAt;
            hadKeysAtFailure = hasKeys;
            liftedByInvalidation = false;
            unknownKeyLevel -= running.forUnknownKey ? 1 : 0;
        }
        if (isNew && !counts) { // as if it had come before the invalidation
            invalidated = true;
            liftedByInvalidation = true;
        }
        if (isNew) {
            wakeAfter = counts;
        }
    }

    private boolean wakeAfter;

    private void end(Call running) {
        call = running.isLate || running.answersAt == now || running.returnsAt == now ? null : call;
        state = policy.ended(state, running.number);
        setTimer();
        wake(running.number, false, wakeAfter);
    }

    private void bookSuccess(KeySet answer) {
        for (SigningKey key : answer.keys()) {
            seen.computeIfAbsent(String.valueOf(key.kid()), kid -> new Seen());
        }
        seen.forEach((kid, key) -> {
            boolean has = answer.has(kid);
            key.lackedBy = has ? 0 : key.lackedBy + 1;
            key.at = has ? now : key.at;
        });
        seen.values().removeIf(key -> key.lackedBy > 5);
        applied = answer;
        appliedAt = now;
        failuresInARow = 0;
        invalidated = false;
        liftedByInvalidation = false;
    }

    private void setTimer() {
        OptionalLong next = policy.nextTimer(state, now);
        if (next.isEmpty()) {
            timerAt = NEVER;
        } else if (timerAt == NEVER || timerSetFor != now + next.getAsLong()) {
            timerSetFor = now + next.getAsLong();
            timerAt = now + Math.max(nanos(1) / 10, next.getAsLong());
        }
    }

    // ---- readers

    private void wake(long number, boolean onlyBrief, boolean counts) {
        List<Waiting> before = waiting;
        waiting = new ArrayList<>();
        for (Waiting reader : before) {
            if (reader.call != number || (onlyBrief && !reader.briefly)) {
                waiting.add(reader);
            } else {
                boolean isOutOfTime = reader.briefSince != null && now - reader.briefSince >= UNKNOWN_KEY_WAIT;
                long waitedFor = counts || onlyBrief ? number : reader.visit.waitedFor();
                Visit visit = new Visit(reader.visit.arrival(), waitedFor, isOutOfTime);
                read(reader.need, visit, onlyBrief ? number : 0, reader.briefSince);
            }
        }
    }

    private void read(Need need) {
        read(need, new Visit(state.fetches(), 0, false), 0, null);
    }

    /**
     * @param outlasted the slow call for which it has waited already; 0 if there is none
     * @param briefSince when it began to wait for a key id; null if it has not
     */
    private void read(Need need, Visit visit, long outlasted, @Nullable Long briefSince) {
        KeySet heldBefore = applied;
        boolean usable = applied != null && now - appliedAt < OPTIONS.staleFor();
        boolean young = usable && now - appliedAt < OPTIONS.timeToLive() && !invalidated;
        boolean known = usable && heldBefore != null && !(need instanceof Need.NewerThan) && need.isMetBy(heldBefore);
        Decision decision = policy.read(state, now, need, visit);
        enter(decision.next(), need);
        switch (decision.action()) {
            case SERVE -> served(need, known);
            case UNAVAILABLE -> {
                require(!known, "a known key was refused");
                boolean confirmed = usable && now - appliedAt <= OPTIONS.unknownKeyCooldown() && !invalidated;
                require(!confirmed, "a key that certainly does not exist is said to be unknown");
            }
            case WAIT, WAIT_BRIEFLY -> {
                require(!(known && young), "a reader waits although its key is there");
                Call running = call;
                require(running != null, "a reader waits for nothing");
                boolean briefly = decision.action() == Action.WAIT_BRIEFLY;
                require(
                        briefly
                                || need instanceof Need.AnyKeys
                                || (!usable && (failuresInARow == 0 || liftedByInvalidation)),
                        "a look-up waits for a fetch to its end although there are keys, or one failed");
                if (running != null) {
                    require(running.number != outlasted, "a reader waits longer than for an unknown key id");
                    require(!running.isLate, "a reader waits for a call that is given up");
                    Long since = briefSince;
                    if (since == null && briefly) {
                        since = now;
                    }
                    require(
                            !briefly || since == null || now - since < UNKNOWN_KEY_WAIT,
                            "a reader waits longer for a key id than it may");
                    waiting.add(new Waiting(need, briefly, running.number, visit, since));
                }
            }
        }
    }

    private void served(Need need, boolean known) {
        CachedKeys held = state.keys();
        require(held != null, "nothing is served");
        if (held == null) {
            return;
        }
        for (SigningKey key : held.keys().keys()) {
            Seen book = seen.get(String.valueOf(key.kid()));
            require(book != null, "a key is served that no fetch had");
            if (book != null) {
                require(now - book.at < OPTIONS.staleFor(), "a key is served that no fetch of a day had");
                require(book.lackedBy < 2, "a key is served that two fetches in a row lacked");
                require(
                        book.lackedBy == 0 || now - book.at < OPTIONS.timeToLive(),
                        "a removed key is served after its time to live");
            }
        }
        boolean isMet = need.isMetBy(held.keys());
        require(isMet || !known, "a known key was not found");
        boolean isOld = now - appliedAt > OPTIONS.unknownKeyCooldown() || invalidated;
        boolean isTrouble = (failuresInARow > 0 && !liftedByInvalidation) || (call != null && call.isSlow);
        require(
                isMet || (need instanceof Need.NewerThan newer && newer.hasKid()) || !isOld || !isTrouble,
                "a key is said not to exist although it cannot be known");
    }

    // ---- calls

    private void enter(State next, @Nullable Need need) {
        boolean begins = next.fetches() > state.fetches();
        State before = state;
        state = next;
        if (begins) {
            require(call == null, "two calls are under way");
            require(!closed, "a closed cache fetches");
            Call begun = new Call(next.fetches(), now, spend(before, need));
            answerLater(begun);
            askedAt = askedAt == null ? now : askedAt;
            call = begun;
            timerAt = NEVER;
        }
    }

    /** Books why a fetch may begin; returns whether it was for an unknown key id. */
    private boolean spend(State before, @Nullable Need need) {
        CachedKeys held = before.keys();
        if (failuresInARow > 0 && !liftedByInvalidation) {
            double least = hadKeysAtFailure ? 0.8 * Math.min(60, Math.pow(4, failuresInARow - 1)) : 1;
            require(now - failedCallBeganAt >= least * nanos(1), "the backoff is too short");
            require(now - failedAt >= 0.79 * nanos(1), "there is no pause after a failure");
            return false;
        }
        if (applied == null || held == null) {
            return false;
        }
        if (invalidated) {
            double drained = (now - invalidationLevelAt) / (double) nanos(10);
            invalidationLevel = Math.max(0, invalidationLevel - drained);
            invalidationLevelAt = now;
            // Without usable keys it fetches all the same, and owes nothing.
            boolean isUnpaid = invalidationLevel > 4 && now - appliedAt >= OPTIONS.staleFor();
            invalidationLevel += isUnpaid ? 0 : 1;
            require(invalidationLevel <= 5.001, "more fetches than for invalidations");
            return false;
        }
        if (need == null && held.isRestored()) {
            return false;
        }
        boolean isDue = now - appliedAt >= OPTIONS.timeToLive() - OPTIONS.refreshBefore() - OPTIONS.refreshSpread();
        if (isDue) {
            return false;
        }
        boolean isMissing = need instanceof Need.NewerThan || (need instanceof Need.KeyId key && key.kid() != null);
        require(isMissing, "a fetch begins without a reason");
        double drained = (now - unknownKeyLevelAt) / (double) OPTIONS.unknownKeyCooldown();
        unknownKeyLevel = Math.max(0, unknownKeyLevel - drained) + 1;
        unknownKeyLevelAt = now;
        require(unknownKeyLevel <= 3.001, "more fetches than for unknown key ids");
        return true;
    }

    private void answerLater(Call begun) {
        long soon = now + nanos(1) / 1_000 * (1 + random.nextInt(200));
        begun.answersAt = soon;
        begun.returnsAt = NEVER;
        switch (provider) {
            case UP -> begun.answer = published;
            case DOWN, LYING -> begun.answer = null;
            case REGRESSING -> begun.answer = random.nextBoolean() ? published : publishedBefore;
            case SLOW -> {
                begun.answer = published;
                begun.answersAt = now + nanos(1) + (long) (random.nextDouble() * nanos(8));
            }
            case HANGING -> {
                begun.answersAt = NEVER;
                begun.returnsAt = now + DEADLINE + 1;
            }
            case BLOCKING -> {
                begun.answersAt = NEVER;
                begun.returnsAt = now + DEADLINE + nanos(random.nextInt(3_600)) + 1;
            }
        }
    }

    // ---- what always holds

    private void check() {
        require(applied == null || state.keys() != null, "an answer was lost");
        JWKSCacheStatus.State health = policy.health(state, now, failuresInARow > 0);
        boolean isFresh = health == JWKSCacheStatus.State.FRESH;
        boolean young =
                applied != null && !invalidated && now - appliedAt < OPTIONS.timeToLive() - OPTIONS.refreshBefore();
        require(young || !isFresh, "the state says FRESH of keys that are not");
        boolean asked = askedAt != null && now - askedAt > nanos(62);
        boolean isLongUp = provider == Provider.UP && now - upSince > nanos(62) && now - invalidatedAt > nanos(62);
        require(
                isFresh || !asked || !isLongUp || closed,
                "the provider is back for a minute, and the keys are not fresh");
        Call running = call;
        boolean isOver = running != null
                && running.isSlow
                && state.running() != null
                && state.running().progress() == Progress.BEGUN;
        require(!isOver, "a slow fetch is waited for");
    }
}
