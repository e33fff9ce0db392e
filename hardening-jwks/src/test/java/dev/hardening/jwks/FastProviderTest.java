package dev.hardening.jwks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.Provider;
import java.security.Security;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What the log says about the provider that verifies. */
class FastProviderTest {

    private static List<String> logOfAThousandDecoders(String classPath) throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        classPath,
                        ThousandDecoders.class.getName())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output.lines()
                .filter(line -> line.startsWith("INFO ") || line.startsWith("WARN "))
                .toList();
    }

    @Nested
    class AThousandDecoders {

        private final String classPath = System.getProperty("java.class.path");

        @Test
        void log_one_line_with_the_artifacts_version() throws Exception {
            assertThat(logOfAThousandDecoders(classPath))
                    .singleElement()
                    .asString()
                    .matches("INFO Signatures are verified by Conscrypt 2\\.\\d+\\.\\d+");
        }

        @Test
        void name_the_dependency_that_is_faster_where_it_is_missing() throws Exception {
            String without = Arrays.stream(classPath.split(File.pathSeparator, -1))
                    .filter(entry -> !entry.contains("conscrypt"))
                    .collect(Collectors.joining(File.pathSeparator));
            assertThat(logOfAThousandDecoders(without))
                    .containsExactly(
                            "INFO Signatures are verified by the JDK's default provider;"
                                    + " with org.conscrypt:conscrypt-openjdk-uber on the class path, ES256 is many times as fast");
        }
    }

    @Nested
    class TheDescription {

        @Test
        void names_no_dependency_where_es256_is_not_allowed() {
            assertThat(FastProvider.description(null, Set.of(SigningAlgorithm.RS256)))
                    .isEqualTo("Signatures are verified by the JDK's default provider");
        }

        @Test
        void has_the_version_of_the_jdk_for_its_providers() {
            assertThat(FastProvider.description(Security.getProvider("SunEC"), Set.of(SigningAlgorithm.ES256)))
                    .isEqualTo("Signatures are verified by SunEC " + System.getProperty("java.version"));
        }

        @Test
        void has_no_version_where_none_is_known() {
            Provider homemade = new Provider("Homemade", "1", "of no artifact") {
                private static final long serialVersionUID = 1;
            };
            assertThat(FastProvider.description(homemade, Set.of(SigningAlgorithm.ES256)))
                    .isEqualTo("Signatures are verified by Homemade");
        }
    }
}
