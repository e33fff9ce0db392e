package dev.hardening.example;

import java.util.Locale;

/** An answer other than success, as RFC 9457 has it: a stable code, and a text that echoes nothing of the request. */
enum Problem {
    MALFORMED_REQUEST(400, "The request cannot be read."),
    INVALID_RATING_TARGET(400, "Each rating is for another member of the table, and for one only once."),
    INVALID_TOKEN(401, "The token is missing or not valid."),
    FORBIDDEN(403, "This is not allowed from here."),
    SESSION_NOT_RATABLE(403, "Ratings open with the social phase."),
    NOT_FOUND(404, "There is nothing here."),
    NO_PENDING_RATINGS(404, "There are no open ratings."),
    METHOD_NOT_ALLOWED(405, "This method is not for here."),
    REQUEST_TIMEOUT(408, "The request took too long to arrive."),
    SESSION_MISMATCH(409, "Session mismatch: cannot rate a different session"),
    RATING_ALREADY_EXISTS(409, "A rating was given already; nothing of this submission was kept."),
    SUBMISSION_UNDER_WAY(409, "The first request with this idempotency key is not finished yet; try again."),
    NOT_OURS(409, "This Redis was not started by the demo, so the demo does not stop it."),
    PAYLOAD_TOO_LARGE(413, "The request is too large."),
    UNSUPPORTED_MEDIA_TYPE(415, "The request has to be application/json in UTF-8, not compressed."),
    RED_REASON_REQUIRED(422, "A red rating needs a reason."),
    IDEMPOTENCY_KEY_REUSED(422, "This idempotency key belongs to another request."),
    HEADERS_TOO_LARGE(431, "The request's headers are too large."),
    INTERNAL_ERROR(500, "Something went wrong."),
    KEYS_UNAVAILABLE(503, "Tokens cannot be verified right now; the token may be good."),
    REDIS_UNAVAILABLE(503, "Ratings cannot be read or kept right now; try again."),
    SHUTTING_DOWN(503, "This instance is stopping; try again.");

    static final String MEDIA_TYPE = "application/problem+json";

    private final int status;
    private final String detail;

    Problem(int status, String detail) {
        this.status = status;
        this.detail = detail;
    }

    int status() {
        return status;
    }

    String detail() {
        return detail;
    }

    String title() {
        String words = name().replace('_', ' ').toLowerCase(Locale.ROOT);
        return Character.toUpperCase(words.charAt(0)) + words.substring(1);
    }

    /** The problem for a status that the web server itself chose. */
    static Problem of(int status) {
        return switch (status) {
            case 404 -> NOT_FOUND;
            case 405 -> METHOD_NOT_ALLOWED;
            case 408 -> REQUEST_TIMEOUT;
            case 413 -> PAYLOAD_TOO_LARGE;
            case 415 -> UNSUPPORTED_MEDIA_TYPE;
            case 431 -> HEADERS_TOO_LARGE;
            case 505 -> MALFORMED_REQUEST; // another version of HTTP: the request's fault, not the server's
            default -> status < 500 ? MALFORMED_REQUEST : INTERNAL_ERROR;
        };
    }

    Thrown thrown() {
        return new Thrown(this);
    }

    /** Ends the handling of a request with a problem. */
    static final class Thrown extends RuntimeException {
        private static final long serialVersionUID = 1;
        private final Problem problem;

        private Thrown(Problem problem) {
            super(problem.name(), null, false, false);
            this.problem = problem;
        }

        Problem problem() {
            return problem;
        }
    }
}
