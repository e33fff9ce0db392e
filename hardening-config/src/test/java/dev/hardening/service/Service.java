package dev.hardening.service;

import dev.hardening.config.Secret;
import dev.hardening.config.SecretValidator;
import dev.hardening.config.Setting;

/** A service that starts, or exits without its secrets; a test runs it as a process. */
final class Service {

    private static final Setting<Secret> TOKEN = Setting.secret("TOKEN").minLength(10);

    private Service() {}

    public static void main(String[] arguments) {
        SecretValidator.of(TOKEN, Setting.uri("SERVICE_URL", "https")).validateOrExit();
        System.out.print("started\n");
    }
}
