package dev.hardening.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.LongStream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The decisions in virtual time, by seeds. A seed that fails prints itself. The long form is {@code .ci/simulation}. */
class SimulationTest {

    private static final int SEEDS = Integer.getInteger("redis.simulation.seeds", 20);
    private static final long FIRST = Long.getLong("redis.simulation.first", 1);
    private static final int STEPS = Integer.getInteger("redis.simulation.steps", 5_000);

    @Test
    void whatHasToHoldHoldsInEachStepOfEachSeed() {
        assertThatCode(() ->
                        LongStream.range(FIRST, FIRST + SEEDS).parallel().forEach(seed -> Simulation.run(seed, STEPS)))
                .doesNotThrowAnyException();
    }

    @Test
    void aSeedReplaysToTheSameEnd() {
        assertThat(Simulation.run(7, STEPS)).isEqualTo(Simulation.run(7, STEPS)).isNotEqualTo(Simulation.run(8, STEPS));
    }

    /** Each row changes one line of the code that decides, and has to be found. */
    @Tag("faults")
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Schedule   | attempt >= policy.attempts | attempt > policy.attempts",
                "Schedule   | planned = planned.plus(next); |",
                "Schedule   | return max(TOLERANCE, min(policy.deadline.minus(elapsed), policy.attemptTimeout)); | return policy.attemptTimeout;",
                "Schedule   | max(Duration.ZERO, next) | next",
                "Schedule   | Duration granted = min(wait, left); | Duration granted = wait.plus(wait);",
                "Schedule   | 1 + policy.jitter * (2 | 1 + 2 * policy.jitter * (2",
                "Schedule   | servers.compareTo(left) < 0 | servers.compareTo(left) > 0",
                "Schedule   | min(doubled, each).toNanos() | doubled.toNanos()",
                "Schedule   | (0.5 + 0.4 * random) | (0.1 + 0.4 * random)",
                "Heartbeat  | if (!suspected) { | if (false) {",
                "Heartbeat  | patience = patience(period).toNanos(); | patience = patience(period).toNanos() / 2;",
                "Heartbeat  | return Action.CLOSE; | return Action.WAIT;",
                "Heartbeat  | if (busy | if (false",
                "Heartbeat  | now - turn >= period | now - turn >= 2 * period",
                "Heartbeat  | return Math.max(heard - asked, 0) + asked; | return asked;",
                "Heartbeat  | asked = now; waiting = true; | asked = turn; waiting = true;",
                "Heartbeat  | void answered() { waiting = false; | void answered() { waiting = true;",
                "Supervisor | == null && begins) { | == null) {",
                "Supervisor | && down.isEmpty() && !closed) { | && !closed) {",
                "Supervisor | if (told.add(reason)) { | if (true) {",
                "Supervisor | down.isEmpty()) { return; } | false) { return; }",
                "Supervisor | closed = true; | closed = false;",
                "Supervisor | down.remove(connection) != null | !down.isEmpty()"
            })
    void aFaultInTheDecisionsIsFound(String type, String line, String fault, @TempDir Path directory) throws Exception {
        assumeTrue(ToolProvider.getSystemJavaCompiler() != null, "faults are compiled, which takes a JDK");
        Method simulate = faulty(type, line, fault == null ? "" : fault, directory);
        Throwable found = null;
        for (long seed = 1; seed <= 200 && found == null; seed++) {
            long run = seed;
            found = catchThrowable(() -> simulate.invoke(null, run, STEPS));
        }
        assertThat(found).isInstanceOf(InvocationTargetException.class);
        assertThat(found.getCause()).isInstanceOf(Throwable.class).isNotInstanceOf(LinkageError.class);
    }

    private static Method faulty(String type, String line, String fault, Path directory) throws Exception {
        Path source = Path.of("src/main/java/dev/hardening/redis", type + ".java");
        String text = Files.readString(source)
                .replaceAll("(?s)/\\*\\*.*?\\*/", "")
                .replaceAll("//.*", "")
                .replaceAll("\\s+", " ");
        assertThat(text).contains(line);
        int at = text.indexOf(line);
        Path changed = directory.resolve(type + ".java");
        Files.writeString(changed, text.substring(0, at) + fault + text.substring(at + line.length()));
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        int result = compiler.run(
                null,
                null,
                null,
                "-nowarn",
                "-proc:none",
                "-cp",
                System.getProperty("java.class.path"),
                "-d",
                directory.toString(),
                changed.toString());
        assertThat(result).isZero();
        Method run = new Changed(directory)
                .loadClass("dev.hardening.redis.Simulation")
                .getDeclaredMethod("run", long.class, int.class);
        run.setAccessible(true);
        return run;
    }

    /** Loads this package anew, with what was changed. */
    private static final class Changed extends ClassLoader {

        private final Path directory;

        Changed(Path directory) {
            super(SimulationTest.class.getClassLoader());
            this.directory = directory;
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (!name.startsWith("dev.hardening.redis.")) {
                return super.loadClass(name, resolve);
            }
            Class<?> loaded = findLoadedClass(name);
            return loaded == null ? findClass(name) : loaded;
        }

        @Override
        protected Class<?> findClass(String name) throws ClassNotFoundException {
            String file = name.replace('.', '/') + ".class";
            Path changed = directory.resolve(file);
            try (InputStream in = Files.exists(changed)
                    ? Files.newInputStream(changed)
                    : getParent().getResourceAsStream(file)) {
                if (in == null) {
                    throw new ClassNotFoundException(name);
                }
                byte[] bytes = in.readAllBytes();
                return defineClass(name, bytes, 0, bytes.length);
            } catch (IOException failed) {
                throw new ClassNotFoundException(name, failed);
            }
        }
    }
}
