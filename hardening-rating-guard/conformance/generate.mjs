// Writes the conformance vectors: each trap crossed with position, length, script and kind of absence.
// Run it with `npm run vectors` in ../ts, review the difference, and commit it: the file is the contract, not this script.
import { writeFileSync } from "node:fs";

const UUID = "123e4567-e89b-12d3-a456-426614174abc";
const ids = { short: "x", word: "session-12", uuid: UUID, digits: "1234567890", greek: "συνεδρία", emoji: "🎓📚", long: "a1".repeat(64) };
const ABSENT = [["absent", undefined], ["null", null], ["empty", ""]];
const vectors = [];

// A key that is left out of a vector is an absent id: undefined in TypeScript, null in Java.
function add(id, note, pending, submitted) {
  const decision = pending === undefined || pending === null || pending === "" || pending === submitted ? "proceed" : "mismatch";
  vectors.push({ id, note, pending, submitted, decision });
}

for (const [name, value] of Object.entries(ids)) {
  add(`same-${name}`, "the same id proceeds", value, value);
  for (const [other, otherValue] of Object.entries(ids)) if (other !== name) add(`differs-${name}-${other}`, "another id", value, otherValue);
  for (const [kind, absent] of ABSENT) {
    add(`no-pending-${kind}-${name}`, "no pending id proceeds", absent, value);
    add(`no-submitted-${kind}-${name}`, "a pending id is not matched by none", value, absent);
  }
}
for (const [kind, pending] of ABSENT) for (const [other, submitted] of ABSENT) add(`none-${kind}-${other}`, "no pending id proceeds, whatever is absent", pending, submitted);

// Words that a language prints for "nothing", and values that it takes for false, are ids like any other.
for (const word of ["undefined", "null", "0", "false", "NaN", "[object Object]", "__proto__", "constructor", "toString", "hasOwnProperty"]) {
  add(`word-same-${word}`, "a word is an id", word, word);
  add(`word-other-${word}`, "a word is an id", word, "x");
  add(`word-submitted-${word}`, "a word is an id", "x", word);
  for (const [kind, absent] of ABSENT) add(`word-${kind}-${word}`, "a word does not mean nothing", word, absent);
}

const invisible = {
  space: " ", tab: "\t", newline: "\n", "carriage-return": "\r", nul: "\0", nbsp: "\u00a0", "next-line": "\u0085", "figure-space": "\u2007",
  "narrow-nbsp": "\u202f", bom: "\ufeff", zwsp: "\u200b", zwj: "\u200d", "soft-hyphen": "\u00ad", "rtl-mark": "\u200f", "ideographic-space": "\u3000",
};
for (const [name, char] of Object.entries(invisible)) {
  add(`blank-${name}`, "blank is not empty", char, "x");
  add(`blank-same-${name}`, "blank is an id like any other", char, char);
  add(`blank-submitted-${name}`, "blank does not match", "x", char);
  for (const [which, value] of [["word", ids.word], ["uuid", ids.uuid]]) {
    const middle = Math.floor(value.length / 2);
    const forms = { before: char + value, after: value + char, inside: value.slice(0, middle) + char + value.slice(middle) };
    for (const [position, form] of Object.entries(forms)) {
      add(`${name}-${position}-submitted-${which}`, "nothing is trimmed or ignored", value, form);
      add(`${name}-${position}-pending-${which}`, "nothing is trimmed or ignored", form, value);
    }
    add(`${name}-after-both-${which}`, "the same id, with what is in it", value + char, value + char);
  }
}

const uuidForms = {
  upper: UUID.toUpperCase(), braces: `{${UUID}}`, urn: `urn:uuid:${UUID}`, "no-hyphens": UUID.replaceAll("-", ""), "upper-urn": `URN:UUID:${UUID}`,
  parentheses: `(${UUID})`, quoted: `"${UUID}"`, encoded: UUID.replaceAll("-", "%2D"), "short-group": UUID.replace("123e4567", "0123e4567"),
};
for (const [name, form] of Object.entries(uuidForms)) {
  add(`uuid-${name}-submitted`, "an id is not parsed as a UUID", UUID, form);
  add(`uuid-${name}-pending`, "an id is not parsed as a UUID", form, UUID);
}

