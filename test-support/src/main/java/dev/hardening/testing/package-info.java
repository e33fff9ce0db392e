/** What the tests of several modules start: servers, providers, certificates. It depends on no module of this project. */
@NullMarked
package dev.hardening.testing;

import org.jspecify.annotations.NullMarked;
