package dev.hardening.example;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/** Counts the requests under way, so that a stop can wait for their answers while new requests are refused with 503. */
final class Drain extends Handler.Wrapper {

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition empty = lock.newCondition();
    private int underWay;
    private boolean draining;

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        if (!enter()) {
            Problems.write(response, callback, Problem.SHUTTING_DOWN);
            return true;
        }
        Request.addCompletionListener(request, failure -> leave());
        return super.handle(request, response, callback);
    }

    private boolean enter() {
        lock.lock();
        try {
            if (!draining) {
                underWay++;
            }
            return !draining;
        } finally {
            lock.unlock();
        }
    }

    private void leave() {
        lock.lock();
        try {
            underWay--;
            empty.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Refuses every new request from now on. */
    void begin() {
        lock.lock();
        try {
            draining = true;
        } finally {
            lock.unlock();
        }
    }

    /** Waits until the requests under way have their answers; false if some do not within the limit. */
    boolean await(Duration limit) throws InterruptedException {
        long left = limit.toNanos();
        lock.lock();
        try {
            while (underWay > 0 && left > 0) {
                left = empty.awaitNanos(left);
            }
            return underWay == 0;
        } finally {
            lock.unlock();
        }
    }
}
