package dev.hardening.redis;

import java.time.Duration;

/**
 * How a connection came about.
 *
 * @param endpoint what was connected to, without user and password
 * @param version the server's version; empty if it may not be asked
 * @param role the server's role, as the server reports it
 * @param mode {@code standalone}, {@code cluster} or {@code sentinel}; empty if it may not be asked
 * @param attempts how many attempts it took, from 1
 * @param warmUp how long the client's classes took to load, before the deadline's clock started
 * @param connect how long the successful attempt took, without its PING
 * @param ping how long its PING took
 */
public record ConnectReport(
        String endpoint,
        String version,
        Role role,
        String mode,
        int attempts,
        Duration warmUp,
        Duration connect,
        Duration ping) {}
