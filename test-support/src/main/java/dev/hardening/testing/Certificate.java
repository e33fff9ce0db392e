package dev.hardening.testing;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.util.Base64;
import java.util.List;
import java.util.Objects;

/**
 * A self-signed certificate with its key, made by the JDK's keytool.
 *
 * @param certificate a PEM file
 * @param key a PEM file, PKCS #8, not encrypted
 * @param keyStore a PKCS #12 file with both, under {@link #PASSWORD}
 */
public record Certificate(Path certificate, Path key, Path keyStore) {

    /** The password of the key store. */
    public static final String PASSWORD = "changeit";

    private static final String ALIAS = "server";

    /** Makes one that is valid for two days, for a name as keytool writes it: {@code ip:127.0.0.1}, {@code dns:localhost}. */
    public static Certificate make(Path directory, String name) throws Exception {
        return make(directory, name, "-0d", 2);
    }

    /**
     * Makes one.
     *
     * @param from when it begins to be valid, as keytool's {@code -startdate} takes it: {@code -10d}, {@code +10d}
     * @param days how long it is valid
     */
    public static Certificate make(Path directory, String name, String from, int days) throws Exception {
        String file = (name + from + days).replaceAll("\\W", "-");
        Path keyStore = directory.resolve(file + ".p12");
        Process keytool = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        ALIAS,
                        "-keyalg",
                        "EC",
                        "-groupname",
                        "secp256r1",
                        "-dname",
                        "CN=Server of a test",
                        "-ext",
                        "san=" + name,
                        "-startdate",
                        from,
                        "-validity",
                        String.valueOf(days),
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        keyStore.toString(),
                        "-storepass",
                        PASSWORD))
                .redirectErrorStream(true)
                .start();
        String output = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (keytool.waitFor() != 0) {
            throw new IllegalStateException(output);
        }
        return read(keyStore, directory.resolve(file));
    }

    private static Certificate read(Path keyStore, Path files) throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(keyStore)) {
            store.load(in, PASSWORD.toCharArray());
        }
        Key key = Objects.requireNonNull(store.getKey(ALIAS, PASSWORD.toCharArray()));
        return new Certificate(
                pem(
                        Path.of(files + ".crt"),
                        "CERTIFICATE",
                        store.getCertificate(ALIAS).getEncoded()),
                pem(Path.of(files + ".key"), "PRIVATE KEY", key.getEncoded()),
                keyStore);
    }

    private static Path pem(Path file, String label, byte[] bytes) throws IOException {
        return Files.writeString(
                file,
                "-----BEGIN " + label + "-----\n" + Base64.getMimeEncoder().encodeToString(bytes) + "\n-----END "
                        + label + "-----\n");
    }
}
