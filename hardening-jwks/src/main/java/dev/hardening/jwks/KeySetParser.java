package dev.hardening.jwks;

import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.KeyOperation;
import com.nimbusds.jose.jwk.KeyUse;
import dev.hardening.jwks.KeyType.UnusableKeyException;
import java.io.IOException;
import java.math.BigInteger;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Parses a key set key by key, so that one malformed key does not take the others with it (RFC 7517, section 5). */
final class KeySetParser {

    private static final Map<String, List<String>> REQUIRED =
            Map.of("RSA", List.of("n", "e"), "EC", List.of("crv", "x", "y"), "OKP", List.of("crv", "x"));
    private static final Set<String> KEY_TYPES = REQUIRED.keySet();
    private static final List<String> CURVES = List.of("P-256", "P-384", "P-521", "Ed25519");
    private static final Set<String> NEEDED = Set.of("kty", "kid", "use", "key_ops", "alg", "crv", "x", "y", "n", "e");
    private static final Set<String> IDENTIFYING = Set.of("kty", "crv", "x", "y", "n", "e", "k", "pub");
    private static final Set<String> PRIVATE = Set.of("d", "p", "q", "dp", "dq", "qi", "oth", "k");
    private static final List<String> USES = List.of("sig", "enc");
    private static final String CERTIFICATE = "-----BEGIN CERTIFICATE-----";

    /** Is called for keys that are not used, or not as they were published. */
    @FunctionalInterface
    interface Rejections {

        /**
         * Reports something about a key.
         *
         * @param kid the key id, of any length, or null
         * @param reason the end of "a key is …"
         * @param fingerprint distinguishes a key from others, which may have the same id or none
         */
        void rejected(@Nullable String kid, String reason, int fingerprint);
    }

    private final Rejections rejections;
    private final Map<JWK, SigningKey> known = new HashMap<>();
    private final List<JWK> jwks = new ArrayList<>();
    private final List<SigningKey> signing = new ArrayList<>();

    private KeySetParser(@Nullable KeySet previous, Rejections rejections) {
        this.rejections = rejections;
        if (previous != null) {
            previous.keys().forEach(key -> known.put(key.jwk(), key));
        }
    }

    /**
     * Parses a key set.
     *
     * @param previous a set whose keys are used again if they are equal, so that their verifiers are kept
     * @throws IOException if it is no key set, or has no key that verifies; the message holds nothing of the body
     */
    static KeySet parse(byte[] body, @Nullable KeySet previous, Rejections rejections) throws IOException {
        Map<String, Object> set;
        try {
            set = Json.document(body);
        } catch (ParseException notJson) {
            throw new IOException("the answer is not a JSON object");
        }
        if (!(set.get("keys") instanceof List<?> list)) {
            throw new IOException("the answer has no \"keys\"" + otherThanASet(set));
        }
        KeySetParser parser = new KeySetParser(previous, rejections);
        list.forEach(parser::add);
        if (parser.signing.isEmpty()) {
            throw new IOException("the answer has no key that verifies signatures");
        }
        return new KeySet(new JWKSet(parser.jwks), parser.signing);
    }

    /** What an answer is that is no key set, as the end of a message; empty if that is not known. */
    private static String otherThanASet(Map<String, Object> answer) {
        if (answer.containsKey("kty")) {
            return ": it is a single key, which has to be in a set";
        }
        if (answer.containsKey("jwks_uri")) {
            return ": it is an issuer's metadata, whose jwks_uri is the address of the keys; JWKSCache.discover reads it";
        }
        boolean isCertificates = !answer.isEmpty()
                && answer.values().stream()
                        .allMatch(value -> value instanceof String text && text.startsWith(CERTIFICATE));
        return isCertificates ? ": it has certificates, and no JSON Web Keys" : "";
    }

