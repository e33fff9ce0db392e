package dev.hardening.jwks;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import dev.hardening.benchmarks.KeyCache;
import dev.hardening.jwks.RefreshPolicy.Decision;
import dev.hardening.jwks.RefreshPolicy.Need;
import dev.hardening.jwks.RefreshPolicy.State;
import dev.hardening.jwks.RefreshPolicy.Visit;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/** The policy that the library runs in production, with the builder's defaults. It is in this package to reach it. */
public final class HardeningCache implements KeyCache {

    private static final Fetch.Outcome.Failure DOWN = new Fetch.Outcome.Failure(new IOException("down"));
    private static final URI ANY = URI.create("https://provider.example/jwks.json");
    private static final ECKey KEY = key();
    private static final Map<Integer, KeySet> SETS = new ConcurrentHashMap<>();

    private record Reader(Need need, Visit visit) {}

    private final RefreshPolicy policy;
    private List<Reader> waiting = new ArrayList<>();
    private State state;
    private int forged;

    /**
     * A cache that knows nothing.
     *
     * @param refreshSpread null for the default
     * @param random from 0 to 1
     */
    public HardeningCache(@Nullable Duration refreshSpread, DoubleSupplier random, long now) {
        JWKSCache.Builder builder = JWKSCache.builder(ANY);
        if (refreshSpread != null) {
            builder.refreshSpread(refreshSpread);
        }
        policy = new RefreshPolicy(builder.policyOptions(), random);
        state = policy.initial(now);
    }

    private static ECKey key() {
        try {
            return new ECKeyGenerator(Curve.P_256).keyID("any").generate().toPublicJWK();
        } catch (JOSEException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static KeySet set(int newest) {
        try {
            List<SigningKey> keys = new ArrayList<>();
            for (int number = 1; number <= newest; number++) {
                ECKey jwk = new ECKey.Builder(KEY).keyID("k" + number).build();
                keys.add(new SigningKey("k" + number, jwk.toPublicKey(), jwk));
            }
            return new KeySet(new JWKSet(keys.stream().map(SigningKey::jwk).toList()), keys);
        } catch (JOSEException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    @Override
    public boolean read(long now, int key) {
        String kid = key == FORGED ? "forged" + ++forged : "k" + key;
        return read(now, new Reader(new Need.KeyId(kid), new Visit(state.fetches(), 0, false)));
    }

    private boolean read(long now, Reader reader) {
        Decision decision = policy.read(state, now, reader.need, reader.visit);
        boolean waits = switch (decision.action()) {
            case WAIT, WAIT_BRIEFLY -> true;
            case SERVE, UNAVAILABLE -> false;
        };
        boolean begins = becomes(decision.next());
        if (waits) {
            waiting.add(new Reader(reader.need, new Visit(reader.visit.arrival(), state.fetches(), false)));
        }
        return begins;
    }

    private boolean becomes(State next) {
        boolean begins = next.fetches() > state.fetches();
        state = next;
        return begins;
    }

    @Override
    public long timerAt(long now) {
        OptionalLong in = policy.nextTimer(state, now);
        return in.isPresent() ? now + in.getAsLong() : NEVER;
    }

    @Override
    public boolean timer(long now) {
        return becomes(policy.timer(state, now));
    }

    @Override
    public long quietUntil() {
        CachedKeys keys = state.keys();
        long due = keys == null ? 0 : keys.times().refreshAt();
        FetchBudget budget = state.budget();
        return budget.isFailing() ? Math.max(due, budget.backoff().until()) : due;
    }

    @Override
    public long usableUntil() {
        CachedKeys keys = state.keys();
        return keys == null ? 0 : keys.times().unusableAt();
    }

    @Override
    public int newest() {
        CachedKeys keys = state.keys();
        return keys == null ? 0 : keys.keys().keys().size();
    }

    @Override
    public void succeeded(long now, int newest) {
        KeySet keys = SETS.computeIfAbsent(newest, HardeningCache::set);
        state = policy.succeeded(state, now, new Fetch.Outcome.Success(keys, CachedKeys.Validators.NONE, null));
        end(now);
    }

    @Override
    public void failed(long now) {
        state = policy.failed(state, now, DOWN);
        end(now);
    }

    /** The call has returned, and those who waited read again. */
    private void end(long now) {
        state = policy.ended(state, state.fetches());
        List<Reader> readers = waiting;
        waiting = new ArrayList<>();
        for (Reader reader : readers) {
            if (read(now, reader) || !waiting.isEmpty()) {
                throw new IllegalStateException("a reader that has waited for a fetch begins or awaits another");
            }
        }
    }
}
