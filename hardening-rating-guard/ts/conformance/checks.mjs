// The vectors of the check: each trap crossed with position, length, script and kind of absence.
const UUID = "123e4567-e89b-12d3-a456-426614174abc";
const ids = {
  short: "x", word: "session-12", uuid: UUID, digits: "1234567890", greek: "συνεδρία", arabic: "جلسة", emoji: "🎓📚",
  long: "a1b2".repeat(32),
};
// A key that is left out of a vector is an absent id: undefined in TypeScript, null in Java.
const ABSENT = [["absent", undefined], ["null", null], ["empty", ""]];
const POSITIONS = {
  start: (id, part) => part + id,
  middle: (id, part) => id.slice(0, Math.floor(id.length / 4) * 2) + part + id.slice(Math.floor(id.length / 4) * 2),
  end: (id, part) => id + part,
};
const vectors = [];

// What a vector decides is said where it is added, and has to be what the definition says.
function add(decision, id, note, pending, submitted) {
  const proceeds = pending === undefined || pending === null || pending === "" || pending === submitted;
  if (proceeds !== (decision === "proceed")) throw new Error(`${id} contradicts the definition`);
  vectors.push({ id, note, pending, submitted, decision });
}
const proceeds = (...vector) => add("proceed", ...vector);
const mismatches = (...vector) => add("mismatch", ...vector);
const mismatchesBothWays = (id, note, a, b) => {
  mismatches(`${id}-submitted`, note, a, b);
  mismatches(`${id}-pending`, note, b, a);
};

for (const [name, id] of Object.entries(ids)) {
  proceeds(`same-${name}`, "equal ids proceed, even when they are two objects", id, id);
  for (const [other, otherId] of Object.entries(ids))
    if (other !== name) mismatches(`differs-${name}-${other}`, "another id", id, otherId);
  for (const [kind, none] of ABSENT) {
    proceeds(`no-pending-${kind}-${name}`, "nothing is pending, so nothing can be mistaken", none, id);
    mismatches(`no-submitted-${kind}-${name}`, "a pending id is not matched by none", id, none);
  }
}
for (const [kind, pending] of ABSENT)
  for (const [other, submitted] of ABSENT)
    proceeds(`none-${kind}-${other}`, "nothing is pending, whatever kind of nothing is submitted", pending, submitted);

// Words that a language prints for nothing, values that it takes for false, and names that every object has.
const words = {
  undefined: "undefined", null: "null", zero: "0", false: "false", nan: "NaN", "object-object": "[object Object]", "empty-quotes": '""',
  proto: "__proto__", constructor: "constructor", "to-string": "toString", "has-own-property": "hasOwnProperty",
};
for (const [name, word] of Object.entries(words)) {
  proceeds(`word-${name}-same`, `${word} is an id like any other`, word, word);
  mismatchesBothWays(`word-${name}-other`, `${word} is an id like any other`, word, "x");
  for (const [kind, none] of ABSENT) {
    mismatches(`word-${name}-${kind}`, `${word} is an id, and does not mean nothing`, word, none);
    proceeds(`word-${name}-no-pending-${kind}`, "nothing is pending", none, word);
  }
}
mismatchesBothWays("word-undefined-null", "two words for nothing are two ids", "undefined", "null");

// What one language trims, strips, ignores or takes for blank, and another does not.
const invisible = {
  space: [" ", "a space"], tab: ["\t", "a tab"], newline: ["\n", "a line feed"], "carriage-return": ["\r", "a carriage return"],
  crlf: ["\r\n", "a Windows line end"], "vertical-tab": ["\v", "a vertical tab"], "form-feed": ["\f", "a form feed"],
  nul: ["\0", "a NUL, which Java's trim drops and JavaScript's keeps"], backspace: ["\b", "a backspace"], escape: ["\x1b", "an escape"],
  "file-separator": ["\x1c", "U+001C, white space to Java alone"], "next-line": ["\u0085", "U+0085, white space to Unicode but to neither language"],
  nbsp: ["\u00a0", "U+00A0, which JavaScript's trim drops and Java's strip keeps"], "figure-space": ["\u2007", "a figure space"],
  "narrow-nbsp": ["\u202f", "a narrow no-break space"], "ideographic-space": ["\u3000", "an ideographic space"], "ogham-space": ["\u1680", "an Ogham space mark"],
  "line-separator": ["\u2028", "U+2028, a line terminator of JavaScript"], "paragraph-separator": ["\u2029", "U+2029, a line terminator of JavaScript"],
  bom: ["\ufeff", "U+FEFF, which JavaScript's trim drops and Java's strip keeps"], zwsp: ["\u200b", "a zero-width space"], zwnj: ["\u200c", "a zero-width non-joiner"],
  zwj: ["\u200d", "a zero-width joiner"], "word-joiner": ["\u2060", "a word joiner"], "soft-hyphen": ["\u00ad", "a soft hyphen, which collation ignores"],
  "mongolian-separator": ["\u180e", "U+180E, white space in older Unicode only"], "rtl-mark": ["\u200f", "a right-to-left mark"], "rtl-override": ["\u202e", "a right-to-left override"],
  "variation-selector": ["\ufe0f", "a variation selector"], "combining-acute": ["\u0301", "a combining acute accent"],
};
for (const [name, [char, what]] of Object.entries(invisible)) {
  proceeds(`blank-${name}-same`, `alone, an id like any other: ${what}`, char, char);
  mismatchesBothWays(`blank-${name}-other`, `alone, not the same as nothing: ${what}`, char, "x");
  mismatches(`blank-${name}-absent`, `alone, not the same as nothing: ${what}`, char, undefined);
  for (const which of ["word", "uuid", "arabic"])
    for (const [position, put] of Object.entries(POSITIONS))
      mismatchesBothWays(`${name}-${position}-${which}`, `at the ${position}, not ignored: ${what}`, ids[which], put(ids[which], char));
  proceeds(`${name}-end-both`, `in both, the same id: ${what}`, ids.word + char, ids.word + char);
}
mismatchesBothWays("blank-space-tab", "two kinds of blank are two ids", " ", "\t");
mismatchesBothWays("blank-one-two", "one space is not two", " ", "  ");

