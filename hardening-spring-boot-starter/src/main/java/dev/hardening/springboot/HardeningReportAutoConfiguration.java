package dev.hardening.springboot;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Lazy;
import org.springframework.context.event.ContextRefreshedEvent;

/** Logs at the start what is on and what is off, and why, so that no protection is missing without notice. */
@AutoConfiguration
public final class HardeningReportAutoConfiguration {

    private static final Logger LOG = LoggerFactory.getLogger("dev.hardening.springboot.Hardening");

    HardeningReportAutoConfiguration() {}

    @Bean
    @Lazy(false)
    ApplicationListener<ContextRefreshedEvent> hardeningReport(ApplicationContext context) {
        return new Said(context);
    }

    /** A class, because the event's type cannot be read from a lambda. */
    private record Said(ApplicationContext context) implements ApplicationListener<ContextRefreshedEvent> {

        @Override
        public void onApplicationEvent(ContextRefreshedEvent event) {
            if (event.getApplicationContext() == context) {
                LOG.info("{}", new HardeningReport(context));
            }
        }
    }
}
