package dev.hardening.integration;

import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** All that a service logged and answered while it was tested. */
final class Transcript {

    private final Queue<String> texts = new ConcurrentLinkedQueue<>();

    void add(String text) {
        texts.add(text);
    }

    /** Which of these are part of a text. */
    List<String> contained(List<String> wanted) {
        return wanted.stream()
                .filter(part -> texts.stream().anyMatch(text -> text.contains(part)))
                .toList();
    }
}
