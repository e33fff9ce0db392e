package dev.hardening.redis;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A peer that does with each connection what a test says. */
final class Peer implements AutoCloseable {

    interface Script {
        void talk(Socket socket) throws IOException;
    }

    private static final Socket NOBODY = new Socket();

    static {
        try {
            NOBODY.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        } catch (IOException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    /** A port that is held and does not listen: whoever connects is refused, and nobody else gets it. */
    static int nobody() {
        return NOBODY.getLocalPort();
    }

    final ServerSocket listening;
    final AtomicInteger accepted = new AtomicInteger();

    Peer(Script script) throws IOException {
        this(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), script);
    }

    Peer(ServerSocket listening, Script script) {
        this.listening = listening;
        Thread thread = new Thread(() -> {
            while (!listening.isClosed()) {
                try {
                    Socket socket = listening.accept();
                    accepted.incrementAndGet();
                    Thread talk = new Thread(() -> {
                        try (socket) {
                            script.talk(socket);
                        } catch (IOException over) {
                            // The connector closed it.
                        }
                    });
                    talk.setDaemon(true);
                    talk.start();
                } catch (IOException closed) {
                    return;
                }
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    static Script answering(String text) {
        return socket -> {
            byte[] buffer = new byte[4_096];
            while (socket.getInputStream().read(buffer) >= 0) {
                socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
            }
        };
    }

    /** Speaks the protocol: to each command, given with its arguments in one line, the answer that a function has. */
    static Script speaking(Function<String, String> answers) {
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

    /** What a primary answers to HELLO 3. */
    static final String HELLO = Stream.of(
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
            .collect(Collectors.joining("\r\n", "", "\r\n"));

    /** As the protocol writes a text of several lines. */
    static String bulk(String text) {
        return "$" + text.length() + "\r\n" + text + "\r\n";
    }

    String uri() {
        return "redis://127.0.0.1:" + listening.getLocalPort();
    }

    @Override
    public void close() throws IOException {
        listening.close();
    }
}
