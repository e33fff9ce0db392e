/** A black-box suite: what a service goes through in production, over HTTP, whatever it is built with. */
@NullMarked
package dev.hardening.integration;

import org.jspecify.annotations.NullMarked;
