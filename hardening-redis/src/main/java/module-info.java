module dev.hardening.redis {
    requires static transitive org.jspecify;
    requires transitive lettuce.core;
    requires io.netty.common;
    requires org.slf4j;
    requires reactor.core;

    exports dev.hardening.redis;
}
