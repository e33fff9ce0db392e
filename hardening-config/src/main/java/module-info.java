/** Reads the settings and secrets of a service, and refuses to start it without them. */
module dev.hardening.config {
    requires static transitive org.jspecify;

    exports dev.hardening.config;
}
