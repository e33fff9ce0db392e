@NullMarked
package dev.hardening.redis;

import org.jspecify.annotations.NullMarked;
