@NullMarked
package dev.hardening.config;

import org.jspecify.annotations.NullMarked;
