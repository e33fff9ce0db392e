/** Verifies tokens with the keys of an endpoint, through key rotations and outages. */
module dev.hardening.jwks {
    requires static micrometer.core;
    requires static transitive org.jspecify;
    requires transitive com.nimbusds.jose.jwt;
    requires static com.github.benmanes.caffeine;
    requires transitive java.net.http;
    requires org.slf4j;

    exports dev.hardening.jwks;
}
