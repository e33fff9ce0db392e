package hosts.quarkus;

import io.lettuce.core.api.StatefulRedisConnection;
import io.quarkus.security.Authenticated;
import io.smallrye.common.annotation.NonBlocking;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Inject;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import java.time.Duration;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.eclipse.microprofile.jwt.JsonWebToken;

/** The four paths, readiness by Quarkus itself. */
@Path("/")
@Authenticated
@NonBlocking
public class Routes {

    @Inject
    JsonWebToken token;

    @Inject
    StatefulRedisConnection<String, String> redis;

    @ConfigProperty(name = "service.api-key")
    String apiKey;

    @ConfigProperty(name = "service.db-password")
    String dbPassword;

    @GET
    @Path("me")
    public String me() {
        return token.getSubject();
    }

    @GET
    @Path("slow")
    public Uni<String> slow() {
        return Uni.createFrom().item(me()).onItem().delayIt().by(Duration.ofMillis(500));
    }

    @GET
    @Path("count")
    public Uni<String> count() {
        return Uni.createFrom()
                .completionStage(() -> redis.async().incr("count"))
                .map(String::valueOf);
    }
}
