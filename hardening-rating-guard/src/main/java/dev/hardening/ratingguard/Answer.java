package dev.hardening.ratingguard;

import java.util.Objects;

/**
 * A server's answer to a request. Its text does not hold the body.
 *
 * @param status the HTTP status, 100 to 599
 * @param body the body, empty if there is none
 */
public record Answer(int status, String body) {

    /**
     * Checks the status.
     *
     * @param body the body; not null
     * @param status the HTTP status, 100 to 599
     * @throws IllegalArgumentException if the status is not from 100 to 599
     */
    public Answer {
        Objects.requireNonNull(body, "body");
        if (status < 100 || status > 599) {
            throw new IllegalArgumentException("status must be from 100 to 599");
        }
    }

    /** Prints the status only. */
    @Override
    public String toString() {
        return "Answer[" + status + "]";
    }
}
