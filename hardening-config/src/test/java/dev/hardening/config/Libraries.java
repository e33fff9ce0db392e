package dev.hardening.config;

import com.esotericsoftware.kryo.Kryo;
import com.esotericsoftware.kryo.SerializerFactory.FieldSerializerFactory;
import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import com.esotericsoftware.kryo.serializers.FieldSerializer.FieldSerializerConfig;
import com.esotericsoftware.kryo.util.DefaultInstantiatorStrategy;
import com.fasterxml.jackson.annotation.JsonAutoDetect.Visibility;
import com.fasterxml.jackson.annotation.PropertyAccessor;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.squareup.moshi.JsonAdapter;
import com.squareup.moshi.Moshi;
import com.thoughtworks.xstream.XStream;
import jakarta.json.bind.JsonbBuilder;
import jakarta.json.bind.JsonbConfig;
import jakarta.json.bind.config.PropertyVisibilityStrategy;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.commons.lang3.builder.RecursiveToStringStyle;
import org.apache.commons.lang3.builder.ReflectionToStringBuilder;
import org.objenesis.strategy.StdInstantiatorStrategy;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.TypeDescription;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.Constructor;
import org.yaml.snakeyaml.introspector.BeanAccess;
import org.yaml.snakeyaml.introspector.PropertyUtils;
import org.yaml.snakeyaml.representer.Representer;
import tools.jackson.databind.json.JsonMapper;

/** Every library that a Java service may have on its class path to write objects, as it comes and at its most curious. */
final class Libraries {

    /** What a library writes of an object. */
    interface Writer {
        String write(Object object) throws Exception;
    }

    /** What a library makes of a text, or of what it has written itself. */
    interface Reader {
        Object read(String text, Class<?> type) throws Exception;
    }

    /**
     * One library in one configuration.
     *
     * @param format how a text for it looks
     */
    record Library(String name, Format format, Writer writer, Reader reader) {

        @Override
        public String toString() {
            return name;
        }
    }

    /** How a value, and an object that holds it, look as a text. */
    enum Format {
        JSON("\"%s\"", "{\"name\":\"x\",\"secret\":\"%s\"}"),
        YAML("%s", "{name: x, secret: %s}"),
        XML("<root>%s</root>", "<root><name>x</name><secret>%s</secret></root>"),
        ITS_OWN("", ""),
        NONE("", "");

        final String value;
        final String object;

        Format(String value, String object) {
            this.value = value;
            this.object = object;
        }
    }

    private static final List<Library> ALL = List.of(
            jackson2("Jackson 2", new ObjectMapper()),
            jackson2(
                    "Jackson 2, every field and getter",
                    new ObjectMapper()
                            .setVisibility(PropertyAccessor.ALL, Visibility.ANY)
                            .disable(SerializationFeature.FAIL_ON_EMPTY_BEANS)),
            jackson3("Jackson 3", JsonMapper.builder().build()),
            jackson3(
                    "Jackson 3, every field and getter",
                    JsonMapper.builder()
                            .changeDefaultVisibility(checker -> checker.with(Visibility.ANY))
                            .build()),
            gson("Gson", new Gson()),
            gson(
                    "Gson, transient fields too",
                    new GsonBuilder()
                            .excludeFieldsWithModifiers(Modifier.STATIC)
                            .create()),
            yasson("JSON-B (Yasson)", new JsonbConfig()),
            yasson("JSON-B (Yasson), every field", new JsonbConfig().withPropertyVisibilityStrategy(new EveryField())),
            new Library(
                    "Moshi",
                    Format.JSON,
                    object -> moshi(object.getClass()).toJson(object),
                    (text, type) -> moshi(type).fromJson(text)),
            new Library(
                    "SnakeYAML",
                    Format.YAML,
                    object -> yaml(object.getClass(), BeanAccess.DEFAULT).dump(object),
                    (text, type) -> yaml(type, BeanAccess.DEFAULT).load(text)),
            new Library(
                    "SnakeYAML, every field",
                    Format.YAML,
                    object -> yaml(object.getClass(), BeanAccess.FIELD).dump(object),
                    (text, type) -> yaml(type, BeanAccess.FIELD).load(text)),
            new Library(
                    "XStream",
                    Format.XML,
                    object -> xstream(object.getClass()).toXML(object),
                    (text, type) -> xstream(type).fromXML(text)),
            kryo("Kryo", false),
            kryo("Kryo, transient fields too", true),
            new Library(
                    "Java serialization",
                    Format.ITS_OWN,
                    object -> text(serialized(object)),
                    (text, type) -> new ObjectInputStream(new ByteArrayInputStream(bytes(text))).readObject()),
            toString("commons-lang3", object -> new ReflectionToStringBuilder(object).toString()),
            toString("commons-lang3, nested and transient fields too", object -> {
                ReflectionToStringBuilder builder = new ReflectionToStringBuilder(object, new RecursiveToStringStyle());
                builder.setAppendTransients(true);
                return builder.toString();
            }));

