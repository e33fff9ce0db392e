/** Focus Squad: virtual study tables of four whose members rate one another, with the four hardenings at work. */
@NullMarked
package dev.hardening.example;

import org.jspecify.annotations.NullMarked;
