/**
 * Connects to Redis at start-up and watches the connection from then on. Begin with {@link
 * dev.hardening.redis.RedisConnector}.
 */
@NullMarked
package dev.hardening.redis;

import org.jspecify.annotations.NullMarked;
