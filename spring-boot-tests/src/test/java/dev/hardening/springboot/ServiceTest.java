package dev.hardening.springboot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import dev.hardening.jwks.JWKSCache;
import dev.hardening.jwks.JWKSCacheStatus;
import dev.hardening.testing.IdentityProvider;
import dev.hardening.testing.RedisServer;
import dev.hardening.testing.Tokens;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.security.oauth2.jwt.ReactiveJwtDecoder;
import reactor.core.Disposable;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** A whole application with Spring Security, over HTTP, with a real Redis: what the starter promises, seen from outside. */
@ParameterizedClass
@EnumSource(Stack.class)
class ServiceTest {

    @Parameter
    Stack stack;

    private final AtomicLong now = new AtomicLong();
    private IdentityProvider provider;
    private RedisServer redis;
    private Service service;

    @BeforeEach
    void start() throws Exception {
        provider = new IdentityProvider(Tokens.RSA_1, Tokens.EC_1);
        redis = RedisServer.start();
    }

    @AfterEach
    void stop() throws Exception {
        if (service != null) {
            service.close();
        }
        redis.close();
        provider.close();
    }

    private void run(String... more) {
        List<String> properties = new ArrayList<>(List.of(
                "spring.data.redis.host=127.0.0.1",
                "spring.data.redis.port=" + redis.port(),
                "spring.security.oauth2.resourceserver.jwt.issuer-uri=" + provider.issuer(),
                "spring.security.oauth2.resourceserver.jwt.audiences=authenticated",
                "hardening.config.required=SUPABASE_ANON_KEY",
                "SUPABASE_ANON_KEY=canary-anon-key"));
        properties.addAll(List.of(more));
        service = Service.start(
                stack,
                List.of(new Service.Extra<JWKSCacheCustomizer>(
                        JWKSCacheCustomizer.class, cache -> cache.ticker(now::get))),
                properties.toArray(String[]::new));
    }

    private String forged(int number) {
        return Tokens.sign(
                Tokens.EC_2,
                new JWSHeader.Builder(JWSAlgorithm.ES256)
                        .keyID("forged-" + number)
                        .build(),
                Tokens.claims(provider.issuer()).build());
    }

    private String token(JWK key, UnaryOperator<JWTClaimsSet.Builder> change) {
        return Tokens.sign(key, change.apply(Tokens.claims(provider.issuer())).build());
    }

    private JWKSCacheStatus.State keys() {
        return service.context.getBean(JWKSCache.class).status().state();
    }

    @Nested
    class Decoding {

        @Test
        void a_good_token_is_accepted_and_any_other_is_401_with_springs_words() throws Exception {
            run();
            assertThat(service.get("/me", provider.token(Tokens.EC_1)).body())
                    .isEqualTo("{\"user\":\"4c6b1c5e-9f5b-4a51-8d5a-6e1f7f3c2a10\"}");
            assertThat(service.status("/me", provider.token(Tokens.RSA_1))).isEqualTo(200);
            assertThat(service.status("/me", "")).isEqualTo(401);
            refused("nonsense", "Malformed token", "Missing dot delimiter(s)");
            refused(
                    new PlainJWT(Tokens.claims(provider.issuer()).build()).serialize(),
                    "Unsupported algorithm of none",
                    "Unsupported algorithm of none");
            refused(forged(1), VerifyingProcessor.NO_KEY, "Failed to validate the token");
            String good = provider.token(Tokens.RSA_1);
            refused(
                    good.substring(0, good.lastIndexOf('.') + 1) + "A".repeat(342),
                    VerifyingProcessor.INVALID_SIGNATURE,
                    "Failed to validate the token");
            refused(
                    token(
                            Tokens.RSA_1,
                            claims -> claims.expirationTime(
                                    Date.from(Instant.now().minusSeconds(600)))),
                    "Jwt expired at",
                    "Jwt expired at");
            refused(
                    token(Tokens.RSA_1, claims -> claims.audience("elsewhere")),
                    "The aud claim is not valid",
                    "The aud claim is not valid");
            refused(
                    token(Tokens.RSA_1, claims -> claims.issuer("https://evil.example")),
                    "The iss claim is not valid",
                    "The iss claim is not valid");
        }

