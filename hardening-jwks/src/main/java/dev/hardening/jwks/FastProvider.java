package dev.hardening.jwks;

import java.lang.module.ModuleDescriptor;
import java.security.Provider;
import java.security.PublicKey;
import java.security.interfaces.RSAPublicKey;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds Conscrypt, an optional dependency that verifies several times as fast as the JDK's own provider. */
final class FastProvider {

    private static final Logger LOG = LoggerFactory.getLogger(TokenDecoder.class);
    private static final String DEPENDENCY = "org.conscrypt:conscrypt-openjdk-uber";
    private static final int MAX_EXPONENT_BITS = 33;
    private static final AtomicBoolean ANNOUNCED = new AtomicBoolean();

    private FastProvider() {}

    /** It is loaded once for all decoders. */
    private static final class Conscrypt {

        static final @Nullable Provider PROVIDER;
        static final @Nullable String PROBLEM;

        static {
            Provider provider = null;
            String problem = null;
            try {
                provider = Class.forName("org.conscrypt.OpenSSLProvider")
                        .asSubclass(Provider.class)
                        .getDeclaredConstructor()
                        .newInstance();
            } catch (ClassNotFoundException absent) {
                // It is optional.
            } catch (ReflectiveOperationException | LinkageError | RuntimeException unusable) {
                Throwable cause = unusable.getCause();
                problem = (cause == null ? unusable : cause).getClass().getName();
            }
            PROVIDER = provider;
            PROBLEM = problem;
        }
    }

    /** Conscrypt, or null where it is not on the class path or does not run. */
    static @Nullable Provider find() {
        return Conscrypt.PROVIDER;
    }

    /**
     * Whether a provider is ours and calls every signature of a key bad: Conscrypt takes RSA exponents of up to 33 bits. One
     * that the caller gave verifies every signature.
     */
    @SuppressWarnings("ReferenceEquality") // the caller may give another Conscrypt
    static boolean isUnfitFor(PublicKey key, Provider provider) {
        return provider == Conscrypt.PROVIDER
                && key instanceof RSAPublicKey rsa
                && rsa.getPublicExponent().bitLength() > MAX_EXPONENT_BITS;
    }

    /**
     * Logs what verifies: at INFO for the first decoder of the process, at DEBUG for the others.
     *
     * @param provider null for the JDK's choice
     */
    static void announce(@Nullable Provider provider, Set<SigningAlgorithm> algorithms) {
        String text = description(provider, algorithms);
        if (ANNOUNCED.compareAndSet(false, true)) {
            LOG.info("{}", text);
        } else {
            LOG.debug("{}", text);
        }
    }

    static String description(@Nullable Provider provider, Set<SigningAlgorithm> algorithms) {
        if (provider != null) {
            String version = version(provider);
            return "Signatures are verified by " + provider.getName() + (version == null ? "" : " " + version);
        }
        String text = "Signatures are verified by the JDK's default provider";
        if (Conscrypt.PROBLEM != null) {
            return text + "; Conscrypt is on the class path but does not run here: " + Conscrypt.PROBLEM;
        }
        return algorithms.contains(SigningAlgorithm.ES256)
                ? text + "; with " + DEPENDENCY + " on the class path, ES256 is many times as fast"
                : text;
    }

    /** The version of the artifact. The provider's own version may differ, such as Conscrypt's 1.0. */
    private static @Nullable String version(Provider provider) {
        String manifest = provider.getClass().getPackage().getImplementationVersion();
        ModuleDescriptor module = provider.getClass().getModule().getDescriptor();
        return manifest == null && module != null ? module.rawVersion().orElse(null) : manifest;
    }
}
