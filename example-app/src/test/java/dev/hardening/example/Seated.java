package dev.hardening.example;

import com.nimbusds.jose.JWSAlgorithm;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;

/** Four people at a table; the first of them rates. */
record Seated(String session, List<String> people) {

    static List<String> four() {
        return Stream.generate(() -> UUID.randomUUID().toString()).limit(4).toList();
    }

    /** A table of four whose social phase has just begun. */
    static Seated at(Tables tables) {
        return at(tables, four(), 51);
    }

    static Seated at(Tables tables, List<String> people, int minutesAgo) {
        Map<String, String> members = new LinkedHashMap<>();
        people.forEach(person -> members.put(person, "Somebody"));
        String session = UUID.randomUUID().toString();
        tables.create(new Tables.Session(session, Instant.now().minus(Duration.ofMinutes(minutesAgo)), members));
        return new Seated(session, people);
    }

    String token(DemoIdentityProvider provider) {
        return provider.sign(people.get(0), "ada", JWSAlgorithm.ES256);
    }

    /** A submission for all three tablemates. */
    String allGreen() {
        return App.green(people.get(1), people.get(2), people.get(3));
    }

    String ratingsKey() {
        return "session:{" + session + "}:ratings";
    }
}
