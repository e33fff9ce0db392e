package dev.hardening.springboot;

import dev.hardening.config.SecretValidationException;
import dev.hardening.config.SecretValidator;
import org.springframework.boot.ExitCodeGenerator;

/** Ends the start with the exit code of a wrong configuration. */
final class InvalidSecretsException extends IllegalStateException implements ExitCodeGenerator {

    private static final long serialVersionUID = 1;

    InvalidSecretsException(SecretValidationException cause) {
        super(cause.getMessage(), cause);
    }

    @Override
    public int getExitCode() {
        return SecretValidator.EXIT_CODE;
    }
}
