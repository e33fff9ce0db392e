/** Keeps a rating from reaching another session than its own, and from being sent twice. */
module dev.hardening.ratingguard {
    requires static transitive org.jspecify;

    exports dev.hardening.ratingguard;
}
