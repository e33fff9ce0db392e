package dev.hardening.ratingguard;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Gives the first answer again when the same request comes again under its {@code Idempotency-Key}.
 *
 * <p>It keeps answers below 400, which say that something was done. A refusal changed nothing, so the request may be
 * corrected and sent again with the same key. The same is true if the handler failed.
 *
 * <p>Safe for use by several threads, as far as its store is.
 *
 * @see <a href="https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/">The Idempotency-Key HTTP header
 *     field</a>
 */
public final class IdempotencyGuard {

    private static final String NO_STATUS = "---";
    private static final Duration FIRST_WAIT = Duration.ofMillis(100);
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(2);

    /** By then the store has forgotten a claim. */
    private static final Duration TRIED_AGAIN_FOR = Duration.ofMinutes(1);

    /** The fingerprint of target and body, then the answer's status or "---", then its body or the claim's id. */
    private static final Pattern ENTRY = Pattern.compile(
            "(?<fingerprint>[0-9a-f]{64})(?<status>[1-5][0-9]{2}|" + NO_STATUS + ")(?<rest>.*+)", Pattern.DOTALL);

    /** What became of a request. */
    public enum Verdict {
        /** The handler was called; send its answer. */
        FIRST,
        /** The request was answered before; send that answer again. */
        REPLAYED,
        /** 409: the same request is under way. */
        UNDER_WAY,
        /** 422: the key was used for a request with another target or body. */
        OTHER_REQUEST
    }

    /**
     * The guard's reply.
     *
     * @param verdict what became of the request
     * @param answer the answer to send; null exactly for {@link Verdict#UNDER_WAY} and {@link Verdict#OTHER_REQUEST}
     */
    public record Reply(Verdict verdict, @Nullable Answer answer) {}

    /**
     * A request that its handler has to itself. A handler that writes in a transaction of the same store can write the answer
     * there too: if {@link #key} still has the entry {@link #underWay}, it writes {@link #answered} over it. Then the work and
     * the answer are kept together or not at all. Any other handler just returns its answer, and the guard writes it.
     */
    public static final class Claim {

        private final String key;
        private final String fingerprint;
        private final String underWay;

        Claim(String key, String fingerprint) {
            this.key = key;
            this.fingerprint = fingerprint;
            this.underWay = fingerprint + NO_STATUS + UUID.randomUUID();
        }

        /** {@return the store's key for this request, 64 hexadecimal digits} */
        public String key() {
            return key;
        }

        /** {@return the entry that is in the store while this request is under way} No other claim has the same. */
        public String underWay() {
            return underWay;
        }

        /**
         * Makes the entry that gives an answer again.
         *
         * @param answer the handler's answer
         * @return the entry to write in place of {@link #underWay}
         */
        public String answered(Answer answer) {
            return fingerprint + answer.status() + answer.body();
        }

        @Override
        public String toString() {
            return "Claim[" + key + "]";
        }
    }

    private final IdempotencyStore store;
    private final Function<Duration, Executor> after;
    private final LongSupplier nanoTime;

    /**
     * Makes a guard that keeps its entries in a store. It is cheap to make, so that a store may belong to one request.
     *
     * @param store where the entries are kept
     */
    public IdempotencyGuard(IdempotencyStore store) {
        this(
                store,
                wait -> CompletableFuture.delayedExecutor(wait.toMillis(), TimeUnit.MILLISECONDS),
                System::nanoTime);
    }

    /**
     * @param after makes what runs a task after a time
     * @param nanoTime says how long a step was tried again
     */
    IdempotencyGuard(IdempotencyStore store, Function<Duration, Executor> after, LongSupplier nanoTime) {
        this.store = Objects.requireNonNull(store, "store");
        this.after = after;
        this.nanoTime = nanoTime;
    }

