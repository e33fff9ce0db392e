package dev.hardening.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.Yaml;

/** Holds the page's ways to run a service to what their formats allow; the packaged jar runs the shell's. */
class DeploymentPageTest {

    private static final Pattern BLOCK = Pattern.compile("```(yaml|ini|sh)\\n(.*?)```", Pattern.DOTALL);

    private static List<String> blocks(String language) throws IOException {
        return BLOCK.matcher(Files.readString(GeneratedRegion.PAGE))
                .results()
                .filter(block -> block.group(1).equals(language))
                .map(block -> block.group(2))
                .toList();
    }

    @Test
    void eachIsTenLinesAtMost() throws IOException {
        List<MatchResult> blocks =
                BLOCK.matcher(Files.readString(GeneratedRegion.PAGE)).results().toList();
        assertThat(blocks)
                .hasSize(5)
                .allSatisfy(block -> assertThat(block.group(2).lines()).hasSizeLessThanOrEqualTo(10));
    }

    @Test
    @SuppressWarnings("unchecked")
    void kubernetesMountsWhatItDeclares() throws IOException {
        Map<String, Map<String, List<Map<String, Object>>>> pod =
                new Yaml().load(blocks("yaml").get(0));
        Map<String, Object> container = pod.get("spec").get("containers").get(0);
        Map<String, Object> volume = pod.get("spec").get("volumes").get(0);
        Map<String, Object> mount = ((List<Map<String, Object>>) container.get("volumeMounts")).get(0);
        assertThat(mount).containsEntry("name", volume.get("name")).containsEntry("readOnly", true);
    }

    @Test
    @SuppressWarnings("unchecked")
    void composeMountsWhatItDeclares() throws IOException {
        Map<String, Map<String, Map<String, Object>>> file =
                new Yaml().load(blocks("yaml").get(1));
        Map<String, Object> app = file.get("services").get("app");
        List<String> secrets = (List<String>) app.get("secrets");
        assertThat(file.get("secrets").keySet()).containsExactlyElementsOf(secrets);
        assertThat((Map<String, String>) app.get("environment"))
                .containsEntry("SUPABASE_ANON_KEY_FILE", "/run/secrets/" + secrets.get(0));
    }

    @Test
    void systemdStartsTheServiceOnlyAfterTheCheck() throws IOException {
        assertThat(blocks("ini").get(0).lines())
                .startsWith("[Service]")
                .contains("RestartPreventExitStatus=" + SecretValidator.EXIT_CODE)
                .allMatch(line -> line.equals("[Service]") || line.matches("[A-Z][A-Za-z]+=\\S.*"));
    }
}
