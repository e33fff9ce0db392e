package dev.hardening.springboot;

import dev.hardening.config.SecretValidator;

/**
 * Declares types and rules of an application's secrets, if {@code hardening.config.required}, a list of names, is not
 * enough. At the time of the check there are no beans yet, so the class is named in {@code META-INF/spring.factories}:
 *
 * <pre>dev.hardening.springboot.SecretDeclaration=com.example.Secrets</pre>
 *
 * <p>The class has a constructor without parameters. Several declarations, and the property, are
 * checked as one.
 */
@FunctionalInterface
public interface SecretDeclaration {

    /**
     * Makes the validator. It is called once, before the context refreshes.
     *
     * @return the validator; not null
     */
    SecretValidator secrets();
}
