module consumer {
    requires dev.hardening.redis;
}
