module dev.hardening.ratingguard {
    requires static transitive org.jspecify;

    exports dev.hardening.ratingguard;
}