const folds = {
  "kelvin-k": ["k", "\u212a"], "dotless-i": ["i", "\u0131"], "dotted-I": ["i", "\u0130"], "cyrillic-a": ["a", "\u0430"], "fullwidth-1": ["1", "\uff11"],
  "arabic-1": ["1", "\u0661"], "sharp-s": ["ss", "\u00df"], "long-s": ["s", "\u017f"], "ligature-fi": ["fi", "\ufb01"], "final-sigma": ["\u03c3", "\u03c2"],
  "upper-a": ["a", "A"], "nfd-e": ["\u00e9", "e\u0301"], "angstrom": ["\u00c5", "\u212b"], "hangul": ["\uac00", "\u1100\u1161"],
  "superscript-2": ["2", "\u00b2"], "roman-1": ["I", "\u2160"], "minus": ["-", "\u2212"], "en-dash": ["-", "\u2013"],
};
for (const [name, [plain, like]] of Object.entries(folds)) {
  for (const [place, wrap] of [["alone", (s) => s], ["start", (s) => `${s}-12`], ["end", (s) => `12-${s}`]]) {
    add(`fold-${name}-${place}`, "nothing is folded or normalised", wrap(plain), wrap(like));
    add(`fold-${name}-${place}-reversed`, "nothing is folded or normalised", wrap(like), wrap(plain));
  }
}

for (const [name, [high, low]] of Object.entries({ high: ["\ud800", "\ud801"], low: ["\udc00", "\udc01"] })) {
  add(`surrogate-${name}-same`, "a lone surrogate is itself", high, high);
  add(`surrogate-${name}-replaced`, "a lone surrogate is not U+FFFD", high, "\ufffd");
  add(`surrogate-${name}-replacement`, "U+FFFD is not a lone surrogate", "\ufffd", high);
  add(`surrogate-${name}-other`, "two lone surrogates differ", high, low);
  add(`surrogate-${name}-in-id`, "also inside of an id", `a${high}b`, `a${low}b`);
}
add("surrogate-pair-split", "a pair is not its half", "\ud83c\udf93", "\ud83c");

for (const [which, value] of Object.entries(ids)) {
  add(`prefix-${which}`, "a prefix is not the id", value, `${value}3`);
  add(`extends-${which}`, "the id is not its prefix", `${value}3`, value);
  add(`contains-${which}`, "to contain is not to be", value, `0${value}0`);
  add(`suffix-${which}`, "a suffix is not the id", `0${value}`, value);
  add(`twice-${which}`, "twice is not once", value, value + value);
}
for (const [name, a, b] of [["leading-zero", "7", "07"], ["exponent", "100", "1e2"], ["hex", "16", "0x10"], ["plus", "7", "+7"], ["decimal", "7", "7.0"], ["big", "9007199254740992", "9007199254740993"], ["minus-zero", "0", "-0"], ["separator", "1000", "1_000"]]) {
  add(`number-${name}`, "an id is no number", a, b);
  add(`number-${name}-reversed`, "an id is no number", b, a);
}
add("hash-collision", "Java's hashCode is the same for both", "Aa", "BB");
add("hash-collision-long", "Java's hashCode is the same for both", "AaAaAa", "BBBBBB");

const escape = (json) => json.replace(/[^\x20-\x7e\n]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
const seen = new Set(vectors.map((v) => v.id));
if (seen.size !== vectors.length) throw new Error("two vectors share an id");
const lines = vectors.map((v) => "    " + escape(JSON.stringify(v))).join(",\n");
const target = process.argv[2] ?? new URL("../src/main/resources/META-INF/conformance/rating-guard.json", import.meta.url);
writeFileSync(target, `{\n  "version": 1,\n  "count": ${vectors.length},\n  "vectors": [\n${lines}\n  ]\n}\n`);
console.log(`${vectors.length} vectors`);
