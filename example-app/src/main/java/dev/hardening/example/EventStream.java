package dev.hardening.example;

import io.javalin.http.sse.SseClient;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/** Server-sent events for the browsers that follow the demo. One thread writes, so that a slow reader delays no request. */
final class EventStream implements AutoCloseable {

    private static final int MAX_FOLLOWERS = 32;

    /** One event. */
    record Event(String name, Object data) {}

    private final List<SseClient> followers = new CopyOnWriteArrayList<>();
    private final ExecutorService writer = Executors.newSingleThreadExecutor(Demo::daemon);
    private final Supplier<List<Event>> greeting;

    /** @param greeting what a new follower is sent first */
    EventStream(Supplier<List<Event>> greeting) {
        this.greeting = greeting;
    }

    boolean isFollowed() {
        return !followers.isEmpty();
    }

    void follow(SseClient follower) {
        boolean wantsNone = Head.wasSent(follower.ctx().req());
        if (wantsNone || followers.size() >= MAX_FOLLOWERS || writer.isShutdown()) {
            follower.close();
            return;
        }
        follower.keepAlive();
        writer.execute(() -> {
            // Before the greeting: a follower may leave while it is sent.
            followers.add(follower);
            follower.onClose(() -> followers.remove(follower));
            greeting.get().forEach(event -> send(follower, event));
        });
    }

    void send(String name, Object data) {
        if (!writer.isShutdown()) {
            Event event = new Event(name, data);
            writer.execute(() -> followers.forEach(follower -> send(follower, event)));
        }
    }

    private void send(SseClient follower, Event event) {
        try {
            follower.sendEvent(event.name(), event.data());
        } catch (RuntimeException gone) {
            follower.close();
        }
    }

    /** Ends all streams, so that a server which stops does not wait for them. */
    @Override
    public void close() {
        writer.shutdownNow();
        followers.forEach(SseClient::close);
        followers.clear();
    }
}
