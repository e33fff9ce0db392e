/**
 * Reads the settings and secrets of a service, and refuses to start it without them. Begin with {@link
 * dev.hardening.config.SecretValidator}.
 */
@NullMarked
package dev.hardening.config;

import org.jspecify.annotations.NullMarked;
