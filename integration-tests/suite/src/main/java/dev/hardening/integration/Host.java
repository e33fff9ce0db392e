package dev.hardening.integration;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A service to test: how it is started. It reads from its environment {@code PORT}, {@code ISSUER}, {@code AUDIENCE},
 * {@code REDIS_URL}, {@code KEYS_TTL} (seconds), {@code KEY_WAIT} (milliseconds: the longest that a request waits for an
 * unknown key id) and the two secrets {@code API_KEY} and {@code DB_PASSWORD}. It answers:
 *
 * <ul>
 *   <li>{@code GET /me}: 200 with the token's subject, 401 for a token that is invalid, 503 while there are no keys
 *   <li>{@code GET /slow}: the same, half a second later
 *   <li>{@code GET /count}: 200 with the next number from Redis, 503 while Redis is away
 *   <li>{@code GET /health/ready}: 200 or 503
 * </ul>
 *
 * @param name as it is shown
 * @param variant {@code hardening} with these libraries, {@code default} with what the host brings itself
 * @param versions the host's version, and what helps it
 * @param command what starts it, without the Java executable
 * @param java the oldest Java that it runs on
 */
public record Host(String name, String variant, String versions, List<String> command, int java) {

    /**
     * Reads {@code host.properties} of a host's folder: {@code name}, {@code versions}, {@code java}, and for each variant its
     * arguments of {@code java}. In {@code versions}, <code>{quarkus.version}</code> stands for that property of the folder's
     * {@code pom.xml}, or of the one above it; in the arguments, <code>{}</code> stands for the folder. {@code lines} names the
     * framework's lines where there are several, the newest last: each is a host, and <code>{line}</code> stands for it
     * everywhere.
     *
     * @param newestLine whether the newest line is read alone
     */
    static List<Host> read(Path folder, boolean newestLine) throws IOException {
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(folder.resolve("host.properties"))) {
            properties.load(reader);
        }
        String poms = Files.readString(folder.resolve("pom.xml")) + Files.readString(folder.resolve("../pom.xml"));
        List<Host> hosts = new ArrayList<>();
        List<String> lines = List.of(properties.getProperty("lines", "newest").split("\\s+", -1));
        for (String line : newestLine ? lines.subList(lines.size() - 1, lines.size()) : lines) {
            for (String variant : List.of("hardening", "default")) {
                String arguments = properties.getProperty(variant);
                if (arguments != null) {
                    hosts.add(new Host(
                            properties.getProperty("name").replace("{line}", line),
                            variant,
                            versions(properties.getProperty("versions").replace("{line}", line), poms),
                            List.of(arguments
                                    .replace("{line}", line)
                                    .replace("{}", folder.toString())
                                    .trim()
                                    .split("\\s+")),
                            Integer.parseInt(properties.getProperty("java", "17"))));
                }
            }
        }
        return hosts;
    }

    private static String versions(String text, String poms) {
        return Pattern.compile("\\{(.+?)\\}").matcher(text).replaceAll(name -> {
            Matcher value = Pattern.compile("<" + Pattern.quote(name.group(1)) + ">(.*?)</")
                    .matcher(poms);
            if (!value.find()) {
                throw new IllegalArgumentException("pom.xml has no property " + name.group(1));
            }
            return value.group(1);
        });
    }
}
