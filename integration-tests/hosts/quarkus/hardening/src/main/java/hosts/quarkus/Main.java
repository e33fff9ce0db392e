package hosts.quarkus;

import dev.hardening.integration.Parts;
import dev.hardening.jwks.TokenDecoder;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.annotations.QuarkusMain;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

/** Opens the parts before Quarkus starts. */
@QuarkusMain
@ApplicationScoped
public class Main {

    private static Parts parts;

    /** Starts it. */
    public static void main(String... arguments) {
        parts = Parts.open();
        Quarkus.run(arguments);
    }

    @Produces
    @Singleton
    Parts parts() {
        return parts;
    }

    @Produces
    @Singleton
    TokenDecoder decoder() {
        return parts.decoder();
    }

    void close(@Observes ShutdownEvent event) {
        parts.close();
    }
}
