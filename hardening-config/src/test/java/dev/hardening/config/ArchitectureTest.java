package dev.hardening.config;

import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleDescriptor.Requires;
import java.lang.module.ModuleFinder;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ForkJoinPool;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.xpath.XPathConstants;
import javax.xml.xpath.XPathFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.NodeList;

/** What the module promises not to use, looked for in its byte code. */
class ArchitectureTest {

    private static final JavaClasses MODULE = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.hardening.config");

    private static final ArchRule NOTHING_BUT_THE_JDK = classes()
            .should()
            .onlyDependOnClassesThat(resideInAnyPackage("dev.hardening.config", "java..", "org.jspecify.annotations"));

    private static final ArchRule NO_REFLECTION = noClasses()
            .should()
            .dependOnClassesThat(
                    resideInAnyPackage("java.lang.reflect..", "java.lang.invoke..", "java.beans..", "sun..", "jdk..")
                            .or(assignableTo(java.util.ServiceLoader.class)))
            .orShould()
            .callMethodWhere(
                    target(owner(name("java.lang.Class")))
                            .and(
                                    target(
                                            nameMatching(
                                                    "forName|newInstance|get(Declared|Enclosing|Record|Permitted)?(Method|Field|Constructor|Class|Component|Annotation|Resource).*|getResource.*"))));

    /** A read that may never end needs a thread of its own: see {@link BoundedRead}. */
    private static final ArchRule NO_THREAD = noClasses()
            .that()
            .doNotHaveFullyQualifiedName(BoundedRead.class.getName())
            .should()
            .dependOnClassesThat(resideInAnyPackage("java.util.concurrent", "java.util.concurrent.locks..")
                    .or(assignableTo(Thread.class))
                    .or(assignableTo(ThreadGroup.class))
                    .or(assignableTo(java.util.Timer.class))
                    .or(assignableTo(java.util.concurrent.Executor.class)))
            .orShould()
            .callMethodWhere(target(nameMatching("parallel|parallelStream|addShutdownHook")));

    private static final ArchRule NO_CAUSE = noClasses()
            .should()
            .callConstructorWhere(DescribedPredicate.describe(
                    "an exception is given a cause",
                    call -> call.getTargetOwner().isAssignableTo(Throwable.class)
                            && call.getTarget().getRawParameterTypes().stream()
                                    .anyMatch(type -> type.isAssignableTo(Throwable.class))))
            .orShould()
            .callMethodWhere(target(nameMatching("initCause")));

    @Test
    void atRunTimeItNeedsNothingButTheJdk() {
        NOTHING_BUT_THE_JDK.check(MODULE);
        ModuleDescriptor descriptor = ModuleFinder.of(Path.of("target", "classes"))
                .find("dev.hardening.config")
                .orElseThrow()
                .descriptor();
        assertThat(descriptor.requires().stream()
                        .filter(required -> !required.modifiers().contains(Requires.Modifier.STATIC))
                        .map(Requires::name))
                .containsExactly("java.base");
        assertThat(descriptor.uses()).isEmpty();
        assertThat(descriptor.exports())
                .extracting(ModuleDescriptor.Exports::source)
                .containsExactly("dev.hardening.config");
    }

    /** JSpecify's annotations are for compilers: they are in no signature that the JVM would resolve. */
    @Test
    void itsPomAsksForNoDependencyButAnnotations() throws Exception {
        NodeList compileScope = (NodeList) XPathFactory.newInstance()
                .newXPath()
                .evaluate(
                        "/project/dependencies/dependency[not(scope='test')]/artifactId/text()",
                        DocumentBuilderFactory.newInstance()
                                .newDocumentBuilder()
                                .parse(Path.of("pom.xml").toFile()),
                        XPathConstants.NODESET);
        assertThat(compileScope.getLength()).isOne();
        assertThat(compileScope.item(0).getNodeValue()).isEqualTo("jspecify");
    }

    @Test
    void itUsesNoReflection() {
        NO_REFLECTION.check(MODULE);
    }

    @Test
    void onlyABoundedReadStartsAThread() {
        NO_THREAD.check(MODULE);
    }

    @Test
    void noTypeThatDescribesAFailureHasAFieldForAValue() {
        assertThat(Problem.class.getRecordComponents())
                .extracting("name")
                .containsExactly("name", "kind", "reason", "origin");
        assertThat(ValidationReport.class.getRecordComponents())
                .extracting("name")
                .containsExactly("problems", "lookedIn");
        assertThat(MODULE.get(SecretValidationException.class).getFields())
                .filteredOn(field -> !field.getModifiers().contains(JavaModifier.STATIC))
                .extracting(field -> field.getRawType().getName())
                .containsExactly(Problem[].class.getName());
    }

    /** A parser's exception has the value in its message. */
    @Test
    void noExceptionIsEverChained() {
        NO_CAUSE.check(MODULE);
    }

    @Test
    void theRulesFindWhatTheyForbid() {
        JavaClasses forbidden = new ClassFileImporter().importClasses(Forbidden.class);
        assertThatThrownBy(() -> NO_REFLECTION.check(forbidden))
                .hasMessageContaining("forName")
                .hasMessageContaining("java.lang.reflect.Method");
        assertThatThrownBy(() -> NO_THREAD.check(forbidden))
                .hasMessageContaining("java.lang.Thread")
                .hasMessageContaining("ForkJoinPool")
                .hasMessageContaining("parallelStream");
        assertThatThrownBy(() -> NO_CAUSE.check(forbidden))
                .hasMessageContaining("IllegalArgumentException")
                .hasMessageContaining("initCause");
        assertThatThrownBy(() -> NOTHING_BUT_THE_JDK.check(forbidden)).hasMessageContaining("org.assertj");
    }

    /** All that is forbidden; it is never run. */
    @SuppressWarnings("unused")
    private static final class Forbidden {

        void reflection() throws ReflectiveOperationException {
            Class.forName("x").getMethods()[0].invoke(null);
        }

        void threads() {
            new Thread(() -> {}).start();
            ForkJoinPool.commonPool().execute(() -> {});
            Set.of().parallelStream().forEach(x -> {});
        }

        void cause(Exception parser) {
            parser.initCause(new IllegalArgumentException(parser));
        }

        void library() {
            assertThat(1).isOne();
        }
    }
}
