package dev.hardening.springboot;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Lazy;
import org.springframework.context.event.ContextRefreshedEvent;

/** Logs at the start what is on and what is off, and why, so that no protection is missing without notice. */
@AutoConfiguration
public final class HardeningReportAutoConfiguration {

    HardeningReportAutoConfiguration() {}

    @Bean
    @Lazy(false)
    ApplicationListener<ContextRefreshedEvent> hardeningReport(ApplicationContext context) {
        return new HardeningReport(context);
    }
}
