package dev.hardening.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.hardening.redis.Attempt.Verdict;
import dev.hardening.testing.ScriptedServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is said of peers that are no Redis, half a Redis, or a Redis that stops in the middle. */
class HostilePeersTest {

    private static RedisConnectException failure(RedisConnector.Builder builder) {
        RedisConnectException failure = catchThrowableOfType(
                RedisConnectException.class,
                () -> builder.sleeper(wait -> {}).build().connect().close());
        assertThat(failure).isNotNull();
        return failure;
    }

    private static RedisConnectException failureAt(ScriptedServer.Script script, Duration attemptTimeout)
            throws IOException {
        try (ScriptedServer peer = new ScriptedServer(script)) {
            return failure(RedisConnector.builder(peer.redisUri()).attempts(1).attemptTimeout(attemptTimeout));
        }
    }

    private static void write(Socket socket, String text) throws IOException {
        OutputStream out = socket.getOutputStream();
        out.write(text.getBytes(StandardCharsets.ISO_8859_1));
        out.flush();
    }

    /** Answers the handshake as an old Redis does, and PING in another way. */
    private static ScriptedServer.Script answeringPing(String answer) {
        return ScriptedServer.speaking(command -> command.equals("PING") ? answer : "-ERR unknown command\r\n");
    }

    private static void closeAfter(Socket socket, String text) {
        try {
            write(socket, text);
            socket.close();
        } catch (IOException closed) {
            throw new IllegalStateException(closed);
        }
    }

