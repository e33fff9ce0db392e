package hosts.quarkus;

import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.annotations.QuarkusMain;

/** Quarkus counts the life of keys in minutes. */
@QuarkusMain
public class Main {

    /** Starts it. */
    public static void main(String... arguments) {
        System.setProperty("keys.minutes", String.valueOf(Integer.parseInt(System.getenv("KEYS_TTL")) / 60));
        Quarkus.run(arguments);
    }
}
