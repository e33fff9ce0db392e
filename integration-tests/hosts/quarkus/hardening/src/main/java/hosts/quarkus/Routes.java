package hosts.quarkus;

import dev.hardening.integration.Parts;
import io.quarkus.security.Authenticated;
import io.quarkus.security.identity.SecurityIdentity;
import io.smallrye.common.annotation.NonBlocking;
import io.smallrye.mutiny.Uni;
import jakarta.annotation.security.PermitAll;
import jakarta.inject.Inject;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Response;

/** The four paths. */
@Path("/")
@Authenticated
@NonBlocking
public class Routes {

    @Inject
    Parts parts;

    @Inject
    SecurityIdentity identity;

    @GET
    @Path("me")
    public String me() {
        return identity.getPrincipal().getName();
    }

    @GET
    @Path("slow")
    public Uni<String> slow() {
        String subject = me();
        return Uni.createFrom().completionStage(() -> parts.later(subject));
    }

    @GET
    @Path("count")
    public Uni<String> count() {
        return Uni.createFrom().completionStage(parts::count);
    }

    @GET
    @Path("health/ready")
    @PermitAll
    public Uni<Response> ready() {
        return Uni.createFrom()
                .completionStage(parts::ready)
                .map(ready -> Response.status(ready ? 200 : 503).build());
    }
}
