package dev.hardening.jwks;

import java.util.PriorityQueue;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Runs short tasks later, on one thread that sleeps until the next task is due. A task that is due later than another does
 * not wake it. The thread exists only while there are tasks. The JDK's scheduled executor either keeps its thread for ever,
 * or wakes it each time its keep-alive ends.
 */
final class Timer {

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    // Guarded by the lock.
    private final PriorityQueue<Task> tasks = new PriorityQueue<>((one, other) -> Long.signum(one.dueAt - other.dueAt));
    private @Nullable Thread thread;

    private final class Task extends FutureTask<@Nullable Void> {

        final long dueAt;

        Task(Runnable task, long dueAt) {
            super(task, null);
            this.dueAt = dueAt;
        }

        @Override
        protected void done() {
            if (isCancelled()) {
                remove(this);
            }
        }
    }

    /** Runs a task after a delay; what it throws is dropped. */
    FutureTask<?> schedule(Runnable task, long delayNanos) {
        Task later = new Task(task, System.nanoTime() + Math.max(0, delayNanos));
        lock.lock();
        try {
            tasks.add(later);
            if (thread == null) {
                startThread(later);
            } else if (tasks.peek() == later) {
                changed.signal();
            }
        } finally {
            lock.unlock();
        }
        return later;
    }

    private void startThread(Task first) {
        Thread started = SharedThreads.newThread(this::run, "hardening-jwks-timer");
        try {
            started.start();
            thread = started;
        } finally {
            if (thread == null) {
                tasks.remove(first); // there was no thread left to start
            }
        }
    }

    private void remove(Task cancelled) {
        lock.lock();
        try {
            tasks.remove(cancelled);
            if (tasks.isEmpty()) {
                changed.signal();
            }
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        for (Task due = next(); due != null; due = next()) {
            due.run();
        }
    }

    /** Waits for the next task; null if there is none, and the thread ends. */
    private @Nullable Task next() {
        lock.lock();
        try {
            for (Task first = tasks.peek(); first != null; first = tasks.peek()) {
                long delay = first.dueAt - System.nanoTime();
                if (delay <= 0) {
                    return tasks.poll();
                }
                awaitChange(delay);
            }
            thread = null;
            return null;
        } finally {
            lock.unlock();
        }
    }

    @SuppressWarnings("WaitNotInLoop") // the caller has a loop around it
    private void awaitChange(long nanos) {
        try {
            var unused = changed.awaitNanos(nanos);
        } catch (InterruptedException ignored) {
            // Nothing in this module interrupts this thread. It ends only when there are no tasks.
        }
    }
}
