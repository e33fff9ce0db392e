package dev.hardening.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A TCP proxy before a Redis that does to its connections what a bad network does. */
public final class FaultyProxy implements AutoCloseable {

    /** What the network does. */
    public enum Fault {
        /** It passes everything on. */
        NONE,
        /** Nothing listens; what was open is closed. */
        REFUSE,
        /** It accepts, takes what it gets, and never answers. */
        BLACK_HOLE,
        /** Each connection is reset, at once or at the next byte. */
        RESET,
        /** Each answer takes a while. */
        DELAY,
        /** Each answer ends in the middle, with the connection. */
        CUT,
        /** The handshake passes, then nothing goes either way, for ever, on a connection that looks open. */
        HALF_OPEN,
        /** Answers come a byte at a time. */
        SLOW,
        /** What the client sends passes slowly. */
        SLOW_UPLOAD,
        /** It closes each connection at the first bytes of the client. */
        HANG_UP
    }

    private final class Pair {
        final Socket client;
        final Socket server;
        volatile boolean dead;

        Pair(Socket client, Socket server) {
            this.client = client;
            this.server = server;
        }

        void close(boolean reset) {
            for (Socket socket : new Socket[] {client, server}) {
                try {
                    if (reset) {
                        socket.setSoLinger(true, 0);
                    }
                    socket.close();
                } catch (IOException gone) {
                    // It is closed, which is what was wanted.
                }
            }
            pairs.remove(this);
        }

        void pump(InputStream in, OutputStream out, boolean answers) {
            byte[] buffer = new byte[8_192];
            int passed = 0;
            try {
                for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
                    Fault now = fault;
                    // The handshake's answer passes; with the next, which is PING's, the silence begins.
                    dead |= now == Fault.BLACK_HOLE || (now == Fault.HALF_OPEN && passed > 0);
                    if (dead) {
                        continue;
                    }
                    if (now == Fault.RESET) {
                        close(true);
                        return;
                    }
                    if (now == Fault.HANG_UP && !answers) {
                        close(false);
                        return;
                    }
                    if (now == Fault.SLOW_UPLOAD && !answers) {
                        TimeUnit.MICROSECONDS.sleep(2_500);
                    }
                    if (now == Fault.CUT && answers) {
                        out.write(buffer, 0, length / 2);
                        out.flush();
                        close(false);
                        return;
                    }
                    if (now == Fault.DELAY && answers) {
                        TimeUnit.MILLISECONDS.sleep(20);
                    }
                    if (now == Fault.SLOW && answers) {
                        for (int i = 0; i < length; i++) {
                            out.write(buffer, i, 1);
                            out.flush();
                            TimeUnit.MICROSECONDS.sleep(200);
                        }
                    } else {
                        out.write(buffer, 0, length);
                        out.flush();
                    }
                    passed++;
                }
            } catch (IOException over) {
                // Either side closed.
            } catch (InterruptedException never) {
                Thread.currentThread().interrupt();
            }
            close(false);
        }
    }

    private final int target;
    private final int port;
    private final Set<Pair> pairs = ConcurrentHashMap.newKeySet();
    private final AtomicInteger accepted = new AtomicInteger();
    private volatile ServerSocket listening;
    private volatile Fault fault = Fault.NONE;

    /** Passes to this port on loopback, and listens on a free one. */
    public FaultyProxy(int target) throws IOException {
        this(target, Ports.free());
    }

    /** Passes to this port on loopback, and listens on that one. */
    public FaultyProxy(int target, int port) throws IOException {
        this.target = target;
        this.port = port;
        listening = listen();
    }

    /** The port on loopback that it listens on. */
    public int port() {
        return port;
    }

    /** How many connections it accepted so far. */
    public int accepted() {
        return accepted.get();
    }

    /** Such as {@code redis://127.0.0.1:6379}. */
    public String uri() {
        return "redis://127.0.0.1:" + port;
    }

    /** From now on the network does this. */
    public void set(Fault next) {
        try {
            fault = next;
            if (next == Fault.REFUSE) {
                listening.close();
                pairs.forEach(pair -> pair.close(false));
            } else if (listening.isClosed()) {
                listening = listen();
            }
            if (next == Fault.RESET) {
                pairs.forEach(pair -> pair.close(true));
            }
        } catch (IOException failed) {
            throw new IllegalStateException(failed);
        }
    }

    /** What is open stays open, and is dead for ever, as when a router forgets it; what is opened from now on is not. */
    public void forget() {
        pairs.forEach(pair -> pair.dead = true);
    }

    private ServerSocket listen() throws IOException {
        ServerSocket socket = new ServerSocket();
        socket.setReuseAddress(true);
        socket.setReceiveBufferSize(65_536); // so that little of an upload waits here
        socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 50);
        daemon(() -> {
            while (!socket.isClosed()) {
                try {
                    Socket client = socket.accept();
                    accepted.incrementAndGet();
                    Pair pair = new Pair(client, new Socket(InetAddress.getLoopbackAddress(), target));
                    pairs.add(pair);
                    if (fault == Fault.RESET) {
                        pair.close(true);
                        continue;
                    }
                    InputStream fromClient = client.getInputStream();
                    InputStream fromServer = pair.server.getInputStream();
                    OutputStream toClient = client.getOutputStream();
                    OutputStream toServer = pair.server.getOutputStream();
                    daemon(() -> pair.pump(fromClient, toServer, false));
                    daemon(() -> pair.pump(fromServer, toClient, true));
                } catch (IOException closed) {
                    // The next turn sees whether it is over.
                }
            }
        });
        return socket;
    }

    private static void daemon(Runnable task) {
        Thread thread = new Thread(task, "faulty-proxy");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        listening.close();
        pairs.forEach(pair -> pair.close(false));
    }
}
