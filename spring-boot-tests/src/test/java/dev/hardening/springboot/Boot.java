package dev.hardening.springboot;

import java.util.List;
import java.util.stream.Stream;
import org.springframework.util.ClassUtils;

/** Types of Spring Boot's that each line has in a package of its own. */
final class Boot {

    private static final List<String> PACKAGES = List.of(
            HardeningJwtAutoConfiguration.BOOT_4,
            HardeningJwtAutoConfiguration.BOOT_4 + "servlet.",
            HardeningJwtAutoConfiguration.BOOT_3 + "servlet.",
            "org.springframework.boot.data.redis.autoconfigure.",
            "org.springframework.boot.data.redis.autoconfigure.health.",
            "org.springframework.boot.autoconfigure.data.redis.",
            "org.springframework.boot.actuate.autoconfigure.data.redis.",
            "org.springframework.boot.health.contributor.",
            "org.springframework.boot.actuate.health.",
            "org.springframework.boot.reactor.netty.",
            "org.springframework.boot.web.embedded.netty.");

    private Boot() {}

    /** The type with one of these simple names. */
    static Class<?> type(String... simpleNames) {
        return Stream.of(simpleNames)
                .flatMap(name -> PACKAGES.stream().map(prefix -> prefix + name))
                .filter(name -> ClassUtils.isPresent(name, null))
                .findFirst()
                .map(name -> ClassUtils.resolveClassName(name, null))
                .orElseThrow();
    }

    /** What Redis connection details say of one server. */
    static Object standalone(Class<?> details, String host, int port) throws ReflectiveOperationException {
        return Class.forName(details.getName() + "$Standalone", true, details.getClassLoader())
                .getMethod("of", String.class, int.class)
                .invoke(null, host, port);
    }
}
