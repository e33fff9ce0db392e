package dev.hardening.example;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.hardening.testing.RedisCluster;
import dev.hardening.testing.RedisServer;
import io.lettuce.core.cluster.SlotHash;
import java.net.http.HttpResponse;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Several instances that share their state: two on a cluster of three nodes, one of which knows a single node only. */
class InstancesIT {

    private static RedisCluster cluster;
    private static DemoIdentityProvider provider;
    private static Redis redis;
    private static Tables tables;
    private static App first;
    private static App second;

    @BeforeAll
    static void start() throws Exception {
        cluster = RedisCluster.start(
                3, "--appendonly", "yes", "--appendfsync", "always", "--cluster-node-timeout", "2000");
        provider = new DemoIdentityProvider();
        redis = Redis.connect(cluster.uri(), connector -> connector);
        tables = new Tables(redis.commands(), Clock.systemUTC());
        first = App.production(provider, cluster.uri());
        second = App.production(provider, cluster.nodes().get(2).uri());
        first.url();
        second.url();
    }

    @AfterAll
    static void stop() throws Exception {
        for (AutoCloseable started : Stream.of(first, second, redis, provider, cluster)
                .filter(one -> one != null)
                .toList()) {
            started.close();
        }
    }

    private static long kept(Seated table) {
        return redis.commands().get().hlen(table.ratingsKey());
    }

    private static HttpResponse<String> rate(App app, Seated table) throws Exception {
        return app.rate(table.session(), table.token(provider), table.allGreen());
    }

    @Test
    void anInstanceKnowsWhatAnotherHasKept() throws Exception {
        for (int number = 0; number < 24; number++) {
            Seated table = Seated.at(tables);
            App one = number % 2 == 0 ? first : second;
            App other = number % 2 == 0 ? second : first;

            assertThat(rate(one, table).statusCode()).isEqualTo(200);
            assertThat(App.json(other.get("/api/v1/sessions/pending-ratings", table.token(provider)))
                            .path("has_pending")
                            .booleanValue())
                    .isFalse();
            HttpResponse<String> again = rate(other, table);
            assertThat(App.json(again).path("code").asText()).isEqualTo("RATING_ALREADY_EXISTS");
            assertThat(kept(table)).isEqualTo(3);
        }
        assertThat(cluster.sizes())
                .hasSize(3)
                .allSatisfy(keys -> assertThat(keys).isPositive());
    }

    @Test
    void allKeysOfASessionAreOnOneNode() {
        Seated table = Seated.at(tables);
        assertThat(Stream.of("meta", "members", "open", "ratings")
                        .map(part -> SlotHash.getSlot("session:{" + table.session() + "}:" + part))
                        .distinct())
                .hasSize(1);
    }

    @Test
    void ofTwoSubmissionsAtOnceOneIsKeptWhole() throws Exception {
        for (int round = 0; round < 20; round++) {
            Seated table = Seated.at(tables);
            String token = table.token(provider);
            String overlap =
                    App.ratings("skip", table.people().get(3), table.people().get(1));
            CompletableFuture<HttpResponse<String>> one =
                    App.sendAsync(first.ratingOf(table.session(), token, table.allGreen()));
            CompletableFuture<HttpResponse<String>> other =
                    App.sendAsync(second.ratingOf(table.session(), token, overlap));

            assertThat(List.of(one.join().statusCode(), other.join().statusCode()))
                    .containsExactlyInAnyOrder(200, 409);
            boolean firstWon = one.join().statusCode() == 200;
            assertThat(redis.commands().get().hgetall(table.ratingsKey()).values())
                    .hasSize(firstWon ? 3 : 2)
                    .allSatisfy(rating -> assertThat(rating).contains(firstWon ? "\"green\"" : "\"skip\""));
        }
    }

    @Test
    void aKilledNodeIs503AndLosesNoAnsweredRating() throws Exception {
        Seated before = Seated.at(tables);
        assertThat(rate(first, before).statusCode()).isEqualTo(200);
        Seated table = Seated.at(tables);
        RedisServer node = cluster.nodeOf(table.ratingsKey());
        node.stop();

        HttpResponse<String> refused = rate(first, table);
        assertThat(refused.statusCode()).isEqualTo(503);
        assertThat(App.json(refused).path("code").asText()).isEqualTo("REDIS_UNAVAILABLE");

        node.restart();
        cluster.awaitUp();
        await().atMost(Duration.ofSeconds(60))
                .untilAsserted(
                        () -> assertThat(rate(second, table).statusCode()).isIn(200, 409));
        assertThat(kept(table)).isEqualTo(3);
        assertThat(kept(before)).isEqualTo(3);
    }

    @Test
    void aKilledInstanceLeavesNothingHalfWritten() throws Exception {
        List<Seated> seated = new ArrayList<>();
        List<CompletableFuture<Integer>> statuses = new ArrayList<>();
        try (App mortal = App.production(provider, cluster.uri())) {
            mortal.url();
            for (int number = 0; number < 60; number++) {
                seated.add(Seated.at(tables));
            }
            for (Seated table : seated) {
                statuses.add(App.sendAsync(mortal.ratingOf(table.session(), table.token(provider), table.allGreen()))
                        .handle((answer, cut) -> answer == null ? 0 : answer.statusCode()));
                if (statuses.size() == 10) {
                    statuses.get(0).join();
                }
            }
            mortal.kill();
        }
        for (int number = 0; number < seated.size(); number++) {
            Seated table = seated.get(number);
            int status = statuses.get(number).join();
            assertThat(status).isIn(0, 200);
            long kept = kept(table);
            assertThat(kept).isIn(status == 200 ? List.of(3L) : List.of(0L, 3L));
            assertThat(rate(second, table).statusCode()).isEqualTo(kept == 3 ? 409 : 200);
        }
    }
}
