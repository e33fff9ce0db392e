module consumer {
    requires dev.hardening.jwks;
    requires jdk.httpserver;
}
