// Each is a plausible wrong guard, named so that "a guard that …" reads; the vectors have to tell it from the right one.
const decide = (allowed) => ({ allowed });
const none = (id) => id === undefined || id === null || id === "";
const mapped = (map) => (p, s) => decide(none(p) || map(p) === (none(s) ? s : map(s)));
const compared = (same) => (p, s) => decide(none(p) || (!none(s) && same(p, s)));
const withNone = (isNone) => (p, s) => decide(isNone(p) || p === s);

// Normalising
export const trims = mapped((id) => id.trim());
export const trimsTheStart = mapped((id) => id.trimStart());
export const trimsTheEnd = mapped((id) => id.trimEnd());
export const trimsAsJavaDoes = mapped((id) => id.replace(/^[\0- ]+|[\0- ]+$/g, ""));
export const trimsThePendingOnly = compared((p, s) => p.trim() === s);
export const trimsTheSubmittedOnly = compared((p, s) => p === s.trim());
export const dropsWhiteSpace = mapped((id) => id.replace(/\s/g, ""));
export const dropsFormatCharacters = mapped((id) => id.replace(/\p{Cf}/gu, ""));
export const dropsTheByteOrderMark = mapped((id) => id.replace(/^\ufeff/, ""));
export const dropsMarks = mapped((id) => id.replace(/\p{M}/gu, ""));
export const dropsNul = mapped((id) => id.replaceAll("\0", ""));
export const stopsAtNul = mapped((id) => id.split("\0")[0]);
export const foldsLineEnds = mapped((id) => id.replace(/\r\n?/g, "\n").replace(/\n$/, ""));
export const lowersCase = mapped((id) => id.toLowerCase());
export const uppersCase = mapped((id) => id.toUpperCase());
export const foldsCaseInTurkish = mapped((id) => id.toLocaleLowerCase("tr"));
export const foldsCaseByPattern = compared((p, s) => new RegExp(`^${p.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`, "i").test(s));
export const normalisesToNfc = mapped((id) => id.normalize("NFC"));
export const normalisesToNfd = mapped((id) => id.normalize("NFD"));
export const normalisesToNfkc = mapped((id) => id.normalize("NFKC"));
export const normalisesToNfkd = mapped((id) => id.normalize("NFKD"));
export const comparesByLocale = compared((p, s) => p.localeCompare(s) === 0);
export const comparesByBaseLetters = compared((p, s) => p.localeCompare(s, "en", { sensitivity: "base" }) === 0);
export const comparesAccents = compared((p, s) => p.localeCompare(s, "en", { sensitivity: "accent" }) === 0);

// Parsing
export const comparesAsUuid = mapped((id) => id.replace(/^urn:uuid:|[{}-]/gi, "").toLowerCase());
export const dropsHyphens = mapped((id) => id.replaceAll("-", ""));
export const stripsBraces = mapped((id) => id.replace(/^\{|\}$/g, ""));
export const stripsTheUrn = mapped((id) => id.replace(/^urn:uuid:/, ""));
export const stripsQuotes = mapped((id) => id.replace(/^"|"$/g, ""));
export const takesTheNilUuidForNone = withNone((id) => none(id) || /^[0-]+$/.test(id));
export const decodesPercent = mapped((id) => (/%[0-9A-F]{2}/i.test(id) ? decodeURIComponent(id) : id));
export const encodesAsUtf8 = mapped((id) => Buffer.from(id).toString("hex"));
export const comparesAsNumbers = compared((p, s) => p === s || Number(p) === Number(s));
export const comparesIntegers = compared((p, s) => p === s || parseInt(p, 10) === parseInt(s, 10));

// Comparing less, or more loosely
export const includes = compared((p, s) => p.includes(s));
export const isIncluded = compared((p, s) => s.includes(p));
export const startsWith = compared((p, s) => p.startsWith(s));
export const isStartedWith = compared((p, s) => s.startsWith(p));
export const endsWith = compared((p, s) => p.endsWith(s));
export const isEndedWith = compared((p, s) => s.endsWith(p));
export const matchesAPattern = compared((p, s) => p === s || (/[.*]/.test(p) && /[a-z]/.test(p + s) && !/^[*?+]/.test(p) && new RegExp(`^${p}$`).test(s)));
export const comparesLengths = mapped((id) => id.length);
export const comparesTheFirstEight = mapped((id) => id.slice(0, 8));
export const comparesTheLastEight = mapped((id) => id.slice(-8));
export const comparesTheFirst36 = mapped((id) => id.slice(0, 36));
export const comparesTheFirst255 = mapped((id) => id.slice(0, 255));
export const comparesTheEnds = mapped((id) => id[0] + id.at(-1) + id.length);
export const comparesSortedUnits = mapped((id) => [...id].sort().join());
export const comparesHashes = mapped((id) => [...id].reduce((hash, c) => (31 * hash + c.charCodeAt(0)) | 0, 0));
export const looksUpInAnObject = compared((p, s) => ({ [p]: 1 })[s] !== undefined);
export const comparesStrings = (p, s) => decide(none(p) || String(p) === String(s));
export const comparesTruthiness = (p, s) => decide(!p || Boolean(s));
export const comparesTruthinessBothWays = (p, s) => decide(Boolean(p) === Boolean(s));
export const comparesInequality = (p, s) => decide(none(p) || !(p < s || p > s));

// Mistaking what is none
export const takesBlankForNone = withNone((id) => none(id) || id.trim() === "");
export const takesWordsForNone = withNone((id) => none(id) || ["undefined", "null"].includes(id));
export const takesZeroForNone = withNone((id) => none(id) || id === "0");
export const takesFalseForNone = withNone((id) => none(id) || id === "false");
export const takesNotANumberForNone = withNone((id) => none(id) || id === "NaN");
export const takesEmptyForAnId = withNone((id) => id === undefined || id === null);
export const takesNullForAnId = withNone((id) => id === undefined || id === "");
export const takesAbsentForAnId = withNone((id) => id === null || id === "");
export const takesAnythingForAnId = withNone(() => false);
export const letsNoSubmittedPass = (p, s) => decide(none(p) || none(s) || p === s);
export const letsAbsentSubmittedPass = (p, s) => decide(none(p) || s === undefined || p === s);
export const letsNullSubmittedPass = (p, s) => decide(none(p) || s === null || p === s);
export const letsEmptySubmittedPass = (p, s) => decide(none(p) || s === "" || p === s);
export const demandsAPending = (p, s) => decide(!none(p) && p === s);
export const demandsASubmitted = (p, s) => decide(!none(s) && (none(p) || p === s));
export const swapsItsArguments = (p, s) => decide(none(s) || s === p);
export const refusesTheProtoWord = (p, s) => decide(none(p) || (p === s && p !== "__proto__"));
export const alwaysProceeds = () => decide(true);
export const neverProceeds = () => decide(false);
export const inverts = (p, s) => decide(!none(p) && p !== s);
