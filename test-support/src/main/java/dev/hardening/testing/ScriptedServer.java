package dev.hardening.testing;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;

/** A TCP server on loopback that does with each connection what a test's script says. */
public final class ScriptedServer implements AutoCloseable {

    /** What is done with one connection; it is closed afterwards. */
    @FunctionalInterface
    public interface Script {
        void talk(Socket socket) throws IOException;
    }

    /** What a primary of Redis answers to {@code HELLO 3}. */
    public static final String HELLO = String.join(
                    "\r\n",
                    "%6",
                    "+server",
                    "+redis",
                    "+version",
                    "+7.0.0",
                    "+proto",
                    ":3",
                    "+id",
                    ":1",
                    "+mode",
                    "+standalone",
                    "+role",
                    "+master")
            + "\r\n";

    private final ServerSocket listening;
    private final AtomicInteger accepted = new AtomicInteger();

    /** Listens on a free port. */
    public ScriptedServer(Script script) throws IOException {
        this(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), script);
    }

    /** Accepts from a socket that listens already, such as one with TLS. */
    public ScriptedServer(ServerSocket listening, Script script) {
        this.listening = listening;
        daemon(() -> accept(script));
    }

    private void accept(Script script) {
        while (!listening.isClosed()) {
            try {
                Socket socket = listening.accept();
                accepted.incrementAndGet();
                daemon(() -> {
                    try (socket) {
                        script.talk(socket);
                    } catch (IOException closed) {
                        // The client closed it.
                    }
                });
            } catch (IOException closed) {
                return;
            }
        }
    }

    private static void daemon(Runnable task) {
        Thread thread = new Thread(task, "scripted-server");
        thread.setDaemon(true);
        thread.start();
    }

    /** Answers each read with the same text. */
    public static Script answering(String text) {
        return socket -> {
            byte[] buffer = new byte[4_096];
            while (socket.getInputStream().read(buffer) >= 0) {
                socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
            }
        };
    }

    /**
     * Speaks Redis's protocol.
     *
     * @param answers from a command with its arguments, in one line, to the answer as the protocol writes it
     */
    public static Script speaking(UnaryOperator<String> answers) {
        return socket -> {
            DataInputStream in = new DataInputStream(socket.getInputStream());
            while (true) {
                int parts = Integer.parseInt(line(in).substring(1));
                StringBuilder command = new StringBuilder();
                for (int i = 0; i < parts; i++) {
                    byte[] part = new byte[Integer.parseInt(line(in).substring(1))];
                    in.readFully(part);
                    line(in);
                    command.append(i == 0 ? "" : " ").append(new String(part, StandardCharsets.UTF_8));
                }
                socket.getOutputStream().write(answers.apply(command.toString()).getBytes(StandardCharsets.UTF_8));
            }
        };
    }

    private static String line(DataInputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.readByte(); c != '\n'; c = in.readByte()) {
            if (c != '\r') {
                line.append((char) c);
            }
        }
        return line.toString();
    }

    /** A text as a bulk string of Redis's protocol. */
    public static String bulk(String text) {
        return "$" + text.length() + "\r\n" + text + "\r\n";
    }

    /** How many connections it accepted so far. */
    public int accepted() {
        return accepted.get();
    }

    /** The port on loopback that it listens on. */
    public int port() {
        return listening.getLocalPort();
    }

    /** Such as {@code redis://127.0.0.1:6379}. */
    public String redisUri() {
        return "redis://127.0.0.1:" + port();
    }

    @Override
    public void close() throws IOException {
        listening.close();
    }
}
