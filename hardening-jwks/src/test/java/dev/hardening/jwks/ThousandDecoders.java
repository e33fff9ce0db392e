package dev.hardening.jwks;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.net.URI;
import org.slf4j.LoggerFactory;

/** A process that makes a thousand decoders, and prints what they logged. */
final class ThousandDecoders {

    private ThousandDecoders() {}

    public static void main(String[] arguments) {
        Logger logger = (Logger) LoggerFactory.getLogger("dev.hardening.jwks");
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        logger.addAppender(log);
        logger.setAdditive(false);
        logger.setLevel(Level.INFO);
        JWKSCache cache =
                JWKSCache.builder(URI.create("https://issuer.invalid/keys")).build();
        for (int i = 0; i < 1_000; i++) {
            TokenDecoder.builder(cache)
                    .issuer("https://issuer.invalid")
                    .audience("api")
                    .build();
        }
        log.list.forEach(event -> System.out.println(event.getLevel() + " " + event.getFormattedMessage()));
    }
}
