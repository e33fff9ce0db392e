package hosts.micronaut;

import dev.hardening.integration.Parts;
import dev.hardening.jwks.TokenDecoder;
import io.micronaut.context.annotation.Bean;
import io.micronaut.context.annotation.Factory;
import io.micronaut.runtime.Micronaut;
import jakarta.inject.Singleton;

/** Opens the parts before Micronaut starts. */
@Factory
public class Main {

    private static Parts parts;

    /** Starts it. */
    public static void main(String... arguments) {
        parts = Parts.open();
        Micronaut.run(Main.class, arguments);
    }

    @Bean(preDestroy = "close")
    @Singleton
    Parts parts() {
        return parts;
    }

    @Singleton
    TokenDecoder decoder() {
        return parts.decoder();
    }
}
