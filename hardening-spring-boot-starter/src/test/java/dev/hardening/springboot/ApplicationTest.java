package dev.hardening.springboot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import dev.hardening.jwks.JWKSCache;
import dev.hardening.jwks.JWKSCacheStatus;
import dev.hardening.redis.RedisConnectException;
import dev.hardening.springboot.app.RatingsApplication;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.Banner;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.health.actuate.endpoint.HealthEndpoint;
import org.springframework.boot.health.contributor.Status;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;

/** A whole application with Spring Security, over HTTP, with a real Redis: what the starter promises, seen from outside. */
class ApplicationTest {

    private final AtomicLong now = new AtomicLong();
    private final HttpClient client = HttpClient.newHttpClient();

    private IdentityProvider provider;
    private RedisServer redis;
    private ConfigurableApplicationContext application;

    @BeforeEach
    void start() throws Exception {
        provider = new IdentityProvider();
        redis = RedisServer.start();
    }

    @AfterEach
    void stop() throws Exception {
        if (application != null) {
            application.close();
        }
        redis.close();
        provider.close();
    }

    private void run(String... more) {
        application = builder(more).run();
    }

    private SpringApplicationBuilder builder(String... more) {
        return new SpringApplicationBuilder(RatingsApplication.class)
                .bannerMode(Banner.Mode.OFF)
                .properties(
                        "server.port=0",
                        "server.address=127.0.0.1",
                        "logging.level.root=warn",
                        "spring.data.redis.host=127.0.0.1",
                        "spring.data.redis.port=" + redis.port(),
                        "spring.security.oauth2.resourceserver.jwt.issuer-uri=" + provider.issuer(),
                        "spring.security.oauth2.resourceserver.jwt.audiences=authenticated",
                        "hardening.config.required=SUPABASE_ANON_KEY",
                        "SUPABASE_ANON_KEY=a-key")
                .properties(more)
                .initializers(context -> ((GenericApplicationContext) context)
                        .registerBean(JWKSCacheCustomizer.class, () -> cache -> cache.ticker(now::get)));
    }

    private HttpResponse<String> call(String path, String token) throws IOException, InterruptedException {
        String port = application.getEnvironment().getProperty("local.server.port");
        return client.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                        .header("Authorization", "Bearer " + token)
                        .timeout(Duration.ofSeconds(30))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private int status(String path, String token) throws IOException, InterruptedException {
        return call(path, token).statusCode();
    }

    private JWKSCacheStatus.State keys() {
        return application.getBean(JWKSCache.class).status().state();
    }

    private Status health(String name) {
        return application.getBean(HealthEndpoint.class).healthForPath(name).getStatus();
    }

    private List<Integer> together(List<Callable<Integer>> calls) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(20);
        try {
            List<Integer> answers = new ArrayList<>();
            for (Future<Integer> answer : threads.invokeAll(calls)) {
                answers.add(answer.get());
            }
            return answers;
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void a_user_is_known_by_a_token_and_nobody_without_one() throws Exception {
        run();
        assertThat(call("/me", provider.token(IdentityProvider.EC_1)).body()).isEqualTo("{\"user\":\"3f0e8a52-user\"}");
        assertThat(status("/me", "nonsense")).isEqualTo(401);
        assertThat(status("/me", provider.token(IdentityProvider.RSA_2, "rsa-1", "authenticated", provider.issuer())))
                .isEqualTo(401);
        assertThat(status("/me", provider.token(IdentityProvider.RSA_1, "rsa-1", "elsewhere", provider.issuer())))
                .isEqualTo(401);
    }

    @Test
    void after_a_rotation_every_token_of_the_new_key_is_accepted_with_one_fetch() throws Exception {
        run();
        assertThat(status("/me", provider.token(IdentityProvider.RSA_1))).isEqualTo(200);
        int before = provider.keyGets.get();
        provider.serve(IdentityProvider.RSA_1, IdentityProvider.RSA_2);
        String token = provider.token(IdentityProvider.RSA_2);
        List<Callable<Integer>> calls = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            calls.add(() -> status("/me", token));
        }

        assertThat(together(calls)).hasSize(100).containsOnly(200);
        assertThat(provider.keyGets).hasValue(before + 1);
    }

    @Test
    void while_the_provider_is_down_for_longer_than_keys_live_users_go_on_and_health_says_stale() throws Exception {
        run();
        String token = provider.token(IdentityProvider.RSA_1);
        assertThat(status("/me", token)).isEqualTo(200);
        provider.down = true;
        for (int hour = 0; hour < 12; hour++) {
            now.addAndGet(Duration.ofHours(1).toNanos());
            assertThat(status("/me", token)).isEqualTo(200);
        }
        await().until(() -> keys() == JWKSCacheStatus.State.STALE);
        assertThat(health("jwks")).isEqualTo(Status.UP);
        assertThat(application
                        .getBean(MeterRegistry.class)
                        .get("jwks.cache.state")
                        .tag("state", "stale")
                        .gauge()
                        .value())
                .isEqualTo(1);

        provider.down = false;
        // Minute by minute: a fetch that began before may yet fail, and is tried again only when its time has come.
        await().until(() -> {
            now.addAndGet(Duration.ofMinutes(1).toNanos());
            return status("/me", token) == 200 && keys() == JWKSCacheStatus.State.FRESH;
        });
    }

    @Test
    void without_any_keys_the_answer_is_503_and_never_401_and_it_recovers_by_itself() throws Exception {
        provider.down = true;
        run();
        HttpResponse<String> outage = call("/me", provider.token(IdentityProvider.RSA_1));

        assertThat(outage.statusCode()).isEqualTo(503);
        assertThat(outage.body()).contains("\"code\":\"KEYS_UNAVAILABLE\"");
        assertThat(outage.headers().firstValue("Content-Type")).contains("application/problem+json");
        assertThat(outage.headers().firstValue("Retry-After"))
                .hasValueSatisfying(
                        seconds -> assertThat(Integer.parseInt(seconds)).isBetween(1, 60));
        assertThat(outage.headers().firstValue("WWW-Authenticate")).isEmpty();
        assertThat(health("jwks")).isEqualTo(Status.DOWN);

        provider.down = false;
        now.addAndGet(Duration.ofMinutes(1).toNanos());
        assertThat(status("/me", provider.token(IdentityProvider.RSA_1))).isEqualTo(200);
        assertThat(health("jwks")).isEqualTo(Status.UP);
    }

    @Test
    void the_application_starts_while_the_provider_says_nothing_at_all() throws Exception {
        provider.silent();
        run("hardening.jwks.fetch-timeout=300ms");
        assertThat(status("/me", provider.token(IdentityProvider.RSA_1))).isEqualTo(503);
    }

    @Test
    void a_flood_of_forged_key_ids_is_refused_with_one_fetch_and_hurts_nobody_else() throws Exception {
        run();
        String good = provider.token(IdentityProvider.RSA_1);
        assertThat(status("/me", good)).isEqualTo(200);
        int before = provider.keyGets.get();
        List<Callable<Integer>> calls = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            String forged = provider.token(IdentityProvider.EC_1, "forged-" + i, "authenticated", provider.issuer());
            calls.add(() -> status("/me", forged));
        }

        assertThat(together(calls)).hasSize(200).containsOnly(401);
        assertThat(provider.keyGets.get() - before).isLessThanOrEqualTo(1);
        assertThat(status("/me", good)).isEqualTo(200);
        assertThat(application.getBean(MeterRegistry.class).getMeters())
                .noneMatch(meter -> meter.getId().toString().contains("forged"));
    }

