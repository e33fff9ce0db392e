package consumer;

import dev.hardening.ratingguard.GuardDecision;
import dev.hardening.ratingguard.RatingSessionGuard;

/** Uses what API.md promises of hardening-rating-guard. */
public final class Main {

    public static void main(String[] arguments) throws Exception {
        GuardDecision same = RatingSessionGuard.check("session-a", "session-a");
        check(same.allowed() && same.error() == null);
        GuardDecision other = RatingSessionGuard.check("session-a", "session-b");
        check(!other.allowed());
        check(other.error().equals("Session mismatch: cannot rate a different session"));
        check(RatingSessionGuard.check(null, "session-b").allowed());
        // By the jar's own class: on the module path no other class finds a resource outside a package.
        try (var vectors = RatingSessionGuard.class.getResourceAsStream("/META-INF/conformance/rating-guard.json")) {
            check(vectors != null && vectors.readAllBytes().length > 0);
        }
    }

    private static void check(boolean expected) {
        if (!expected) {
            throw new AssertionError();
        }
    }
}
