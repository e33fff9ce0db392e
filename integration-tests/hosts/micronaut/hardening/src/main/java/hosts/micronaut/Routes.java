package hosts.micronaut;

import dev.hardening.integration.Parts;
import io.micronaut.http.HttpResponse;
import io.micronaut.http.HttpStatus;
import io.micronaut.http.MediaType;
import io.micronaut.http.annotation.Controller;
import io.micronaut.http.annotation.Get;
import io.micronaut.security.annotation.Secured;
import io.micronaut.security.rules.SecurityRule;
import java.security.Principal;
import java.util.concurrent.CompletableFuture;

/** The four paths. */
@Controller(produces = MediaType.TEXT_PLAIN)
@Secured(SecurityRule.IS_AUTHENTICATED)
class Routes {

    private final Parts parts;

    Routes(Parts parts) {
        this.parts = parts;
    }

    @Get("/me")
    String me(Principal principal) {
        return principal.getName();
    }

    @Get("/slow")
    CompletableFuture<String> slow(Principal principal) {
        return parts.later(principal.getName());
    }

    @Get("/count")
    CompletableFuture<String> count() {
        return parts.count();
    }

    @Get("/health/ready")
    @Secured(SecurityRule.IS_ANONYMOUS)
    CompletableFuture<HttpResponse<?>> ready() {
        return parts.ready()
                .thenApply(ready -> HttpResponse.status(ready ? HttpStatus.OK : HttpStatus.SERVICE_UNAVAILABLE));
    }
}
