/**
 * Adds the libraries to Spring Boot: secrets that are validated before the context refreshes, a {@code JwtDecoder} that
 * survives key rotation and outages, and a Redis connection that is checked before the web server listens.
 */
@NullMarked
package dev.hardening.springboot;

import org.jspecify.annotations.NullMarked;
