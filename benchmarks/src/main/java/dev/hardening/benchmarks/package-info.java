/** The benchmarks and load scenarios behind {@code docs/benchmarks.md}. Nothing here is published. */
@NullMarked
package dev.hardening.benchmarks;

import org.jspecify.annotations.NullMarked;
