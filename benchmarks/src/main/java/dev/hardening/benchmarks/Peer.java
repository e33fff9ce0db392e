package dev.hardening.benchmarks;

import java.security.PublicKey;

/** A way to get verifying keys, and to verify tokens with them, over one key endpoint. */
interface Peer extends AutoCloseable {

    /** The key of a key id; throws where there is none, or none can be had. */
    PublicKey find(String kid) throws Exception;

    /** Verifies a token: signature, issuer, audience, times; returns its subject. */
    String verify(String token) throws Exception;

    @Override
    default void close() {}
}
