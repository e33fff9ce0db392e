package dev.hardening.springboot;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.util.JSONObjectUtils;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.context.annotation.ImportCandidates;

class MetadataTest {

    @Test
    @SuppressWarnings("unchecked")
    void every_property_is_described_for_an_editor_with_its_default() throws Exception {
        Map<String, Object> metadata = JSONObjectUtils.parse(resource("META-INF/spring-configuration-metadata.json"));
        List<String> described = new ArrayList<>();
        for (Object each : (List<Object>) metadata.get("properties")) {
            Map<String, Object> property = (Map<String, Object>) each;
            assertThat((String) property.get("description"))
                    .as("description of " + property.get("name"))
                    .endsWith(".");
            described.add(property.get("name") + "=" + property.get("defaultValue"));
        }
        assertThat(described)
                .containsExactlyInAnyOrder(
                        "hardening.config.enabled=true",
                        "hardening.config.required=null",
                        "hardening.jwks.enabled=true",
                        "hardening.jwks.time-to-live=1h",
                        "hardening.jwks.refresh-before=5m",
                        "hardening.jwks.stale-for=24h",
                        "hardening.jwks.unknown-key-cooldown=30s",
                        "hardening.jwks.unknown-key-wait=null",
                        "hardening.jwks.fetch-timeout=10s",
                        "hardening.jwks.allow-plain-http=false",
                        "hardening.jwks.request-header=null",
                        "hardening.jwks.bearer-token-file=null",
                        "hardening.jwks.ssl.bundle=null",
                        "hardening.jwks.issuers=null",
                        "hardening.redis.enabled=true",
                        "hardening.redis.required=true",
                        "hardening.redis.attempts=3",
                        "hardening.redis.backoff=1s",
                        "hardening.redis.deadline=7s",
                        "hardening.redis.attempt-timeout=3s",
                        "hardening.redis.jitter=0",
                        "hardening.redis.require-role=null",
                        "hardening.redis.fail-fast=true",
                        "hardening.redis.heartbeat=5s");
    }

    @Test
    void every_auto_configuration_is_registered_and_known_to_the_fast_path() throws Exception {
        String fastPath = resource("META-INF/spring-autoconfigure-metadata.properties");
        List<String> registered = new ArrayList<>();
        for (String name :
                ImportCandidates.load(AutoConfiguration.class, getClass().getClassLoader())) {
            if (name.startsWith("dev.hardening.")) {
                assertThat(Class.forName(name)).hasAnnotation(AutoConfiguration.class);
                assertThat(fastPath).contains(name + "=");
                registered.add(name);
            }
        }
        assertThat(registered).hasSize(7);
    }

    private String resource(String name) throws Exception {
        List<String> ours = new ArrayList<>();
        for (var urls = getClass().getClassLoader().getResources(name); urls.hasMoreElements(); ) {
            try (InputStream in = urls.nextElement().openStream()) {
                String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
                if (text.contains("dev.hardening.springboot")) {
                    ours.add(text);
                }
            }
        }
        assertThat(ours).hasSize(1);
        return ours.get(0);
    }
}
