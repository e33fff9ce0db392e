/**
 * The other lane: the same service as one would write it without the four libraries, with the defaults of its frameworks.
 * Nothing here is broken on purpose. Only the demo runs it.
 */
@NullMarked
package dev.hardening.example.plain;

import org.jspecify.annotations.NullMarked;
