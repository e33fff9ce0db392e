package dev.hardening.example;

import static org.assertj.core.api.Assertions.assertThat;

import io.javalin.Javalin;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class EventStreamTest {

    private static final int MORE_THAN_IT_HOLDS = 33;

    private final Semaphore asked = new Semaphore(0);
    private final Semaphore answered = new Semaphore(0);
    private final EventStream stream = new EventStream(this::greeting);
    private Javalin server;

    @BeforeEach
    void start() {
        server = Javalin.create(config -> {
                    config.startup.showJavalinBanner = false;
                    config.routes.sse("/events", stream::follow);
                })
                .start("127.0.0.1", 0);
    }

    @AfterEach
    void stop() {
        stream.close();
        server.stop();
    }

    private List<EventStream.Event> greeting() {
        asked.release();
        answered.acquireUninterruptibly();
        EventStream.Event event = new EventStream.Event("status", "x".repeat(1000));
        return List.of(event, event, event);
    }

    private Socket follow() throws Exception {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
        socket.setSoTimeout(30_000);
        String request = "GET /events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n";
        socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    @Test
    void followersWhoLeaveDuringTheGreetingTakeNoPlace() throws Exception {
        for (int follower = 0; follower < MORE_THAN_IT_HOLDS; follower++) {
            try (Socket leaves = follow()) {
                asked.acquire();
                leaves.setSoLinger(true, 0); // a reset, which the next write meets
            }
            answered.release();
        }
        answered.release();
        try (Socket stays = follow();
                BufferedReader lines =
                        new BufferedReader(new InputStreamReader(stays.getInputStream(), StandardCharsets.US_ASCII))) {
            assertThat(lines.lines().anyMatch("event: status"::equals)).isTrue();
            assertThat(stream.isFollowed()).isTrue();
        }
    }
}
