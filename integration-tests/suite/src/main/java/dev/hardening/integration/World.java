package dev.hardening.integration;

import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jwt.JWTClaimsSet;
import dev.hardening.testing.IdentityProvider;
import dev.hardening.testing.RedisServer;
import dev.hardening.testing.Tokens;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What surrounds a service in one scenario: its identity provider, its Redis, and the service itself. */
final class World implements AutoCloseable {

    final IdentityProvider provider = new IdentityProvider(Tokens.EC_1, Tokens.RSA_1);

    private final Host host;
    private final Transcript transcript;
    private final @Nullable RedisServer redis;
    private final String redisUrl;
    private final List<Service> services = new ArrayList<>();

    /** With a Redis that is up. */
    World(Host host, Transcript transcript) throws IOException {
        this.host = host;
        this.transcript = transcript;
        redis = RedisServer.start();
        redisUrl = redis.uri();
    }

    /** With a Redis of the scenario's own. */
    World(Host host, Transcript transcript, String redisUrl) {
        this.host = host;
        this.transcript = transcript;
        this.redisUrl = redisUrl;
        redis = null;
    }

    RedisServer redis() {
        return Objects.requireNonNull(redis);
    }

    /** A token of the provider, valid for ten minutes. */
    String token(JWK key) {
        return Tokens.sign(key, claims(provider.issuer()).build());
    }

    /** What a provider says in a token, {@code iat} included, which some verifiers ask for. */
    static JWTClaimsSet.Builder claims(String issuer) {
        return Tokens.claims(issuer).issueTime(Date.from(Instant.now()));
    }

    /** Starts the service and waits until it answers. */
    Service start() throws IOException, InterruptedException {
        return start(Map.of());
    }

    Service start(Map<String, String> environment) throws IOException, InterruptedException {
        return launch(environment).awaitStart();
    }

    /** Starts the service and waits for nothing. */
    Service launch(Map<String, String> environment) throws IOException {
        Service service = new Service(host, provider, redisUrl, environment, transcript);
        services.add(service);
        return service;
    }

    /** Lets real time pass: the services under test have no other. */
    void pause(double seconds) throws InterruptedException {
        TimeUnit.MILLISECONDS.sleep(Math.round(seconds * 1_000));
    }

    @Override
    public void close() throws IOException {
        for (Service service : services) {
            service.close();
        }
        provider.close();
        if (redis != null) {
            redis.close();
        }
    }
}
