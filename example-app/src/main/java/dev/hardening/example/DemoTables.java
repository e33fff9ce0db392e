package dev.hardening.example;

import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;

/** The demo's table of four, seated anew when its time is over, and a second table of strangers. */
final class DemoTables {

    /** Names and ids of the four at the table. The ids are of this run: an earlier one may have left its own in Redis. */
    static final Map<String, String> PEOPLE = ids(List.of("ada", "ben", "cleo", "dan"));

    private static final Duration SOCIAL_BEGAN = Duration.ofMinutes(51);

    private final Tables tables;
    private final Clock clock;
    private final Consumer<Tables.Session> seated;
    private volatile Tables.Session table;
    private volatile Tables.Session otherTable;

    /** @param seated is told of each new session */
    DemoTables(Tables tables, Clock clock, Consumer<Tables.Session> seated) {
        this.tables = tables;
        this.clock = clock;
        this.seated = seated;
        table = seat(PEOPLE);
        otherTable = seat(strangers());
    }

    Tables.Session table() {
        return table;
    }

    Tables.Session otherTable() {
        return otherTable;
    }

    Duration sinceStart() {
        return Duration.between(table.startedAt(), clock.instant());
    }

    /**
     * Seats the four anew. What was open at the former table is closed, so that the page goes on with this one. One at a
     * time: two people may press the button at once.
     */
    synchronized void next() {
        Tables.Session before = table;
        table = seat(PEOPLE);
        tables.close(before.id());
    }

    synchronized void reset() {
        otherTable = seat(strangers());
        next();
    }

    boolean isOver() {
        return Phase.at(sinceStart()) == Phase.ENDED;
    }

    private static Map<String, String> strangers() {
        return ids(List.of("eve", "finn", "gia", "hal"));
    }

    private static Map<String, String> ids(List<String> names) {
        Map<String, String> people = new LinkedHashMap<>();
        names.forEach(name -> people.put(name, UUID.randomUUID().toString()));
        return people;
    }

    private Tables.Session seat(Map<String, String> people) {
        Map<String, String> members = new LinkedHashMap<>();
        people.forEach((name, id) -> members.put(id, Character.toUpperCase(name.charAt(0)) + name.substring(1)));
        Tables.Session session =
                new Tables.Session(UUID.randomUUID().toString(), clock.instant().minus(SOCIAL_BEGAN), members);
        tables.create(session);
        seated.accept(session);
        return session;
    }
}
