package dev.hardening.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.annotation.JsonAutoDetect;
import com.fasterxml.jackson.annotation.PropertyAccessor;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InvalidClassException;
import java.io.NotSerializableException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.junit.jupiter.api.Test;

class SecretTest {

    private static final String CANARY = "hunter2-canary";
    private static final Secret SECRET = Secret.of(CANARY);

    record Holder(String name, Secret secret) implements Serializable {}

    /** Serializable, with a name as long as {@code Secret}. */
    static final class Forged implements Serializable {

        @SuppressWarnings("unused")
        private final String value = CANARY;
    }

    private static byte[] serialized(Object object) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(object);
        }
        return bytes.toByteArray();
    }

    @Test
    void revealIsTheOnlyWayOut() {
        assertThat(SECRET.reveal()).isEqualTo(CANARY);
        assertThat(Secret.of("").reveal()).isEmpty();
        assertThatNullPointerException().isThrownBy(() -> Secret.of(null));
        assertThat(Secret.class.getMethods())
                .filteredOn(method -> method.getDeclaringClass() == Secret.class)
                .extracting("name")
                .containsExactlyInAnyOrder(
                        "of", "valueOf", "valueOf", "valueOf", "reveal", "equals", "hashCode", "toString");
        assertThat(Secret.class.getFields()).isEmpty();
    }

    @Test
    void whereverItIsPrintedItIsRedacted() {
        assertThat(SECRET).hasToString("Secret[redacted]");
        assertThat(new Holder("x", SECRET)).hasToString("Holder[name=x, secret=Secret[redacted]]");
        assertThat(List.of(SECRET)).hasToString("[Secret[redacted]]");
        assertThat(Map.of("key", SECRET)).hasToString("{key=Secret[redacted]}");
        assertThat(Optional.of(SECRET)).hasToString("Optional[Secret[redacted]]");
        assertThat("key " + SECRET).isEqualTo("key Secret[redacted]");
        assertThat(String.format("%s %10.20s", SECRET, SECRET)).isEqualTo("Secret[redacted] Secret[redacted]");
    }

    @Test
    void aLogStatementShowsItRedacted() {
        List<String> lines = new ArrayList<>();
        Logger logger = Logger.getAnonymousLogger();
        logger.setUseParentHandlers(false);
        logger.addHandler(new Handler() {
            @Override
            public void publish(LogRecord record) {
                lines.add(new SimpleFormatter().formatMessage(record));
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        });
        logger.log(Level.INFO, "key {0} of {1}", new Object[] {SECRET, new Holder("x", SECRET)});
        assertThat(lines).containsExactly("key Secret[redacted] of Holder[name=x, secret=Secret[redacted]]");
    }

    @Test
    void itCannotBeSerializedAlsoNotInsideOfAnother() {
        assertThatThrownBy(() -> serialized(SECRET)).isInstanceOf(NotSerializableException.class);
        assertThatThrownBy(() -> serialized(new Holder("x", SECRET)))
                .isInstanceOf(NotSerializableException.class)
                .hasMessageNotContaining(CANARY);
        assertThatThrownBy(() -> serialized(new ArrayList<>(List.of(SECRET))))
                .isInstanceOf(NotSerializableException.class);
    }

    @Test
    void noStreamIsReadAsOne() throws IOException {
        String name = Forged.class.getName();
        String padded = Secret.class.getName();
        String forged = new String(serialized(new Forged()), StandardCharsets.ISO_8859_1)
                .replace((char) name.length() + name, (char) padded.length() + padded);
        assertThat(forged).contains(padded).doesNotContain(name);
        assertThatThrownBy(() -> new ObjectInputStream(
                                new ByteArrayInputStream(forged.getBytes(StandardCharsets.ISO_8859_1)))
                        .readObject())
                .isInstanceOf(InvalidClassException.class);
    }

    @Test
    void whatWritesTheFieldsOfAnyObjectLeavesTheValueOut() throws IOException {
        ObjectMapper mapper = new ObjectMapper()
                .setVisibility(PropertyAccessor.ALL, JsonAutoDetect.Visibility.ANY)
                .disable(SerializationFeature.FAIL_ON_EMPTY_BEANS);
        assertThat(mapper.writeValueAsString(new Holder("x", SECRET))).isEqualTo("{\"name\":\"x\",\"secret\":{}}");
        assertThat(mapper.writeValueAsString(new SecretSource.Found(CANARY, "map")))
                .doesNotContain(CANARY);
    }

    @Test
    void secretsAreEqualByValue() {
        assertThat(SECRET).isEqualTo(Secret.of(CANARY)).hasSameHashCodeAs(Secret.of(CANARY));
        assertThat(Secret.of("")).isEqualTo(Secret.of(""));
        for (String other :
                List.of("", "hunter2-canarx", "xunter2-canary", "hunter2_canary", "hunter2-canary ", "hunter2")) {
            assertThat(SECRET).isNotEqualTo(Secret.of(other));
            assertThat(Secret.of(other)).isNotEqualTo(SECRET);
        }
        assertThat(SECRET).isNotEqualTo(CANARY).isNotEqualTo(null);
        assertThat(Secret.of("\ud800")).isNotEqualTo(Secret.of("?"));
        assertThat(new HashMap<>(Map.of(SECRET, 1))).containsKey(Secret.of(CANARY));
    }

    @Test
    void aHashCodeIsOfTheWholeValueAndNoFunctionOfItThatAnyoneCouldCompute() throws GeneralSecurityException {
        Set<Integer> hashCodes = new HashSet<>();
        Set<Integer> differences = new HashSet<>();
        for (int i = 0; i < 1_000; i++) {
            int hashCode = Secret.of("key-" + i).hashCode();
            hashCodes.add(hashCode);
            differences.add(hashCode ^ ("key-" + i).hashCode());
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(("key-" + i).getBytes(StandardCharsets.UTF_8));
            differences.add(hashCode ^ ByteBuffer.wrap(digest).getInt());
        }
        // Among a thousand of 2^32, more than two that collide would be a wonder.
        assertThat(hashCodes).hasSizeGreaterThan(997);
        assertThat(differences).hasSizeGreaterThan(1_997);
    }
}
