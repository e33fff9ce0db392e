package hosts.ktor

import com.nimbusds.jwt.JWTClaimsSet
import dev.hardening.integration.Parts
import dev.hardening.jwks.InvalidTokenException
import dev.hardening.jwks.JWKSUnavailableException
import dev.hardening.jwks.TokenDecoder
import io.ktor.http.HttpHeaders
import io.ktor.http.HttpStatusCode
import io.ktor.server.application.Application
import io.ktor.server.application.ApplicationCall
import io.ktor.server.application.ApplicationStopped
import io.ktor.server.application.install
import io.ktor.server.auth.Authentication
import io.ktor.server.auth.authenticate
import io.ktor.server.auth.bearer
import io.ktor.server.auth.principal
import io.ktor.server.cio.CIO
import io.ktor.server.engine.connector
import io.ktor.server.engine.embeddedServer
import io.ktor.server.plugins.statuspages.StatusPages
import io.ktor.server.response.header
import io.ktor.server.response.respond
import io.ktor.server.response.respondText
import io.ktor.server.routing.get
import io.ktor.server.routing.routing
import io.lettuce.core.RedisException
import kotlinx.coroutines.future.await

// example: glue
/** Routes within `authenticate` need a valid token: 401 without one, 503 while there are no keys. */
fun Application.verifyTokens(decoder: TokenDecoder) {
    install(Authentication) {
        bearer {
            authenticate { credential ->
                try {
                    decoder.decodeAsync(credential.token).await()
                } catch (invalid: InvalidTokenException) {
                    null
                }
            }
        }
    }
    install(StatusPages) {
        exception<JWKSUnavailableException> { call, _ -> call.unavailable() }
        exception<RedisException> { call, _ -> call.unavailable() }
    }
}

suspend fun ApplicationCall.unavailable() {
    response.header(HttpHeaders.RetryAfter, 5)
    respond(HttpStatusCode.ServiceUnavailable)
}
// example: end

fun main() {
    val parts = Parts.open()
    embeddedServer(
        CIO,
        configure = {
            connector {
                host = "127.0.0.1"
                port = parts.port()
            }
            shutdownGracePeriod = 5_000
            shutdownTimeout = 10_000
        },
    ) {
        monitor.subscribe(ApplicationStopped) { parts.close() }
        verifyTokens(parts.decoder())
        routes(parts)
    }.start(wait = true)
}

private fun Application.routes(parts: Parts) = routing {
    authenticate {
        get("/me") { call.respondText(call.subject()) }
        get("/slow") { call.respondText(parts.later(call.subject()).await()) }
        get("/count") { call.respondText(parts.count().await()) }
    }
    get("/health/ready") {
        call.respond(if (parts.ready().await()) HttpStatusCode.OK else HttpStatusCode.ServiceUnavailable)
    }
}

private fun ApplicationCall.subject(): String = principal<JWTClaimsSet>()!!.subject