    @Nested
    class APeer {

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "HTTP/1.1 400 Bad Request\r\nServer: hunter2\r\n\r\n",
                    "SSH-2.0-OpenSSH_9.2p1 hunter2\r\n",
                    "220 mail.example ESMTP hunter2\r\n",
                    "\0\0\0\0hunter2",
                    "\r\n",
                    "+OK hunter2\r\n",
                    ":hunter2\r\n",
                    ":7\r\n",
                    "$-5\r\n",
                    "$3\r\nhunter2\r\n",
                    "*-9\r\n",
                    "_\r\n",
                    "#hunter2\r\n",
                    ",nan\r\n",
                    "(12345\r\n",
                    "=11\r\ntxt:hunter2\r\n",
                    "|1\r\n+hunter2\r\n+b\r\n"
                })
        void thatIsNoRedisIsSaidSoAndNeverInItsOwnWords(String greeting) throws Exception {
            RedisConnectException failure = failureAt(
                    socket -> {
                        socket.getInputStream().read(new byte[4_096]);
                        write(socket, greeting);
                        socket.getInputStream().readAllBytes();
                    },
                    Duration.ofSeconds(30));
            assertThat(failure).hasMessage("Redis connection failed after 1 attempt: not a Redis server");
            assertThat(failure.attempts().get(0).verdict()).isEqualTo(Verdict.PERMANENT);
        }

        @Test
        void thatAnswersPingWithSomethingElseIsNoRedis() throws Exception {
            assertThat(failureAt(answeringPing("+PANG\r\n"), Duration.ofSeconds(30)))
                    .hasMessageContaining("not a Redis server");
        }

        @Test
        void thatSendsAnErrorWithoutATextIsSaidSo() throws Exception {
            assertThat(failureAt(ScriptedServer.answering("-\r\n"), Duration.ofSeconds(30)))
                    .hasMessage("Redis connection failed after 1 attempt: an error without a text");
        }

        @Test
        void thatDribblesIsConnectedToIfItFitsIntoTheAttempt() throws Exception {
            try (ScriptedServer slow = new ScriptedServer(socket -> {
                InputStream in = socket.getInputStream();
                byte[] command = new byte[4_096];
                for (int length = in.read(command); length >= 0; length = in.read(command)) {
                    String text = new String(command, 0, length, StandardCharsets.ISO_8859_1);
                    for (String one : text.split("(?=\\*\\d)", -1)) {
                        for (char c : (one.contains("PING") ? "+PONG\r\n" : "-ERR unknown command\r\n").toCharArray()) {
                            write(socket, String.valueOf(c));
                        }
                    }
                }
            })) {
                try (ConnectedRedis redis = RedisConnector.builder(slow.redisUri())
                        .attemptTimeout(Duration.ofSeconds(30))
                        .deadline(Duration.ofMinutes(1))
                        .build()
                        .connect()) {
                    assertThat(redis.report().attempts()).isEqualTo(1);
                }
            }
        }
    }

    @Nested
    class AnAnswer {

        @ParameterizedTest
        @ValueSource(strings = {"", "+", "+PO", "+PONG\r", "$1000000000\r\n", "*100000\r\n", "%2\r\n+server\r\n"})
        void thatNeverEndsIsWaitedForAsLongAsTheAttemptMayTake(String beginning) throws Exception {
            RedisConnectException failure = failureAt(
                    socket -> {
                        socket.getInputStream().read(new byte[4_096]);
                        write(socket, beginning);
                        socket.getInputStream().readAllBytes();
                    },
                    Duration.ofMillis(200));
            assertThat(failure.getMessage()).contains("timed out after");
            assertThat(failure.attempts().get(0).verdict()).isEqualTo(Verdict.TRANSIENT);
        }

        @Test
        void thatNeverComesIsToldFromOneThatStopsHalfway() throws Exception {
            Duration longEnough = Duration.ofSeconds(2); // to get as far as the silence, on a busy machine too
            assertThat(failureAt(socket -> socket.getInputStream().readAllBytes(), longEnough)
                            .getMessage())
                    .contains("timed out after", "while waiting for the handshake");
            assertThat(failureAt(
                                    ScriptedServer.speaking(command -> command.startsWith("HELLO")
                                            ? ScriptedServer.HELLO
                                            : command.equals("PING") ? "+PO" : "-ERR unknown command\r\n"),
                                    longEnough)
                            .getMessage())
                    .contains("timed out after", "while waiting for the answer to PING");
        }

        @Test
        void inALineThatNeverEndsIsGivenUp() throws Exception {
            byte[] block = new byte[1_024];
            Arrays.fill(block, (byte) 'A');
            RedisConnectException failure = failureAt(
                    socket -> {
                        write(socket, "+");
                        while (!socket.isClosed()) {
                            socket.getOutputStream().write(block);
                        }
                    },
                    Duration.ofMillis(200));
            assertThat(failure.getMessage()).contains("timed out after");
        }

        @Test
        void thatNeverComesInTlsIsSaidWithAHint() throws Exception {
            try (ScriptedServer silent =
                    new ScriptedServer(socket -> socket.getInputStream().readAllBytes())) {
                assertThat(failure(RedisConnector.builder(silent.redisUri().replace("redis:", "rediss:"))
                                .attempts(1)
                                .attemptTimeout(Duration.ofSeconds(2))))
                        .hasMessageContaining(
                                "while waiting for the handshake (if the port does not speak TLS, use redis://)");
            }
        }

        @Test
        void ofABlackHoleIsMissedWhileConnecting() throws Exception {
            // A listener that accepts nothing, with its queue full: whoever connects hears nothing, as behind a
            // firewall.
            List<Socket> queue = new ArrayList<>();
            try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                InetSocketAddress address = new InetSocketAddress(full.getInetAddress(), full.getLocalPort());
                boolean silent = false;
                while (!silent) {
                    Socket one = new Socket();
                    queue.add(one);
                    try {
                        one.connect(address, 500);
                    } catch (SocketTimeoutException noAnswer) {
                        silent = true;
                    }
                }
                RedisConnectException failure =
                        failure(RedisConnector.builder("redis://127.0.0.1:" + full.getLocalPort())
                                .attempts(1)
                                .attemptTimeout(Duration.ofMillis(300)));
                assertThat(failure.getMessage()).contains("timed out", "while connecting");
            } finally {
                for (Socket one : queue) {
                    one.close();
                }
            }
        }
    }

    @Nested
    class AConnection {

        @Test
        void thatEndsInMidAnswerWasClosedEarly() throws Exception {
            RedisConnectException failure = failureAt(
                    socket -> ScriptedServer.speaking(command -> {
                                if (command.equals("PING")) {
                                    closeAfter(socket, "+PO");
                                }
                                return "-ERR unknown command\r\n";
                            })
                            .talk(socket),
                    Duration.ofSeconds(30));
            assertThat(failure.getMessage()).containsAnyOf("closed early", "Connection reset");
        }

        @Test
        void thatEndsAfterARefusedClientWasClosedEarly() throws Exception {
            RedisConnectException failure = failureAt(
                    socket -> ScriptedServer.speaking(command -> {
                                if (command.equals("PING")) {
                                    closeAfter(socket, "");
                                }
                                return command.startsWith("HELLO")
                                        ? ScriptedServer.HELLO
                                        : "-NOPERM User a has no permissions to run the 'client|setinfo' command\r\n";
                            })
                            .talk(socket),
                    Duration.ofSeconds(30));
            assertThat(failure.getMessage()).containsAnyOf("closed early", "Connection reset");
            assertThat(failure.attempts().get(0).verdict()).isEqualTo(Verdict.TRANSIENT);
        }

        @Test
        void thatEndsWithAnErrorIsQuoted() throws Exception {
            RedisConnectException failure = failureAt(
                    socket -> {
                        socket.getInputStream().read(new byte[4_096]);
                        write(socket, "-ERR max number of clients reached\r\n");
                    },
                    Duration.ofSeconds(30));
            assertThat(failure)
                    .hasMessage("Redis connection failed after 1 attempt: ERR max number of clients reached");
        }

        @Test
        void thatIsResetIsTriedAgainWithAHint() throws Exception {
            try (ScriptedServer resets = new ScriptedServer(socket -> {
                socket.setSoLinger(true, 0);
                socket.getInputStream().read();
            })) {
                RedisConnectException failure = failure(RedisConnector.builder(resets.redisUri()));
                assertThat(failure.attempts())
                        .hasSize(3)
                        .allSatisfy(attempt -> assertThat(attempt.verdict()).isEqualTo(Verdict.TRANSIENT));
                assertThat(failure).hasMessageEndingWith("(if the port wants TLS, use rediss://)");
                assertThat(resets.accepted()).isEqualTo(3);
            }
        }
    }
}
