package dev.hardening.redis;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** A self-signed certificate, made by the JDK's keytool. */
record Certificate(Path certificate, Path key, Path keyStore) {

    static final String PASSWORD = "changeit";

    /** Makes one in a directory, for a name as keytool writes it: {@code ip:127.0.0.1}, {@code dns:localhost}. */
    static Certificate make(Path directory, String name) throws Exception {
        Path keyStore = directory.resolve(name.replaceAll("\\W", "-") + ".p12");
        Process keytool = new ProcessBuilder(new ArrayList<>(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "redis",
                        "-keyalg",
                        "EC",
                        "-groupname",
                        "secp256r1",
                        "-dname",
                        "CN=Redis of a test",
                        "-ext",
                        "san=" + name,
                        "-validity",
                        "2",
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        keyStore.toString(),
                        "-storepass",
                        PASSWORD)))
                .redirectErrorStream(true)
                .start();
        String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (keytool.waitFor() != 0) {
            throw new IllegalStateException(said);
        }
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(keyStore)) {
            store.load(in, PASSWORD.toCharArray());
        }
        return new Certificate(
                pem(keyStore, "CERTIFICATE", store.getCertificate("redis").getEncoded()),
                pem(
                        keyStore,
                        "PRIVATE KEY",
                        store.getKey("redis", PASSWORD.toCharArray()).getEncoded()),
                keyStore);
    }

    private static Path pem(Path beside, String what, byte[] bytes) throws Exception {
        return Files.writeString(
                beside.resolveSibling(beside.getFileName() + "-" + what.replace(' ', '-') + ".pem"),
                "-----BEGIN " + what + "-----\n" + Base64.getMimeEncoder().encodeToString(bytes) + "\n-----END " + what
                        + "-----\n");
    }
}
