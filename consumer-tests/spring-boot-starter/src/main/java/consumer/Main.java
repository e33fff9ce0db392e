package consumer;

import dev.hardening.config.Setting;
import dev.hardening.config.Settings;
import dev.hardening.jwks.JWKSCache;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

/** A Spring Boot application that has nothing but the starter: no web, no security, no Redis. */
public final class Main {

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Application {}

    public static void main(String[] arguments) {
        try (ConfigurableApplicationContext context = application().run("--API_KEY=a-key")) {
            Settings settings = context.getBean(Settings.class);
            check(settings.get(Setting.secret("API_KEY")).reveal().equals("a-key"));
            check(context.getBeanNamesForType(JWKSCache.class).length == 0);
        }
        try {
            application().run();
            throw new AssertionError("it has to throw");
        } catch (IllegalStateException missing) {
            check(missing.getMessage().startsWith("Missing required secrets: API_KEY\n"));
        }
    }

    private static SpringApplicationBuilder application() {
        return new SpringApplicationBuilder(Application.class)
                .properties("hardening.config.required=API_KEY", "spring.main.banner-mode=off");
    }

    private static void check(boolean expected) {
        if (!expected) {
            throw new AssertionError();
        }
    }
}
