package dev.hardening.springboot;

import dev.hardening.redis.ConnectListener;

/** Listens to each Redis by itself. Without Micrometer there is none. */
interface EachRedis {

    /** The listener of one connection factory, which may not block. */
    ConnectListener listener(String connection);
}
