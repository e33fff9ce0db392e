package hosts.quarkus;

import dev.hardening.jwks.InvalidTokenException;
import dev.hardening.jwks.JWKSUnavailableException;
import dev.hardening.jwks.TokenDecoder;
import io.lettuce.core.RedisException;
import io.quarkus.security.AuthenticationFailedException;
import io.quarkus.security.identity.IdentityProviderManager;
import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.security.runtime.QuarkusPrincipal;
import io.quarkus.security.runtime.QuarkusSecurityIdentity;
import io.quarkus.vertx.http.runtime.security.ChallengeData;
import io.quarkus.vertx.http.runtime.security.HttpAuthenticationMechanism;
import io.smallrye.mutiny.Uni;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.ws.rs.core.Response;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

// example: glue
/** Makes the identity of a request from its token; with quarkus.http.auth.proactive=false an outage reaches the mapper. */
@ApplicationScoped
public class BearerTokens implements HttpAuthenticationMechanism {

    @Inject
    TokenDecoder decoder;

    @Override
    public Uni<SecurityIdentity> authenticate(RoutingContext context, IdentityProviderManager providers) {
        String header = context.request().getHeader("Authorization");
        if (header == null || !header.regionMatches(true, 0, "Bearer ", 0, 7)) {
            return Uni.createFrom().nullItem();
        }
        Context eventLoop = Vertx.currentContext();
        return Uni.createFrom()
                .completionStage(() -> decoder.decodeAsync(header.substring(7)))
                .emitOn(task -> eventLoop.runOnContext(any -> task.run())) // keys that were waited for come on another thread
                .<SecurityIdentity>map(claims -> QuarkusSecurityIdentity.builder()
                        .setPrincipal(new QuarkusPrincipal(claims.getSubject()))
                        .addAttribute("claims", claims)
                        .build())
                .onFailure(InvalidTokenException.class)
                .transform(invalid -> new AuthenticationFailedException(invalid));
    }

    @Override
    public Uni<ChallengeData> getChallenge(RoutingContext context) {
        return Uni.createFrom().item(new ChallengeData(401, "WWW-Authenticate", "Bearer"));
    }

    @ServerExceptionMapper({JWKSUnavailableException.class, RedisException.class})
    public Response unavailable(RuntimeException outage) {
        return Response.status(503).header("Retry-After", 5).build();
    }
}
// example: end