const uuidForms = {
  upper: [UUID.toUpperCase(), "upper case"], braces: [`{${UUID}}`, "braces"], urn: [`urn:uuid:${UUID}`, "a URN"],
  "upper-urn": [`URN:UUID:${UUID.toUpperCase()}`, "an upper-case URN"], "no-hyphens": [UUID.replaceAll("-", ""), "no hyphens"],
  parentheses: [`(${UUID})`, "parentheses"], quoted: [`"${UUID}"`, "quotes"], encoded: [UUID.replaceAll("-", "%2D"), "percent-encoded hyphens"],
};
for (const [name, [form, what]] of Object.entries(uuidForms)) mismatchesBothWays(`uuid-${name}`, `the same UUID with ${what} is another id`, UUID, form);
mismatchesBothWays("uuid-groups", "Java's parser takes 1-1-1-1-1 for this UUID", "00000001-0001-0001-0001-000000000001", "1-1-1-1-1");
mismatchesBothWays("uuid-nil", "the nil UUID is an id, and no other form of it is", "00000000-0000-0000-0000-000000000000", "0-0-0-0-0");
mismatchesBothWays("uuid-overflow", "Java's parser cuts the upper digits of a group", "00000001-0001-0001-0001-000000000001", "f00000001-1-1-1-1");
mismatches("uuid-nil-absent", "the nil UUID does not mean nothing", "00000000-0000-0000-0000-000000000000", null);

// Pairs that some folding, normalisation, collation or look makes equal.
const alike = {
  "upper-a": ["a", "A", "upper case"], "kelvin-sign": ["k", "\u212a", "the Kelvin sign, which lower-cases to k"],
  "dotless-i": ["i", "\u0131", "dotless i, which upper-cases to I"], "dotted-capital-i": ["i", "\u0130", "dotted capital I, i to a Turkish locale"],
  "sharp-s": ["ss", "\u00df", "sharp s, which upper-cases to SS"], "capital-sharp-s": ["\u00df", "\u1e9e", "capital sharp s"],
  "long-s": ["s", "\u017f", "long s, which upper-cases to S"], "final-sigma": ["\u03c3", "\u03c2", "final sigma, which upper-cases as sigma does"],
  "cherokee-a": ["\uab70", "\u13a0", "Cherokee, whose case folds upwards"], "deseret": ["\ud801\udc28", "\ud801\udc00", "case beyond the first plane"],
  "cyrillic-a": ["a", "\u0430", "Cyrillic a, of the same look"], "greek-omicron": ["o", "\u03bf", "Greek omicron, of the same look"],
  "fullwidth-1": ["1", "\uff11", "fullwidth 1, 1 under NFKC and to parsers"], "arabic-1": ["1", "\u0661", "Arabic 1, which Java's parseInt takes"],
  "superscript-2": ["2", "\u00b2", "superscript 2, 2 under NFKC"], "roman-1": ["I", "\u2160", "Roman one, I under NFKC"],
  "ligature-fi": ["fi", "\ufb01", "the ligature, fi under NFKC"], "nfd-e": ["\u00e9", "e\u0301", "NFD against NFC"],
  "no-accent": ["\u00e9", "e", "an accent, which base collation ignores"], angstrom: ["\u00c5", "\u212b", "the Angstrom sign, Å under NFC"],
  ohm: ["\u03a9", "\u2126", "the Ohm sign, omega under NFC"], hangul: ["\uac00", "\u1100\u1161", "Hangul letters, one syllable under NFC"],
  "mark-order": ["a\u0323\u0307", "a\u0307\u0323", "two marks in the other order, equal under NFC"],
  minus: ["-", "\u2212", "the minus sign"], "en-dash": ["-", "\u2013", "an en dash"], "nb-hyphen": ["-", "\u2011", "a no-break hyphen"],
};
for (const [name, [plain, like, what]] of Object.entries(alike))
  for (const [place, wrap] of [["alone", (s) => s], ["start", (s) => `${s}-12`], ["middle", (s) => `s${s}12`], ["end", (s) => `12-${s}`]])
    mismatchesBothWays(`alike-${name}-${place}`, `not folded: ${what}`, wrap(plain), wrap(like));

