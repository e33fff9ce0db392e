package dev.hardening.springboot;

import org.springframework.boot.autoconfigure.condition.ConditionMessage;
import org.springframework.boot.autoconfigure.condition.ConditionOutcome;
import org.springframework.boot.autoconfigure.condition.SpringBootCondition;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotatedTypeMetadata;

/**
 * Reads a property as Spring binds a boolean. {@code ConditionalOnProperty} compares words, so {@code yes} or a misspelled
 * {@code ture} would turn a protection off silently.
 */
final class OnSwitch extends SpringBootCondition {

    /**
     * Whether it is on; it is unless the property says otherwise.
     *
     * @throws org.springframework.boot.context.properties.bind.BindException if the value is no boolean
     */
    static boolean isOn(Environment environment, String property) {
        return Binder.get(environment).bind(property, Boolean.class).orElse(true);
    }

    @Override
    public ConditionOutcome getMatchOutcome(ConditionContext context, AnnotatedTypeMetadata metadata) {
        String property =
                metadata.getAnnotations().get(ConditionalOnSwitch.class).getString("value");
        return new ConditionOutcome(
                isOn(context.getEnvironment(), property), ConditionMessage.of("%s turns it on or off", property));
    }
}
