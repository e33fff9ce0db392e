package dev.hardening.springboot;

import org.jspecify.annotations.Nullable;
import org.springframework.context.aot.AbstractAotProcessor;
import org.springframework.context.support.DefaultLifecycleProcessor;
import org.springframework.core.SpringProperties;

/** A run that only prepares the application for later ones: it has no secrets and no Redis, and needs none. */
final class BuildTime {

    private BuildTime() {}

    /** Why the secrets and Redis are not checked; null in an ordinary run. */
    static @Nullable String reason() {
        if (Boolean.getBoolean(AbstractAotProcessor.AOT_PROCESSING)) {
            return "this run prepares the application ahead of time (AOT)";
        }
        String exit = SpringProperties.getProperty(DefaultLifecycleProcessor.EXIT_PROPERTY_NAME);
        return DefaultLifecycleProcessor.ON_REFRESH_VALUE.equalsIgnoreCase(exit)
                ? "this is a training run, which ends when the context is refreshed"
                : null;
    }
}
