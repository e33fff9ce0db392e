@NullMarked
package dev.hardening.jwks;

import org.jspecify.annotations.NullMarked;
