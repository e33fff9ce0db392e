package dev.hardening.redis;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.awaitility.Awaitility;

/** What a start leaves behind: threads, and what its failure says. */
final class Traces {

    private Traces() {}

    /** The threads that are ours, or Lettuce's and Netty's own. */
    static List<String> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("hardening-redis") || name.startsWith("lettuce-"))
                .toList();
    }

    static void awaitNoThreads() {
        Awaitility.await().untilAsserted(() -> assertThat(threads()).isEmpty());
    }

    /** The stack trace with its causes and what is suppressed, and the attempts. */
    static String of(Throwable failure) {
        StringWriter text = new StringWriter();
        failure.printStackTrace(new PrintWriter(text, true));
        return text
                + (failure instanceof RedisConnectException failed
                        ? failed.attempts().toString()
                        : "");
    }
}
