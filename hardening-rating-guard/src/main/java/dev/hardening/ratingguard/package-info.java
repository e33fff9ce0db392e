/**
 * Keeps a rating from reaching another session than the one it was made for, and from being sent twice. Begin with {@link
 * dev.hardening.ratingguard.RatingSessionGuard} for one check, or with {@link
 * dev.hardening.ratingguard.GuardedSubmission} for a form.
 */
@NullMarked
package dev.hardening.ratingguard;

import org.jspecify.annotations.NullMarked;