    @Test
    void the_web_server_does_not_listen_before_redis_answers() throws Exception {
        int port = RedisServer.freePort();
        redis.stop();
        AtomicReference<Throwable> knocked = new AtomicReference<>();
        application = builder("server.port=" + port)
                .initializers(context -> ((GenericApplicationContext) context)
                        .registerBean(
                                RedisConnectorCustomizer.class,
                                () -> connector -> connector.sleeper(wait -> {
                                    knocked.set(catchThrowable(
                                            () -> new Socket(InetAddress.getLoopbackAddress(), port).close()));
                                    restartRedis();
                                })))
                .run();
        assertThat(knocked.get()).isInstanceOf(ConnectException.class);
        assertThat(status("/me", provider.token(IdentityProvider.RSA_1))).isEqualTo(200);
        assertThat(health("redis")).isEqualTo(Status.UP);
        assertThat(application
                        .getBean(MeterRegistry.class)
                        .get("redis.connect.attempts")
                        .tag("outcome", "failure")
                        .functionCounter()
                        .count())
                .isEqualTo(1);
    }

    private void restartRedis() {
        try {
            redis.restart();
        } catch (Exception failed) {
            throw new IllegalStateException(failed);
        }
    }

    @Test
    void a_redis_that_stays_away_ends_the_start_with_the_reason() throws Exception {
        redis.stop();
        SpringApplicationBuilder builder = builder()
                .initializers(context -> ((GenericApplicationContext) context)
                        .registerBean(
                                RedisConnectorCustomizer.class, () -> connector -> connector.sleeper(wait -> {})));
        assertThat(catchThrowable(builder::run))
                .isInstanceOf(RedisConnectException.class)
                .hasMessage("Redis connection failed after 3 attempts: Connection refused");
    }

    @Test
    void redis_goes_away_and_comes_back_without_a_restart_of_the_application() throws Exception {
        run();
        String token = provider.token(IdentityProvider.RSA_1);
        assertThat(status("/ratings/count", token)).isEqualTo(200);
        redis.stop();
        await().until(() -> health("redis").equals(Status.DOWN));
        assertThat(status("/ratings/count", token)).isEqualTo(503);
        assertThat(status("/me", token)).isEqualTo(200);

        redis.restart();
        await().atMost(Duration.ofSeconds(60)).until(() -> status("/ratings/count", token) == 200);
        await().atMost(Duration.ofSeconds(60)).until(() -> health("redis").equals(Status.UP));
    }
}
