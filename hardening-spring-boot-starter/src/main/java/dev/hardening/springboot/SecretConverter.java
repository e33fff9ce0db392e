package dev.hardening.springboot;

import dev.hardening.config.Secret;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.core.convert.TypeDescriptor;
import org.springframework.core.convert.converter.GenericConverter;

/** Makes a {@link Secret} of what YAML takes for a number or a boolean, through its text. Spring itself makes one of a text. */
final class SecretConverter implements GenericConverter {

    @Override
    public Set<ConvertiblePair> getConvertibleTypes() {
        return Set.of(
                new ConvertiblePair(Number.class, Secret.class), new ConvertiblePair(Boolean.class, Secret.class));
    }

    @Override
    public @Nullable Object convert(@Nullable Object source, TypeDescriptor sourceType, TypeDescriptor targetType) {
        return source == null ? null : Secret.of(source.toString());
    }
}
