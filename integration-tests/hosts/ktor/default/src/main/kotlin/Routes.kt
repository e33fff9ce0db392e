package hosts.ktor

import com.auth0.jwk.JwkProviderBuilder
import io.ktor.http.HttpStatusCode
import io.ktor.server.application.Application
import io.ktor.server.application.ApplicationCall
import io.ktor.server.application.install
import io.ktor.server.auth.Authentication
import io.ktor.server.auth.authenticate
import io.ktor.server.auth.jwt.JWTPrincipal
import io.ktor.server.auth.jwt.jwt
import io.ktor.server.auth.principal
import io.ktor.server.response.respond
import io.ktor.server.response.respondText
import io.ktor.server.routing.get
import io.ktor.server.routing.routing
import io.lettuce.core.RedisClient
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.delay
import kotlinx.coroutines.future.await
import kotlinx.coroutines.withTimeoutOrNull

/** Ktor's JWT authentication as its documentation sets it up, and Lettuce as its own begins. */
fun Application.module() {
    fun setting(name: String) = environment.config.property(name).getString()
    val audience = setting("jwt.audience")
    val keys = JwkProviderBuilder(setting("jwt.issuer"))
        .cached(10, setting("jwt.keys-ttl").toLong(), TimeUnit.SECONDS)
        .rateLimited(10, 1, TimeUnit.MINUTES)
        .timeouts(setting("jwt.timeout").toInt(), setting("jwt.timeout").toInt())
        .build()
    install(Authentication) {
        jwt {
            verifier(keys, setting("jwt.issuer")) {
                acceptLeeway(3)
                withAudience(audience)
            }
            validate { credential -> credential.subject?.let { JWTPrincipal(credential.payload) } }
        }
    }
    val redis = RedisClient.create(setting("redis.url")).connect().async()
    routing {
        authenticate {
            get("/me") { call.respondText(call.subject()) }
            get("/slow") {
                delay(500)
                call.respondText(call.subject())
            }
            get("/count") { call.respondText(redis.incr("count").await().toString()) }
        }
        get("/health/ready") {
            val pong = withTimeoutOrNull(1.seconds) { redis.ping().await() }
            call.respond(if (pong != null) HttpStatusCode.OK else HttpStatusCode.ServiceUnavailable)
        }
    }
}

private fun ApplicationCall.subject(): String = principal<JWTPrincipal>()!!.subject!!
