@NullMarked
package dev.hardening.ratingguard;

import org.jspecify.annotations.NullMarked;
