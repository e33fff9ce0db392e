package hosts.micronaut;

import io.micronaut.runtime.Micronaut;

/** Makes every bean at the start, so that a missing secret and a missing Redis are noticed there. */
public final class Main {

    private Main() {}

    /** Starts it. */
    public static void main(String... arguments) {
        Micronaut.build(arguments)
                .mainClass(Main.class)
                .eagerInitSingletons(true)
                .start();
    }
}