    private void add(@Nullable Object entry) {
        List<String> remarks = new ArrayList<>();
        try {
            if (!(entry instanceof Map<?, ?> object)) {
                throw new UnusableKeyException("malformed");
            }
            @SuppressWarnings("unchecked") // it was parsed from JSON
            Map<String, Object> members = new LinkedHashMap<>((Map<String, Object>) object);
            JWK jwk = jwk(members, remarks);
            if (!KeyUse.ENCRYPTION.equals(jwk.getKeyUse())) {
                addForVerifying(jwk, remarks);
            }
            jwks.add(jwk);
        } catch (UnusableKeyException unusable) {
            remarks.clear();
            remarks.add(String.valueOf(unusable.getMessage()));
        }
        String kid = entry instanceof Map<?, ?> members ? keyId(members.get("kid")) : null;
        remarks.forEach(remark -> rejections.rejected(kid, remark, fingerprint(entry)));
    }

    /** The same for a key whose members are in another order, or whose other members change from fetch to fetch. */
    private static int fingerprint(@Nullable Object entry) {
        if (!(entry instanceof Map<?, ?> members)) {
            return String.valueOf(entry).hashCode();
        }
        Map<?, ?> identity = new HashMap<>(members);
        identity.keySet().retainAll(IDENTIFYING);
        return identity.hashCode();
    }

    private void addForVerifying(JWK jwk, List<String> remarks) throws UnusableKeyException {
        SigningKey key = known.get(jwk);
        if (key == null) {
            key = new SigningKey(jwk.getKeyID(), KeyType.publicKey(jwk), jwk);
        }
        if (jwk.getKeyOperations() != null && !jwk.getKeyOperations().contains(KeyOperation.VERIFY)) {
            remarks.add("for other operations than verifying");
        } else if (Arrays.stream(SigningAlgorithm.values()).noneMatch(algorithm -> algorithm.fits(jwk))) {
            remarks.add("for an algorithm that is not supported, or not its type's");
        } else {
            signing.add(key);
        }
    }

    /** A public key without private parts, and without members that are not needed to verify and cannot be read. */
    private static JWK jwk(Map<String, Object> members, List<String> remarks) throws UnusableKeyException {
        // Some providers write each member that they know of, empty where a key has none.
        members.entrySet()
                .removeIf(member -> member.getValue() == null
                        || ("".equals(member.getValue()) && !member.getKey().equals("kid")));
        checkType(members);
        if (members.keySet().removeAll(PRIVATE)) {
            remarks.add("published with its private part, which is dropped");
        }
        tidyKeyId(members, remarks);
        tidyUse(members);
        tidyOperations(members, remarks);
        tidyAlgorithm(members);
        JWK jwk = parse(members);
        if (jwk != null) {
            return jwk;
        }
        Map<String, Object> needed = new LinkedHashMap<>(members);
        needed.keySet().retainAll(NEEDED);
        jwk = parse(needed);
        if (jwk == null) {
            throw new UnusableKeyException("malformed" + whatIsWrong(needed));
        }
        for (String name : List.copyOf(members.keySet())) {
            if (!NEEDED.contains(name)) {
                Map<String, Object> withOne = new LinkedHashMap<>(needed);
                withOne.put(name, members.get(name));
                if (parse(withOne) == null) {
                    members.remove(name);
                    remarks.add("used without its " + name + ", which cannot be read or is not this key's");
                }
            }
        }
        JWK complete = parse(members);
        return complete == null ? jwk : complete;
    }

    /** Which member that a key needs is missing or is no text (RFC 7518, section 6), as the end of a message; or empty. */
    private static String whatIsWrong(Map<String, Object> members) {
        for (String name : REQUIRED.getOrDefault(String.valueOf(members.get("kty")), List.of())) {
            if (!(members.get(name) instanceof String)) {
                return members.containsKey(name) ? ": its " + name + " is not text" : ": it has no " + name;
            }
        }
        return "";
    }

