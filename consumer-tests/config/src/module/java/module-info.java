module consumer {
    requires dev.hardening.config;
}