    /**
     * Calls the handler, unless the request was answered before, is under way, or is another one under the same key.
     *
     * <p>What the handler or the store throws is passed on. After a failure of the handler the request can be sent again,
     * unless the handler wrote its answer itself. If {@link IdempotencyStore#putIfAbsent} fails, the handler is not called,
     * and the guard removes the entry, because a call that timed out may have written it.
     *
     * <p>If the store fails to remove a claim that has ended, or to write its answer, the guard tries that again on the
     * common pool: after 100 ms, then after waits that double up to 2 s, for a minute.
     *
     * @param request the request; check its token first, because its user is part of the key
     * @param handler does the work; called at most once, on the calling thread, and must not return null
     * @return what became of the request, and the answer to send where there is one
     * @throws IllegalStateException if the store has an entry that no guard wrote
     */
    public Reply handle(IdempotentRequest request, Function<? super Claim, Answer> handler) {
        Objects.requireNonNull(handler, "handler");
        Claim claim = new Claim(hash(request.userId(), request.key()), hash(request.target(), request.body()));
        String found = put(claim);
        return found == null ? new Reply(Verdict.FIRST, run(claim, handler)) : replyTo(claim, found);
    }

    private @Nullable String put(Claim claim) {
        try {
            return store.putIfAbsent(claim.key, claim.underWay);
        } catch (Throwable failure) {
            // After a timeout the store may have the claim. The caller does not wait for a store that hangs.
            tryAgain(() -> store.remove(claim.key, claim.underWay), Duration.ZERO);
            throw failure;
        }
    }

    private Answer run(Claim claim, Function<? super Claim, Answer> handler) {
        Answer answer;
        try {
            answer = Objects.requireNonNull(handler.apply(claim), "the handler returned no answer");
        } catch (Throwable failure) { // a checked one, too, which Kotlin and others may throw
            release(claim, failure);
            throw failure;
        }
        // Both change nothing if the handler wrote its answer itself, or if the claim has expired.
        if (answer.status() < 400) {
            end(() -> store.replace(claim.key, claim.underWay, claim.answered(answer)));
        } else {
            end(() -> store.remove(claim.key, claim.underWay));
        }
        return answer;
    }

    private void release(Claim claim, Throwable failure) {
        try {
            end(() -> store.remove(claim.key, claim.underWay));
        } catch (Throwable unreachable) {
            if (unreachable != failure) { // an exception cannot suppress itself
                failure.addSuppressed(unreachable);
            }
        }
    }

    /** Ends a claim; later, if the store cannot now. Until then the key would be under way, although nothing is. */
    private void end(Runnable step) {
        try {
            step.run();
        } catch (Throwable unreachable) {
            tryAgain(step, FIRST_WAIT);
            throw unreachable;
        }
    }

    /** Harmless however often and late it runs: the step changes only an entry that is still this claim's. */
    private void tryAgain(Runnable step, Duration firstWait) {
        tryAgain(step, firstWait, nanoTime.getAsLong());
    }

    private void tryAgain(Runnable step, Duration wait, long since) {
        after.apply(wait).execute(() -> {
            if (nanoTime.getAsLong() - since > TRIED_AGAIN_FOR.toNanos()) {
                return;
            }
            try {
                step.run();
            } catch (Throwable unreachable) {
                tryAgain(step, next(wait), since);
            }
        });
    }

    private static Duration next(Duration wait) {
        long twice = Math.max(FIRST_WAIT.toMillis(), 2 * wait.toMillis());
        return Duration.ofMillis(Math.min(LONGEST_WAIT.toMillis(), twice));
    }

    private static Reply replyTo(Claim claim, String found) {
        Matcher entry = ENTRY.matcher(found);
        if (!entry.matches()) {
            throw new IllegalStateException("the store has an entry that no guard wrote");
        }
        if (!entry.group("fingerprint").equals(claim.fingerprint)) {
            return new Reply(Verdict.OTHER_REQUEST, null);
        }
        String status = entry.group("status");
        return status.equals(NO_STATUS)
                ? new Reply(Verdict.UNDER_WAY, null)
                : new Reply(Verdict.REPLAYED, new Answer(Integer.parseInt(status), entry.group("rest")));
    }

    /**
     * Hashes two texts, UTF-16 unit by unit, because an encoder would write the same bytes for two different lone
     * surrogates. The length says where the second text begins.
     */
    private static String hash(String first, String second) {
        ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES + Character.BYTES * (first.length() + second.length()));
        bytes.putInt(first.length());
        bytes.asCharBuffer().put(first).put(second);
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes.array()));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible); // each Java platform has it
        }
    }
}
