package dev.hardening.springboot;

import org.springframework.boot.WebApplicationType;

/** Spring's two ways to serve HTTP; each test of the whole service runs on both. */
enum Stack {
    SERVLET(WebApplicationType.SERVLET),
    REACTIVE(WebApplicationType.REACTIVE);

    final WebApplicationType type;

    Stack(WebApplicationType type) {
        this.type = type;
    }

    /** The property that chooses it. */
    String property() {
        return "spring.main.web-application-type=" + name().toLowerCase(java.util.Locale.ROOT);
    }
}
