package dev.hardening.config;

import java.net.URI;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The settings of the Focus Squad app, and an environment that has them. */
final class FocusSquad {

    static final Setting<URI> SUPABASE_URL = Setting.uri("SUPABASE_URL", "https", "http");
    static final Setting<Secret> ANON_KEY = Setting.secret("SUPABASE_ANON_KEY");
    static final Setting<Secret> SERVICE_ROLE_KEY = Setting.secret("SUPABASE_SERVICE_ROLE_KEY");
    static final Setting<Secret> LIVEKIT_KEY = Setting.secret("LIVEKIT_API_KEY");
    static final Setting<Secret> LIVEKIT_SECRET = Setting.secret("LIVEKIT_API_SECRET");
    static final Setting<URI> LIVEKIT_URL = Setting.uri("LIVEKIT_URL", "wss", "ws");
    static final Setting<Secret> JWT_SECRET = Setting.secret("JWT_SECRET").optional();

    static final SecretValidator VALIDATOR = SecretValidator.of(
            SUPABASE_URL, ANON_KEY, SERVICE_ROLE_KEY, LIVEKIT_KEY, LIVEKIT_SECRET, LIVEKIT_URL, JWT_SECRET);

    static final List<String> REQUIRED = List.of(
            "SUPABASE_URL",
            "SUPABASE_ANON_KEY",
            "SUPABASE_SERVICE_ROLE_KEY",
            "LIVEKIT_API_KEY",
            "LIVEKIT_API_SECRET",
            "LIVEKIT_URL");

    static final String TAIL = "\nSet these environment variables before starting the application.";

    private FocusSquad() {}

    static Map<String, String> environment() {
        Map<String, String> environment = new LinkedHashMap<>();
        REQUIRED.forEach(name -> environment.put(name, "value-of-" + name));
        environment.put("SUPABASE_URL", "https://abc.supabase.co");
        environment.put("LIVEKIT_URL", "wss://abc.livekit.cloud");
        return environment;
    }

    static Map<String, String> environmentWithout(String... names) {
        Map<String, String> environment = environment();
        environment.keySet().removeAll(List.of(names));
        return environment;
    }
}
