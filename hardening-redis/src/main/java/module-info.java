/** Connects to Redis at start-up and watches the connection from then on. */
module dev.hardening.redis {
    requires static micrometer.core;
    requires static transitive org.jspecify;
    requires transitive lettuce.core;
    requires io.netty.buffer;
    requires io.netty.common;
    requires io.netty.resolver;
    requires io.netty.resolver.dns; // Lettuce needs it, and as an automatic module cannot say so
    requires io.netty.transport;
    requires jdk.net; // Lettuce sets the keep-alive's times through it
    requires org.slf4j;
    requires reactor.core;

    exports dev.hardening.redis;
}
