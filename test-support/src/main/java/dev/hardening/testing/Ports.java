package dev.hardening.testing;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.ThreadLocalRandom;

/** Ports on loopback. */
public final class Ports {

    private static final Socket BOUND = new Socket();

    static {
        try {
            BOUND.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        } catch (IOException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    private Ports() {}

    /**
     * A free port between 12,000 and 21,999. No outgoing connection takes it meanwhile, because the system hands out higher
     * ones. The port 10,000 above it is free too: a cluster's bus uses that one.
     */
    public static int free() {
        while (true) {
            int port = ThreadLocalRandom.current().nextInt(12_000, 22_000);
            if (isFree(port) && isFree(port + 10_000)) {
                return port;
            }
        }
    }

    private static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return socket.isBound();
        } catch (IOException taken) {
            return false;
        }
    }

    /** A port that refuses connections. It is bound for as long as the JVM runs, so nothing can start to listen on it. */
    public static int refusing() {
        return BOUND.getLocalPort();
    }
}
