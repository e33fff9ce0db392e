package dev.hardening.springboot;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.security.oauth2.core.OAuth2Error;
import org.springframework.security.oauth2.core.OAuth2TokenValidator;
import org.springframework.security.oauth2.core.OAuth2TokenValidatorResult;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtIssuerValidator;
import org.springframework.security.oauth2.jwt.JwtValidators;
import org.springframework.util.StringUtils;

/** The validators that Spring Boot gives its own decoder: time stamps, issuer, audiences, and the application's beans. */
final class Claims {

    private Claims() {}

    static OAuth2TokenValidator<Jwt> validator(KeySources keys, List<OAuth2TokenValidator<Jwt>> additional) {
        List<OAuth2TokenValidator<Jwt>> validators = new ArrayList<>();
        List<KeySource> all = keys.all();
        if (all.size() == 1 && StringUtils.hasText(all.get(0).issuer())) {
            validators.add(new JwtIssuerValidator(all.get(0).issuer()));
        }
        if (all.stream().anyMatch(source -> !source.audiences().isEmpty())) {
            validators.add(token -> audiences(token, keys.sourceOf(token)));
        }
        validators.addAll(additional);
        return validators.isEmpty()
                ? JwtValidators.createDefault()
                : JwtValidators.createDefaultWithValidators(validators);
    }

    /** With the words of Spring's own {@code JwtClaimValidator}. A token of an unknown issuer is refused. */
    private static OAuth2TokenValidatorResult audiences(Jwt token, @Nullable KeySource source) {
        return source != null && isFor(source.audiences(), token)
                ? OAuth2TokenValidatorResult.success()
                : OAuth2TokenValidatorResult.failure(new OAuth2Error(
                        "invalid_token",
                        "The aud claim is not valid",
                        "https://tools.ietf.org/html/rfc6750#section-3.1"));
    }

    private static boolean isFor(List<String> accepted, Jwt token) {
        Collection<String> named = token.getAudience();
        return accepted.isEmpty() || (named != null && !Collections.disjoint(named, accepted));
    }
}
