module dev.hardening.config {
    requires static transitive org.jspecify;

    exports dev.hardening.config;
}
