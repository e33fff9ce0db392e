package dev.hardening.ratingguard;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/**
 * A deterministic executor that runs a script once for each order in which the script's tasks can run: whenever several
 * are ready, it takes the first, and in later runs the others.
 */
final class Interleavings implements Executor {

    private record Choice(int taken, int of) {}

    private final List<Choice> choices = new ArrayList<>();
    private final List<Runnable> ready = new ArrayList<>();
    private int depth;

    /** Runs the script under every interleaving, and tells how many there were. */
    static int each(Consumer<Executor> script) {
        Interleavings interleavings = new Interleavings();
        int runs = 0;
        do {
            interleavings.depth = 0;
            script.accept(interleavings);
            interleavings.runWhatIsReady();
            runs++;
        } while (interleavings.hasAnother());
        return runs;
    }

    @Override
    public void execute(Runnable task) {
        ready.add(task);
    }

    private void runWhatIsReady() {
        while (!ready.isEmpty()) {
            if (depth == choices.size()) {
                choices.add(new Choice(0, ready.size()));
            }
            ready.remove(choices.get(depth++).taken()).run();
        }
    }

    /** Moves the last choice that has an alternative to it. */
    private boolean hasAnother() {
        while (!choices.isEmpty()) {
            Choice last = choices.remove(choices.size() - 1);
            if (last.taken() + 1 < last.of()) {
                choices.add(new Choice(last.taken() + 1, last.of()));
                return true;
            }
        }
        return false;
    }
}
