package dev.hardening.testing;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Objects;

/**
 * A certificate with its key, made by the JDK's keytool: self-signed, or signed by an authority of a test.
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
        Path files = directory.resolve(fileName(name, from, days));
        return generate(files, ALIAS, "san=" + name, from, days);
    }

    /** Makes the certificate of an authority, for {@link #sign}, that is valid for a thousand days around today. */
    public static Certificate authority(Path directory) throws Exception {
        return generate(directory.resolve("authority"), ALIAS, "bc:critical=ca:true", "-500d", 1_000);
    }

    /**
     * Makes a certificate that this authority signed.
     *
     * @param from when it begins to be valid, as keytool's {@code -startdate} takes it: {@code -10d}, {@code +10d}
     * @param days how long it is valid
     */
    public Certificate sign(String name, String from, int days) throws Exception {
        Path files = keyStore.resolveSibling("signed-" + fileName(name, from, days));
        Files.copy(keyStore, keyStore(files)); // keytool wants the signer's key in the same store
        return generate(files, "signed", "san=" + name, from, days, "-signer", ALIAS);
    }

    private static String fileName(String name, String from, int days) {
        return (name + "-" + from.replace("+", "in-") + "-" + days).replaceAll("\\W", "-");
    }

    private static Path keyStore(Path files) {
        return Path.of(files + ".p12");
    }

    private static Certificate generate(
            Path files, String alias, String extension, String from, int days, String... further) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                alias,
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-dname",
                "CN=Server of a test",
                "-ext",
                extension,
                "-startdate",
                from,
                "-validity",
                String.valueOf(days),
                "-storetype",
                "PKCS12",
                "-keystore",
                keyStore(files).toString(),
                "-storepass",
                PASSWORD));
        command.addAll(List.of(further));
        Process keytool = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (keytool.waitFor() != 0) {
            throw new IllegalStateException(output);
        }
        return read(files, alias);
    }

    private static Certificate read(Path files, String alias) throws IOException, GeneralSecurityException {
        Path keyStore = keyStore(files);
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(keyStore)) {
            store.load(in, PASSWORD.toCharArray());
        }
        Key key = Objects.requireNonNull(store.getKey(alias, PASSWORD.toCharArray()));
        return new Certificate(
                pem(
                        Path.of(files + ".crt"),
                        "CERTIFICATE",
                        store.getCertificate(alias).getEncoded()),
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
