module dev.hardening.redis {
    requires static micrometer.core;
    requires static transitive org.jspecify;
    requires transitive lettuce.core;
    requires io.netty.buffer;
    requires io.netty.common;
    requires io.netty.resolver;
    requires io.netty.transport;
    requires org.slf4j;
    requires reactor.core;

    exports dev.hardening.redis;
}
