package dev.hardening.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InvalidClassException;
import java.io.NotSerializableException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.lang.ref.WeakReference;
import java.math.BigDecimal;
import java.math.BigInteger;
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
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.objenesis.ObjenesisStd;

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

    @Nested
    class ItsValue {

        @Test
        void isRevealedInOneWayOnly() {
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
        void isRedactedWhereverItIsPrinted() {
            assertThat(SECRET).hasToString("Secret[redacted]");
            assertThat(new Holder("x", SECRET)).hasToString("Holder[name=x, secret=Secret[redacted]]");
            assertThat(List.of(SECRET)).hasToString("[Secret[redacted]]");
            assertThat(Map.of("key", SECRET)).hasToString("{key=Secret[redacted]}");
            assertThat(Optional.of(SECRET)).hasToString("Optional[Secret[redacted]]");
            assertThat("key " + SECRET).isEqualTo("key Secret[redacted]");
            assertThat(String.format("%s %10.20s", SECRET, SECRET)).isEqualTo("Secret[redacted] Secret[redacted]");
        }

        @Test
        void isRedactedInALogStatement() {
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
        void isMissingWhereALibraryWentPastItsConstructor() {
            Secret copied = new ObjenesisStd().newInstance(Secret.class);
            assertThat(copied).hasToString("Secret[redacted]");
            assertThatThrownBy(copied::reveal)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("its value is not here: a library copied or read it field by field");
        }

        @Test
        void isNoNumber() {
            assertThatThrownBy(() -> Secret.valueOf(new BigInteger("4711")))
                    .hasMessage("a secret is a text: put the number in quotes");
            assertThatThrownBy(() -> Secret.valueOf(new BigDecimal("47.11")))
                    .hasMessage("a secret is a text: put the number in quotes");
            assertThat(Secret.valueOf("4711").reveal()).isEqualTo("4711");
        }

        @Test
        void isFreedWithItsSecret() {
            WeakReference<Object> value = new WeakReference<>(secretOf(new String("freed").toCharArray()));
            for (int i = 0; i < 1_000 && value.get() != null; i++) {
                System.gc();
                Secret.of("another"); // the table forgets what is gone when it is used
            }
            assertThat(value.get()).isNull();
        }

        /** The text of a secret that nothing refers to any longer. */
        private static String secretOf(char[] text) {
            return Secret.of(new String(text)).reveal();
        }
    }

    @Nested
    class AnObjectStream {

        @Test
        void refusesIt() {
            assertThatThrownBy(() -> serialized(SECRET)).isInstanceOf(NotSerializableException.class);
            assertThatThrownBy(() -> serialized(new Holder("x", SECRET)))
                    .isInstanceOf(NotSerializableException.class)
                    .hasMessageNotContaining(CANARY);
            assertThatThrownBy(() -> serialized(new ArrayList<>(List.of(SECRET))))
                    .isInstanceOf(NotSerializableException.class);
        }

        @Test
        void isNeverReadAsOne() throws IOException {
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
    }

    @Nested
    class Equality {

        @Test
        void isByValue() {
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
        void hasAHashCodeThatCannotBeComputed() throws GeneralSecurityException {
            Set<Integer> hashCodes = new HashSet<>();
            Set<Integer> differences = new HashSet<>();
            for (int i = 0; i < 1_000; i++) {
                int hashCode = Secret.of("key-" + i).hashCode();
                hashCodes.add(hashCode);
                differences.add(hashCode ^ ("key-" + i).hashCode());
                byte[] digest =
                        MessageDigest.getInstance("SHA-256").digest(("key-" + i).getBytes(StandardCharsets.UTF_8));
                differences.add(hashCode ^ ByteBuffer.wrap(digest).getInt());
            }
            // Among a thousand of 2^32, more than two that collide would be a wonder.
            assertThat(hashCodes).hasSizeGreaterThan(997);
            assertThat(differences).hasSizeGreaterThan(1_997);
        }
    }
}
