package dev.hardening.ratingguard;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Looks into the jar that these tests run on, as its user gets it. */
class PackagedJarIT {

    private static JarFile jar;
    private static String version;

    @BeforeAll
    static void openTheJar() throws Exception {
        File file = new File(RatingSessionGuard.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        assertThat(file).as("the tests run on the jar").isFile();
        jar = new JarFile(file);
        version = jar.getManifest().getMainAttributes().getValue(Attributes.Name.IMPLEMENTATION_VERSION);
    }

    @AfterAll
    static void closeTheJar() throws IOException {
        jar.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"index.js", "index.d.ts", "kept.js", "kept.d.ts", "react.js", "react.d.ts"})
    void itIsAWebjarOfTheTwinAsCommitted(String name) throws IOException {
        assertThat(text("META-INF/resources/webjars/hardening-rating-guard/" + version + "/" + name))
                .isEqualTo(Files.readString(Path.of("ts/dist", name)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "rating-guard.json",
                "rating-guard.schema.json",
                "rating-guard-submissions.json",
                "rating-guard-submissions.schema.json"
            })
    void itHasTheVectorsAndTheirSchemaThatTheNpmPackageHas(String name) throws IOException {
        assertThat(text("META-INF/conformance/" + name)).isEqualTo(Files.readString(Path.of("ts/conformance", name)));
    }

    @Test
    void itHoldsNothingElseOfTheTwin() {
        assertThat(jar.stream().map(ZipEntry::getName))
                .noneMatch(name -> name.contains("node_modules") || name.endsWith(".mjs") || name.endsWith(".tsx"))
                .filteredOn(name -> name.startsWith("META-INF/resources/") && !name.endsWith("/"))
                .hasSize(6);
    }

    @Test
    void theNpmPackageHasTheVersionThatThisReleaseWillHave() throws IOException {
        assertThat(new ObjectMapper()
                        .readTree(Path.of("ts/package.json").toFile())
                        .get("version")
                        .textValue())
                .isEqualTo(version.replace("-SNAPSHOT", ""));
    }

    private static String text(String name) throws IOException {
        ZipEntry entry = jar.getEntry(name);
        assertThat(entry).as(name).isNotNull();
        try (InputStream in = jar.getInputStream(entry)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
