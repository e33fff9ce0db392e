package dev.hardening.redis;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Tells one listener of outages: each event once, in their order, one at a time, and never on the thread that met it. So a
 * listener that blocks holds up nothing but what it is told itself. Safe for use by several threads.
 */
final class Notifier {

    private final ConnectListener listener;
    private final Executor executor;
    private final Queue<Consumer<ConnectListener>> events = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean telling = new AtomicBoolean();

    /** Takes what runs tasks that may block. */
    Notifier(ConnectListener listener, Executor executor) {
        this.listener = listener;
        this.executor = executor;
    }

    /** Tells an event soon, after those before it. */
    void tell(Consumer<ConnectListener> event) {
        add(event);
        executor.execute(this::deliver);
    }

    /** Adds an event that is told by the next {@link #deliver()}. */
    void add(Consumer<ConnectListener> event) {
        events.add(event);
    }

    /**
     * Tells the events that are in the queue, on this thread. If a call of this method is under way, on another thread or
     * further up on this one, it returns at once, and that call tells them.
     */
    void deliver() {
        while (!events.isEmpty() && telling.compareAndSet(false, true)) {
            try {
                @Nullable Consumer<ConnectListener> next;
                while ((next = events.poll()) != null) {
                    Listeners.tell(listener, next);
                }
            } finally {
                telling.set(false);
            }
        }
    }
}
