package dev.hardening.springboot;

import com.nimbusds.jose.util.JSONObjectUtils;
import dev.hardening.springboot.app.RatingsApplication;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.springframework.boot.Banner;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;

/** The ratings application in this process, seen over HTTP. */
final class Service implements AutoCloseable {

    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    final ConfigurableApplicationContext context;
    private final String port;

    private Service(ConfigurableApplicationContext context, String port) {
        this.context = context;
        this.port = port;
    }

    /** A bean that the application has beside its own. */
    record Extra<T>(Class<T> type, T bean) {}

    static Service start(Stack stack, List<Extra<?>> beans, String... properties) {
        SpringApplicationBuilder builder = new SpringApplicationBuilder(RatingsApplication.class)
                .web(stack.type)
                .bannerMode(Banner.Mode.OFF)
                .properties(
                        "server.port=0",
                        "server.address=127.0.0.1",
                        "management.endpoints.web.exposure.include=*",
                        "management.endpoint.health.show-details=always",
                        "management.endpoint.configprops.show-values=always",
                        "management.endpoint.env.show-values=always")
                .properties(properties)
                .initializers(context -> beans.forEach(extra -> register((GenericApplicationContext) context, extra)));
        ConfigurableApplicationContext context = builder.run();
        return new Service(context, context.getEnvironment().getProperty("local.server.port"));
    }

    static Service start(Stack stack, String... properties) {
        return start(stack, List.of(), properties);
    }

    private static <T> void register(GenericApplicationContext context, Extra<T> extra) {
        context.registerBean("extra-" + System.identityHashCode(extra), extra.type(), extra::bean);
    }

    HttpResponse<String> get(String path, String token) throws Exception {
        return get(port, path, token);
    }

    /** From the port that {@code management.server.port} gives to Actuator. */
    HttpResponse<String> managed(String path, String token) throws Exception {
        return get(context.getEnvironment().getProperty("local.management.port"), path, token);
    }

    private static HttpResponse<String> get(String port, String path, String token) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .timeout(Duration.ofSeconds(60));
        if (!token.isEmpty()) {
            request.header("Authorization", "Bearer " + token);
        }
        return CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    int status(String path, String token) throws Exception {
        return get(path, token).statusCode();
    }

    Map<String, Object> json(String path) throws Exception {
        return JSONObjectUtils.parse(get(path, "").body());
    }

    /** What Actuator says, such as {@code UP}. */
    String health(String name) throws Exception {
        return String.valueOf(json("/actuator/health/" + name).get("status"));
    }

    /** The answers to calls that are made at once. */
    static List<Integer> together(List<Callable<Integer>> calls) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(Math.min(calls.size(), 40));
        try {
            List<Integer> answers = new ArrayList<>();
            for (Future<Integer> answer : threads.invokeAll(calls)) {
                answers.add(answer.get());
            }
            return answers;
        } finally {
            threads.shutdownNow();
        }
    }

    @Override
    public void close() {
        context.close();
    }
}
