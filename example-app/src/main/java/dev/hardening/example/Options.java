package dev.hardening.example;

import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import java.util.stream.Stream;

/** What the command line and the environment ask for. */
record Options(boolean demo, int port, Optional<String> redisUrl, Duration demoTimeToLive) {

    /** Whether Maven started it and waits for it: the two then end together. */
    static boolean startedByMaven() {
        return Boolean.getBoolean("demo.startedByMaven");
    }

    /** @throws IllegalArgumentException with a message for the person who started it */
    static Options read(String[] arguments) {
        for (String argument : arguments) {
            if (!argument.equals("--demo")) {
                throw new IllegalArgumentException(
                        "Usage: java [-Dport=8080] [-Dredis.url=redis://…] -jar focus-squad.jar [--demo]");
            }
        }
        return new Options(
                arguments.length > 0,
                port(option("port", "PORT").orElse("8080")),
                option("redis.url", "REDIS_URL"),
                timeToLive(option("demo.ttl", "DEMO_TTL").orElse("PT60S")));
    }

    private static Optional<String> option(String property, String variable) {
        return Stream.of(
                        Optional.ofNullable(System.getProperty(property)), Optional.ofNullable(System.getenv(variable)))
                .flatMap(Optional::stream)
                .filter(value -> !value.isBlank())
                .findFirst();
    }

    private static int port(String text) {
        int port;
        try {
            port = Integer.parseInt(text.strip());
        } catch (NumberFormatException notANumber) {
            port = -1;
        }
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("The port (-Dport or PORT) has to be a number from 0 to 65535.");
        }
        return port;
    }

    private static Duration timeToLive(String text) {
        try {
            Duration timeToLive = Duration.parse(text);
            if (timeToLive.compareTo(Duration.ofSeconds(4)) >= 0 && timeToLive.compareTo(Duration.ofHours(24)) <= 0) {
                return timeToLive;
            }
        } catch (DateTimeParseException unreadable) {
            // The same answer as for a duration that is too short or too long.
        }
        throw new IllegalArgumentException(
                "The demo's time to live (-Ddemo.ttl or DEMO_TTL) has to be written like PT60S, and be from 4 s to 24 h.");
    }
}
