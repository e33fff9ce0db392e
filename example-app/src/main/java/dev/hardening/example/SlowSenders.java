package dev.hardening.example;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.http.HttpParser;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.internal.HttpConnection;
import org.eclipse.jetty.util.component.AbstractLifeCycle;
import org.eclipse.jetty.util.thread.ScheduledExecutorScheduler;
import org.eclipse.jetty.util.thread.Scheduler;

/**
 * Closes connections whose request headers take too long to arrive. Jetty's idle timeout does not: each byte restarts it.
 */
final class SlowSenders extends AbstractLifeCycle {

    private static final Duration CHECKED_EVERY = Duration.ofSeconds(1);

    private final Server server;
    private final Duration limit;
    private final Scheduler scheduler = new ScheduledExecutorScheduler("slow-senders", true);

    SlowSenders(Server server, Duration limit) {
        this.server = server;
        this.limit = limit;
    }

    @Override
    protected void doStart() throws Exception {
        scheduler.start();
        next();
    }

    @Override
    protected void doStop() throws Exception {
        scheduler.stop();
    }

    private void next() {
        scheduler.schedule(this::check, CHECKED_EVERY.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void check() {
        try {
            for (Connector connector : server.getConnectors()) {
                connector.getConnectedEndPoints().forEach(this::closeIfSlow);
            }
        } finally {
            next();
        }
    }

    private void closeIfSlow(EndPoint endPoint) {
        if (endPoint.getConnection() instanceof HttpConnection connection) {
            HttpParser parser = connection.getParser();
            boolean receiving = !parser.isStart() && parser.inHeaderState();
            if (receiving && System.nanoTime() - parser.getBeginNanoTime() > limit.toNanos()) {
                endPoint.close(new TimeoutException("The request's headers took too long to arrive"));
            }
        }
    }
}