    private static void checkType(Map<String, Object> members) throws UnusableKeyException {
        tidyCase(members, "kty", KEY_TYPES);
        tidyCase(members, "crv", CURVES);
        if (members.containsKey("revoked")) { // OpenID Federation 1.0, section 8.7
            throw new UnusableKeyException("revoked");
        }
        if (!(members.get("kty") instanceof String type)) {
            throw new UnusableKeyException("malformed");
        }
        if (type.equals("oct")) {
            throw new UnusableKeyException("symmetric");
        }
        if (!KEY_TYPES.contains(type)) {
            throw new UnusableKeyException("of a type that is not supported");
        }
        if (!type.equals("RSA")
                && members.get("crv") instanceof String curve
                && Curve.parse(curve).getStdName() == null) {
            throw new UnusableKeyException("of a curve that is not supported");
        }
    }

    /** A value in the case in which it is registered, which some providers do not write. */
    private static void tidyCase(Map<String, Object> members, String name, Collection<String> registered) {
        if (members.get(name) instanceof String text) {
            registered.stream().filter(text::equalsIgnoreCase).findFirst().ifPresent(known -> members.put(name, known));
        }
    }

    /** {@code kid} as text (RFC 7517, section 4.5), where it is published as a number. */
    private static void tidyKeyId(Map<String, Object> members, List<String> remarks) {
        Object kid = members.get("kid");
        String text = keyId(kid);
        if (text != null) {
            members.put("kid", text);
        } else if (kid != null) {
            members.remove("kid");
            remarks.add("used without its kid, which cannot be read or is not this key's");
        }
    }

    private static @Nullable String keyId(@Nullable Object kid) {
        return kid instanceof String || kid instanceof Long || kid instanceof BigInteger ? String.valueOf(kid) : null;
    }

    /** {@code use} (RFC 7517, section 4.2). */
    private static void tidyUse(Map<String, Object> members) throws UnusableKeyException {
        tidyCase(members, "use", USES);
        Object use = members.get("use");
        if (use != null && !(use instanceof String text && USES.contains(text))) {
            throw new UnusableKeyException("for another use than signatures");
        }
    }

    /** {@code alg} in the case in which it is registered (RFC 7517, section 4.4). */
    private static void tidyAlgorithm(Map<String, Object> members) throws UnusableKeyException {
        Object algorithm = members.get("alg");
        if (algorithm instanceof String name) {
            members.put("alg", SigningAlgorithm.registeredName(name));
        } else if (algorithm != null) {
            throw new UnusableKeyException("malformed");
        }
    }

    /** {@code key_ops} without those that are unknown, or that contradict {@code use} (RFC 7517, section 4.3). */
    private static void tidyOperations(Map<String, Object> members, List<String> remarks) throws UnusableKeyException {
        Object published = members.remove("key_ops");
        if (published == null) {
            return;
        }
        Set<String> names = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
        (published instanceof List<?> list ? list : List.of(published))
                .forEach(name -> names.add(String.valueOf(name)));
        List<String> known = new ArrayList<>();
        List<String> kept = new ArrayList<>();
        for (KeyOperation operation : KeyOperation.values()) {
            if (names.contains(operation.identifier())) {
                known.add(operation.identifier());
                String use = operation == KeyOperation.SIGN || operation == KeyOperation.VERIFY ? "sig" : "enc";
                if (use.equals(members.getOrDefault("use", use))) {
                    kept.add(operation.identifier());
                }
            }
        }
        if (kept.isEmpty() && !known.isEmpty()) {
            throw new UnusableKeyException("for another use than its operations");
        }
        if (!kept.isEmpty()) {
            members.put("key_ops", kept);
        }
        if (kept.size() < names.size()) {
            remarks.add("used without some of its key_ops, which are unknown or contradict its use");
        }
    }

    private static @Nullable JWK parse(Map<String, Object> members) {
        try {
            return JWK.parse(members);
        } catch (ParseException | RuntimeException malformed) {
            return null; // Its message may show a part of the key.
        }
    }
}
