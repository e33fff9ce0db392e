module dev.hardening.jwks {
    requires static transitive org.jspecify;
    requires transitive com.nimbusds.jose.jwt;
    requires com.fasterxml.jackson.databind;
    requires java.net.http;
    requires org.slf4j;

    exports dev.hardening.jwks;
}
