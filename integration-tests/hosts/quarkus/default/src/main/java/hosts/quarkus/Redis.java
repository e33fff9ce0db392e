package hosts.quarkus;

import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import io.quarkus.runtime.Startup;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** Lettuce as its documentation begins. */
@ApplicationScoped
public class Redis {

    @Produces
    @Singleton
    @Startup
    StatefulRedisConnection<String, String> connection(@ConfigProperty(name = "redis.url") String url) {
        return RedisClient.create(url).connect();
    }
}
