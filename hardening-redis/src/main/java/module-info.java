module dev.hardening.redis {
    requires static transitive org.jspecify;
    requires transitive lettuce.core;
    requires org.slf4j;

    exports dev.hardening.redis;
}
