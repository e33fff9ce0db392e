module consumer {
    requires dev.hardening.ratingguard;
}