    private Libraries() {}

    static List<Library> all() {
        return ALL;
    }

    /** Every field and every method, whatever its modifiers. */
    private static final class EveryField implements PropertyVisibilityStrategy {

        @Override
        public boolean isVisible(Field field) {
            return true;
        }

        @Override
        public boolean isVisible(Method method) {
            return true;
        }
    }

    private static Library jackson2(String name, ObjectMapper mapper) {
        return new Library(name, Format.JSON, mapper::writeValueAsString, mapper::readValue);
    }

    private static Library jackson3(String name, JsonMapper mapper) {
        return new Library(name, Format.JSON, mapper::writeValueAsString, mapper::readValue);
    }

    private static Library gson(String name, Gson gson) {
        return new Library(name, Format.JSON, gson::toJson, gson::fromJson);
    }

    private static Library yasson(String name, JsonbConfig config) {
        return new Library(
                name,
                Format.JSON,
                object -> JsonbBuilder.create(config).toJson(object),
                (text, type) -> JsonbBuilder.create(config).fromJson(text, type));
    }

    @SuppressWarnings("unchecked")
    private static JsonAdapter<Object> moshi(Class<?> type) {
        return (JsonAdapter<Object>) new Moshi.Builder().build().adapter(type);
    }

    private static Yaml yaml(Class<?> type, BeanAccess access) {
        Constructor constructor = new Constructor(type, new LoaderOptions());
        constructor.addTypeDescription(new TypeDescription(type));
        Representer representer = new Representer(new DumperOptions());
        PropertyUtils properties = new PropertyUtils();
        properties.setBeanAccess(access);
        properties.setAllowReadOnlyProperties(true);
        representer.setPropertyUtils(properties);
        Yaml yaml = new Yaml(constructor, representer, new DumperOptions(), new LoaderOptions());
        yaml.setBeanAccess(access);
        return yaml;
    }

    private static XStream xstream(Class<?> type) {
        XStream xstream = new XStream();
        xstream.allowTypesByWildcard(new String[] {"**"});
        xstream.alias("root", type);
        return xstream;
    }

    private static Library kryo(String name, boolean transientToo) {
        return new Library(
                name,
                Format.ITS_OWN,
                object -> {
                    try (Output out = new Output(1024, -1)) {
                        kryo(transientToo).writeClassAndObject(out, object);
                        return text(out.toBytes());
                    }
                },
                (text, type) -> kryo(transientToo).readClassAndObject(new Input(bytes(text))));
    }

    private static Kryo kryo(boolean transientToo) {
        Kryo kryo = new Kryo();
        kryo.setRegistrationRequired(false);
        kryo.setReferences(true);
        kryo.setInstantiatorStrategy(new DefaultInstantiatorStrategy(new StdInstantiatorStrategy()));
        FieldSerializerConfig config = new FieldSerializerConfig();
        config.setSerializeTransient(transientToo);
        kryo.setDefaultSerializer(new FieldSerializerFactory(config));
        return kryo;
    }

    private static Library toString(String name, Writer writer) {
        return new Library(name, Format.NONE, writer, (text, type) -> text);
    }

    static byte[] serialized(Object object) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(object);
        }
        return bytes.toByteArray();
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
}