        private void refused(String token, String servlet, String reactive) throws Exception {
            HttpResponse<String> answer = service.get("/me", token);
            assertThat(answer.statusCode()).isEqualTo(401);
            assertThat(answer.headers().firstValue("WWW-Authenticate"))
                    .hasValueSatisfying(
                            header -> assertThat(header).contains(stack == Stack.SERVLET ? servlet : reactive));
        }

        @Test
        void claims_that_spring_does_not_ask_for_may_be_missing() throws Exception {
            run();
            assertThat(service.status("/me", token(Tokens.RSA_1, claims -> claims.expirationTime(null))))
                    .isEqualTo(200);
            JWSHeader typed = new JWSHeader.Builder(JWSAlgorithm.RS256)
                    .keyID("rsa-1")
                    .type(new JOSEObjectType("logout+jwt"))
                    .build();
            assertThat(service.status(
                            "/me",
                            Tokens.sign(
                                    Tokens.RSA_1,
                                    typed,
                                    Tokens.claims(provider.issuer()).build())))
                    .isEqualTo(401);
        }

        @Test
        void after_a_rotation_each_new_token_is_accepted_with_one_fetch() throws Exception {
            run();
            assertThat(service.status("/me", provider.token(Tokens.RSA_1))).isEqualTo(200);
            int before = provider.keyRequests();
            provider.publish(Tokens.RSA_1, Tokens.RSA_2);
            String token = provider.token(Tokens.RSA_2);
            List<Callable<Integer>> calls = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                calls.add(() -> service.status("/me", token));
            }
            assertThat(Service.together(calls)).hasSize(100).containsOnly(200);
            assertThat(provider.keyRequests()).isEqualTo(before + 1);
        }
    }

    @Nested
    class Outage {

        @Test
        void users_go_on_for_longer_than_keys_live_and_health_says_stale() throws Exception {
            run();
            String token = provider.token(Tokens.RSA_1);
            assertThat(service.status("/me", token)).isEqualTo(200);
            provider.down();
            for (int hour = 0; hour < 12; hour++) {
                now.addAndGet(Duration.ofHours(1).toNanos());
                assertThat(service.status("/me", token)).isEqualTo(200);
            }
            await().until(() -> keys() == JWKSCacheStatus.State.STALE);
            assertThat(service.json("/actuator/health/jwks").toString()).contains("UP", "STALE", "HTTP 503");
            assertThat(service.context
                            .getBean(MeterRegistry.class)
                            .get("jwks.cache.state")
                            .tag("cache", "jwt")
                            .tag("state", "stale")
                            .gauge()
                            .value())
                    .isEqualTo(1);
            provider.up();
            // Minute by minute: a fetch that began before may yet fail, and is tried again only when its time has come.
            await().until(() -> {
                now.addAndGet(Duration.ofMinutes(1).toNanos());
                return service.status("/me", token) == 200 && keys() == JWKSCacheStatus.State.FRESH;
            });
        }

        @Test
        void without_keys_the_answer_is_503_and_it_recovers_by_itself() throws Exception {
            provider.down();
            run();
            HttpResponse<String> outage = service.get("/me", provider.token(Tokens.RSA_1));
            assertThat(outage.statusCode()).isEqualTo(503);
            assertThat(outage.body()).contains("\"status\":503", "\"code\":\"KEYS_UNAVAILABLE\"");
            assertThat(outage.headers().firstValue("Content-Type")).contains("application/problem+json");
            assertThat(outage.headers().firstValue("Retry-After"))
                    .hasValueSatisfying(
                            seconds -> assertThat(Integer.parseInt(seconds)).isBetween(1, 60));
            assertThat(outage.headers().firstValue("WWW-Authenticate")).isEmpty();
            assertThat(service.health("jwks")).isEqualTo("DOWN");

            provider.up();
            now.addAndGet(Duration.ofMinutes(1).toNanos());
            assertThat(service.status("/me", provider.token(Tokens.RSA_1))).isEqualTo(200);
            assertThat(service.health("jwks")).isEqualTo("UP");
        }

        @Test
        void without_keys_a_management_port_answers_503_too() throws Exception {
            assumeTrue(stack == Stack.SERVLET);
            provider.down();
            run("management.server.port=0");
            HttpResponse<String> outage = service.managed("/actuator/health", provider.token(Tokens.RSA_1));
            assertThat(outage.statusCode()).isEqualTo(503);
            assertThat(outage.body()).contains("\"code\":\"KEYS_UNAVAILABLE\"");
        }

        @Test
        void a_service_without_traffic_becomes_ready_by_itself() throws Exception {
            provider.down();
            run(
                    "management.endpoint.health.probes.enabled=true",
                    "management.endpoint.health.group.readiness.include=readinessState,jwks");
            await().until(() -> service.health("readiness").equals("DOWN"));
            provider.up();
            await().until(() -> {
                now.addAndGet(Duration.ofSeconds(5).toNanos());
                return service.health("readiness").equals("UP");
            });
            assertThat(now.get()).isLessThanOrEqualTo(Duration.ofMinutes(3).toNanos());
        }

        @Test
        void it_starts_while_the_provider_says_nothing_at_all() throws Exception {
            provider.hang();
            run("hardening.jwks.fetch-timeout=300ms");
            assertThat(service.status("/me", provider.token(Tokens.RSA_1))).isEqualTo(503);
        }
    }

    @Nested
    class Flood {

        @Test
        void forged_key_ids_are_refused_with_few_fetches_and_no_meter_of_theirs() throws Exception {
            run();
            String good = provider.token(Tokens.RSA_1);
            assertThat(service.status("/me", good)).isEqualTo(200);
            int before = provider.keyRequests();
            List<Callable<Integer>> calls = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                String forged = forged(i);
                calls.add(() -> service.status("/me", forged));
            }
            assertThat(Service.together(calls)).hasSize(200).containsOnly(401);
            assertThat(provider.keyRequests() - before).isLessThanOrEqualTo(4);
            assertThat(service.status("/me", good)).isEqualTo(200);
            assertThat(service.context.getBean(MeterRegistry.class).getMeters())
                    .noneMatch(meter -> meter.getId().toString().contains("forged"));
        }

        @Test
        void while_the_provider_hangs_a_good_token_is_answered_at_once() throws Exception {
            run("hardening.jwks.fetch-timeout=30s", "hardening.jwks.unknown-key-wait=1s");
            String good = provider.token(Tokens.RSA_1);
            assertThat(service.status("/me", good)).isEqualTo(200);
            provider.hang();
            List<Callable<Integer>> calls = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                String forged = forged(i);
                calls.add(() -> service.status("/me", forged));
            }
            Thread flood = new Thread(() -> {
                try {
                    Service.together(calls);
                } catch (Exception ended) {
                    throw new IllegalStateException(ended);
                }
            });
            int before = requests();
            flood.start();
            await().until(() -> requests() > before);
            // The fetch hangs for 30 s: a request that waits for it is answered only after that.
            assertThat(service.get("/me", good).statusCode()).isEqualTo(200);
            assertThat(requests()).isEqualTo(before + 1);
            flood.join();
        }

        @Test
        void the_event_loop_itself_never_waits() throws Exception {
            assumeTrue(stack == Stack.REACTIVE, "a servlet container has no event loop");
            run("hardening.jwks.fetch-timeout=10m", "hardening.jwks.unknown-key-wait=10m");
            String good = provider.token(Tokens.RSA_1);
            assertThat(service.status("/me", good)).isEqualTo(200);
            provider.hang();
            ReactiveJwtDecoder decoder = service.context.getBean(ReactiveJwtDecoder.class);
            Scheduler loop = Schedulers.newSingle("event-loop");
            try {
                List<Disposable> waiting = new ArrayList<>();
                CompletableFuture<Thread> subject = new CompletableFuture<>();
                loop.schedule(() -> {
                    for (int i = 0; i < 40; i++) {
                        waiting.add(decoder.decode(forged(i)).subscribe(token -> {}, refused -> {}));
                    }
                    decoder.decode(good).subscribe(token -> subject.complete(Thread.currentThread()));
                });
                // A thread that waited for the fetch, or for a budget, would come here in ten minutes.
                assertThat(subject.get(60, TimeUnit.SECONDS).getName()).startsWith("event-loop");
                assertThat(waiting).anyMatch(token -> !token.isDisposed());
                waiting.forEach(Disposable::dispose);
            } finally {
                loop.dispose();
            }
        }

        private int requests() {
            return provider.metadataRequests() + provider.keyRequests();
        }
    }

    @Nested
    class Redis {

        @Test
        void it_goes_away_and_comes_back_without_a_restart_of_the_service() throws Exception {
            run("hardening.redis.heartbeat=200ms");
            String token = provider.token(Tokens.RSA_1);
            assertThat(service.status("/ratings/count", token)).isEqualTo(200);
            assertThat(service.health("redis")).isEqualTo("UP");
            redis.stop();
            await().until(() -> service.health("redis").equals("DOWN"));
            assertThat(service.json("/actuator/health/redis").toString()).contains("reason", "127.0.0.1");
            assertThat(service.status("/ratings/count", token)).isEqualTo(503);
            assertThat(service.status("/me", token)).isEqualTo(200);

            redis.restart();
            await().atMost(Duration.ofSeconds(60)).until(() -> service.status("/ratings/count", token) == 200);
            await().atMost(Duration.ofSeconds(60))
                    .until(() -> service.health("redis").equals("UP"));
            MeterRegistry meters = service.context.getBean(MeterRegistry.class);
            await().until(() ->
                    meters.get("redis.connection.returns").functionCounter().count() == 1);
            assertThat(meters.get("redis.connection.losses").functionCounter().count())
                    .isEqualTo(1);
            assertThat(meters.get("redis.connection.up").gauge().value()).isEqualTo(1);
        }

        @Test
        void a_connection_that_fell_silent_is_replaced() throws Exception {
            run("hardening.redis.heartbeat=300ms", "spring.data.redis.timeout=1s");
            String token = provider.token(Tokens.RSA_1);
            assertThat(service.status("/ratings/count", token)).isEqualTo(200);
            redis.signal("STOP");
            await().until(() -> service.health("redis").equals("DOWN"));
            redis.signal("CONT");
            await().until(() -> service.health("redis").equals("UP"));
            assertThat(service.status("/ratings/count", token)).isEqualTo(200);
        }

        @Test
        void a_service_that_can_do_without_starts_says_so_and_heals() throws Exception {
            redis.stop();
            run("hardening.redis.required=false", "hardening.redis.heartbeat=200ms");
            String token = provider.token(Tokens.RSA_1);
            assertThat(service.status("/me", token)).isEqualTo(200);
            assertThat(service.status("/ratings/count", token)).isEqualTo(503);
            assertThat(service.json("/actuator/health/redis").toString()).contains("DOWN", "127.0.0.1:" + redis.port());
            redis.restart();
            await().atMost(Duration.ofSeconds(60))
                    .until(() -> service.health("redis").equals("UP"));
            assertThat(service.status("/ratings/count", token)).isEqualTo(200);
        }
    }

    @Nested
    class Actuator {

        @Test
        void declared_secrets_are_masked_whatever_show_values_says() throws Exception {
            run(
                    "API_URL=https://x.example/?key=${SUPABASE_ANON_KEY}",
                    "hardening.jwks.request-header.X-Key=canary-header",
                    "hardening.jwks.requestHeader.X-Camel=canary-camel",
                    "HARDENING_JWKS_REQUESTHEADER_XVARIABLE=canary-variable");
            String token = provider.token(Tokens.RSA_1);
            String env = service.get("/actuator/env", token).body();
            assertThat(env)
                    .contains("SUPABASE_ANON_KEY", "API_URL", "spring.data.redis.port", "XVARIABLE", "X-Camel")
                    .doesNotContain("canary");
            assertThat(service.get("/actuator/env/API_URL", token).body()).doesNotContain("canary");
            assertThat(service.get("/actuator/configprops", token).body())
                    .contains("X-Key", "X-Camel", "hardening.jwks", "PT1H")
                    .doesNotContain("canary");
        }
    }
}