// Java and JavaScript keep lone surrogates; an encoder makes U+FFFD or ? of them.
for (const [name, [half, other]] of Object.entries({ high: ["\ud800", "\ud801"], low: ["\udc00", "\udc01"] })) {
  proceeds(`surrogate-${name}-same`, "a lone surrogate is itself", half, half);
  mismatchesBothWays(`surrogate-${name}-replaced`, "a lone surrogate is not U+FFFD", half, "\ufffd");
  mismatchesBothWays(`surrogate-${name}-question-mark`, "a lone surrogate is not the ? that Java's getBytes writes", half, "?");
  mismatches(`surrogate-${name}-other`, "two lone surrogates differ", half, other);
  for (const [position, put] of Object.entries(POSITIONS)) {
    proceeds(`surrogate-${name}-${position}-same`, "a lone surrogate is itself, also in an id", put(ids.word, half), put(ids.word, half));
    mismatches(`surrogate-${name}-${position}-other`, "two lone surrogates differ, also in an id", put(ids.word, half), put(ids.word, other));
    mismatchesBothWays(`surrogate-${name}-${position}-none`, "a lone surrogate is not dropped", ids.word, put(ids.word, half));
  }
}
mismatchesBothWays("surrogate-pair-half", "a pair is not its first half", "\ud83c\udf93", "\ud83c");
mismatchesBothWays("surrogate-pair-swapped", "a pair is not its halves swapped", "\ud83c\udf93", "\udf93\ud83c");

for (const [which, id] of Object.entries(ids)) {
  mismatchesBothWays(`prefix-${which}`, "a prefix is not the id", id, `${id}3`);
  mismatchesBothWays(`suffix-${which}`, "a suffix is not the id", id, `0${id}`);
  mismatchesBothWays(`contains-${which}`, "to contain is not to be", id, `0${id}0`);
  mismatchesBothWays(`twice-${which}`, "twice is not once", id, id + id);
  mismatchesBothWays(`list-${which}`, "an id is no list of ids", id, `${id},x`);
}
for (const length of [2, 8, 16, 32, 36, 64, 128, 255, 256, 1024]) {
  const id = "a".repeat(length);
  proceeds(`length-${length}-same`, `${length} units are compared to the end`, id, id);
  mismatches(`length-${length}-first`, `of ${length} units the first differs`, id, `b${id.slice(1)}`);
  mismatches(`length-${length}-last`, `of ${length} units the last differs`, id, `${id.slice(1)}b`);
  if (length > 2) mismatches(`length-${length}-middle`, `of ${length} units one in the middle differs`, id, id.slice(0, length / 2) + "b" + id.slice(length / 2 + 1));
  mismatchesBothWays(`length-${length}-longer`, `${length} units are not one more`, id, `${id}a`);
}
for (const [name, a, b] of [
  ["leading-zero", "7", "07"], ["exponent", "100", "1e2"], ["hex", "16", "0x10"], ["plus", "7", "+7"], ["decimal", "7", "7.0"],
  ["big", "9007199254740992", "9007199254740993"], ["minus-zero", "0", "-0"], ["separator", "1000", "1_000"], ["infinity", "1e999", "2e999"],
]) mismatchesBothWays(`number-${name}`, "an id is not compared as a number", a, b);
mismatches("hash-collision", "Java's hashCode is the same for both", "Aa", "BB");
mismatches("hash-collision-long", "Java's hashCode is the same for both", "AaAaAa", "BBBBBB");
mismatches("hash-zero", "Java's hashCode of both is that of the empty string", "\0", "\0\0");
mismatches("anagram", "the same units in another order", "ab-12", "12-ab");
mismatches("reversed", "the same units backwards", "session-12", "21-noisses");
for (const [name, [a, b]] of Object.entries({
  percent: ["a b", "a%20b"], "percent-case": ["%2f", "%2F"], plus: ["a b", "a+b"], html: ["a&b", "a&amp;b"], json: ['a"b', 'a\\"b'], unicode: ["é", "\\u00e9"],
  slash: ["a", "a/"], "dot-slash": ["a", "./a"], query: ["a", "a?x=1"], hash: ["a", "a#b"],
})) mismatchesBothWays(`encoded-${name}`, "an id is neither decoded nor cut", a, b);
for (const [name, [pattern, matched]] of Object.entries({ dot: ["a.c", "abc"], star: [".*", "abc"], like: ["%", "abc"], glob: ["*", "abc"] }))
  mismatchesBothWays(`pattern-${name}`, "an id is no pattern", pattern, matched);

export const checks = vectors;
