package dev.hardening.config;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Values that look like a mistake of the tool or the person that set them: quotes that were meant for a shell, white
 * space at an edge, a PEM without its line breaks, a reference that was never resolved. Only whole values count,
 * because a real secret may contain any of these.
 */
final class Slip {

    /**
     * A form of a whole value that refers to another value.
     *
     * @param inside what is between its beginning and its end
     * @param reason what it is and what to do, in words that follow the name
     * @param meantBy the names of settings whose value is meant to be of this form
     * @param part what each such value has in it, so that few others are compared with the pattern
     */
    private record Row(String beginning, Pattern inside, String end, String reason, Pattern meantBy, String part) {

        Row(String beginning, Pattern inside, String end, String reason) {
            this(beginning, inside, end, reason, NOTHING, "");
        }

        Row unlessNamed(Pattern names) {
            return new Row(beginning, inside, end, reason, names, part);
        }

        Row with(String part) {
            return new Row(beginning, inside, end, reason, meantBy, part);
        }

        boolean matches(String name, String value) {
            return value.startsWith(beginning)
                    && value.endsWith(end)
                    && value.contains(part)
                    && value.length() >= beginning.length() + end.length()
                    && inside.matcher(value)
                            .region(beginning.length(), value.length() - end.length())
                            .matches()
                    && !isNamed(meantBy, name);
        }
    }

    private static final Pattern NOTHING = Pattern.compile("");
    private static final Pattern ANYTHING = Pattern.compile("(?s).*");
    private static final Pattern WITH_BACKSLASH = Pattern.compile("(?s).*\\\\.*");
    private static final Pattern NO_SPACE = Pattern.compile("\\S+");
    private static final Pattern NO_QUOTE = Pattern.compile("[^']+");
    private static final Pattern NO_BRACE = Pattern.compile("[^{}]+");

    /** One reference or several, or one within another. The group that repeats is possessive: else it would recurse. */
    private static final Pattern REFERENCES =
            Pattern.compile("[^{}]++(?:}[^{}]*+(?<=\\$)\\{[^{}]++)*+|[^{}]*+\\{[^{}]*+}[^{}]*+");

    /** One expression of a template or several, with what is between them. */
    private static final Pattern EXPRESSIONS = Pattern.compile("[^{}]++(?:}}[^{}]*+\\{\\{[^{}]++)*+");

    private static final Pattern PIPELINE_VARIABLE =
            Pattern.compile("\\s*(variables|parameters|dependencies|stageDependencies|resources)[.\\[].+");
    private static final Pattern FUNCTION_OF_HIERA =
            Pattern.compile("(lookup|hiera|alias|literal|scope)\\(.*\\)|(::|facts\\.|trusted\\.)\\S+");
    private static final Pattern FUNCTION_OF_ARM = Pattern.compile(
            "(parameters|variables|reference|concat|format|listKeys|resourceId|outputs)\\([^\\[\\]]*\\).*");
    private static final Pattern FILE_NAME = Pattern.compile("[A-Za-z0-9_.-]+");
    private static final Pattern SYSTEMD_PATH = Pattern.compile("%d/[A-Za-z0-9_.-]+");
    private static final Pattern OF_A_VAULT = Pattern.compile("\\S+::\\S+");
    private static final Pattern SALTED_MASK = Pattern.compile("[A-Za-z0-9+/=.]+;[^;\\s]{8};[0-9]+");
    private static final Pattern TEXTS_OF_JSON = Pattern.compile("\\s*+(?:\"[^\"]*+\"\\s*+,?+\\s*+)*+");
    private static final Pattern NO_PARENTHESIS = Pattern.compile("[^()]+");

    /** A command that may have another one in it. */
    private static final Pattern COMMAND = Pattern.compile("[^()]++(?:\\([^()]++\\)[^()]*+)*+");

    /** A name with an underscore in it, because a shorter one may be a part of a password. */
    private static final Pattern LONG_NAME = Pattern.compile("[A-Za-z][A-Za-z0-9]*+(_[A-Za-z0-9]++)++");

    /** What may follow an expression of code, such as a default. */
    private static final Pattern NAME_IN_CODE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*+([,;]?|\\s*(\\|\\||\\?\\?).*)");

    private static final Pattern NAME_OF_A_TEMPLATE =
            Pattern.compile("\\s*+(\\.?[A-Za-z_][A-Za-z0-9_.-]*+|\\$\\{[^{}]+}|(env|var|key|secret) \"[^\"]*+\")\\s*+");
    private static final Pattern SPACED_NAME = Pattern.compile("\\s*+[A-Za-z_][A-Za-z0-9_.-]*+\\s*+");
    private static final Pattern IN_ANGLES = Pattern.compile("[^<>]+");
    private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_.-]*");
    private static final Pattern UPPER_NAME = Pattern.compile("[A-Z][A-Z0-9]*_[A-Z0-9_]+|[A-Z]{5,}");
    private static final Pattern TOKEN_NAME = Pattern.compile("[A-Z][A-Z0-9_]*");
    private static final Pattern SECRET_PATH = Pattern.compile("[^/\\s]+/(locations/[^/\\s]+/)?secrets/\\S+");
    private static final Pattern KEY_VAULT =
            Pattern.compile("[^/.\\s]++\\.vault\\.(azure\\.net|azure\\.cn|usgovcloudapi\\.net)/secrets/\\S+");
    private static final Pattern SECRET_ARN = Pattern.compile("[a-z-]*:(secretsmanager|ssm):\\S+");
    private static final Pattern SECRET_FILE = Pattern.compile(
            "(?:(?i:file):(//)?)?((/var)?/run/(secrets(\\.d)?|credentials|agenix(\\.d)?)"
                    + "|(/vault|/openbao|/etc|/var)?/secrets|/etc/secret-volume|/mnt/secrets(-store)?)/\\S+|[Cc]:[\\\\/]ProgramData[\\\\/]Docker[\\\\/]secrets[\\\\/]\\S+");
    private static final String BEGINNINGS_OF_A_SECRET_FILE = "/fFCc";
    private static final Pattern NAME_OF_A_PATH = Pattern.compile(
            ".*(FILES?|FILE_?NAMES?|PATHS?|DIRS?|DIRECTORY|DIRECTORIES|FOLDERS?|LOCATIONS?|CREDENTIALS|STORE|CERTS?"
                    + "|CERTIFICATES?|CRT|BUNDLE|KEYRING|KEYTAB|CONFIG|SOCK|SOCKET|HOME)|(.*[_.-])?CAS?"
                    // variables of PostgreSQL, Git, Vault and Oracle that are paths
                    + "|PGSSLKEY|GIT_SSL_KEY|VAULT_CLIENT_KEY|TNS_ADMIN|ORACLE_WALLET",
            Pattern.CASE_INSENSITIVE);

    /** How the name of a setting ends that names a secret, which the code itself fetches. */
    private static final String NAMES_A_SECRET = "SECRETS?[_.-]?(ID|NAME|REF|REFERENCE|PATH|URI|URL|IDENTIFIER)S?";

    private static final Pattern NAME_OF_A_SECRET =
            Pattern.compile("(.*[_.-])?" + NAMES_A_SECRET, Pattern.CASE_INSENSITIVE);
    private static final Pattern NAME_OF_AN_ARN =
            Pattern.compile("(.*[_.-])?(ARNS?|OCIDS?|CRNS?|" + NAMES_A_SECRET + ")", Pattern.CASE_INSENSITIVE);
    private static final Pattern NAME_OF_A_RESOURCE =
            Pattern.compile("(.*[_.-])?(RESOURCE|NAME|ID|VERSION|" + NAMES_A_SECRET + ")", Pattern.CASE_INSENSITIVE);
    private static final Pattern NAME_OF_A_URL = Pattern.compile(
            "(.*[_.-])?(URL|URI|ID|IDENTIFIER|ENDPOINT|" + NAMES_A_SECRET + ")", Pattern.CASE_INSENSITIVE);
    private static final Pattern END_OF_A_WORD = Pattern.compile("(?<=[a-z0-9])(?=[A-Z])");
    private static final Pattern BASE64 = Pattern.compile("[A-Za-z0-9+/=_-]+");
    private static final Pattern HEX = Pattern.compile("[0-9a-f]+");
    private static final Pattern MASK = Pattern.compile(
            "((?:(?:secret|value)[ _-])?(?:redacted|masked|hidden|removed)(?:[:_ -][\\w -]+)?|encrypted|filtered|secure"
                    + "|sensitive|sensitive value|computed|known after apply|concealed by 1Password|omitted|snip|censored"
                    + "|protected|restricted|private|not shown|\\*{3,})",
            Pattern.CASE_INSENSITIVE);

    /** A mask between signs that are written several times, as in {@code *** removed ***}. */
    private static Pattern mask(String sign) {
        return Pattern.compile(sign + "{0,3}\\s?" + MASK.pattern() + "\\s?" + sign + "{0,3}", MASK.flags());
    }

    /** What a page shows of a token, as in {@code sk-...abcd}, and what kubectl describe says. */
    private static final Pattern PARTLY_MASKED = Pattern.compile(
            "[A-Za-z0-9][A-Za-z0-9._-]{0,23}\\*{4,}[A-Za-z0-9]{0,6}|[a-z]{2,8}[_-]([a-z]{2,8}[_-]){0,2}(\\.{3}|…)[A-Za-z0-9]{4}"
                    + "|[0-9]{1,5} bytes");

    private static final Pattern GO_MAP = Pattern.compile("[\\w.-]+:.*", Pattern.DOTALL);
    private static final Pattern POWERSHELL_OBJECT = Pattern.compile("\\w+=.*", Pattern.DOTALL);

    /** A whole secret of a store, under a name that is only of its password. */
    private static final Pattern WITH_A_PASSWORD = Pattern.compile(".*\"password\"\\s*+:.*", Pattern.DOTALL);

    private static final Pattern NO_NAME_OF_A_PASSWORD =
            Pattern.compile("(?!.*(PASSWORD|PASSWD|PASS|PWD)$).*", Pattern.CASE_INSENSITIVE);

    /** How Java prints an object that has no text of its own. */
    private static final Pattern PRINTED_OBJECT =
            Pattern.compile("([a-z][a-z0-9_]*+\\.)++[A-Z][\\w$]*+@[0-9a-f]{1,8}(\\[.*])?");

    private static final Pattern NOT_FOUND =
            Pattern.compile("[^\\n]*: (command not found|not found|No such file or directory|Permission denied)");
    private static final Pattern NO_VALUE =
            Pattern.compile("undefined|null|nil|none|unset|not set|no value|empty", Pattern.CASE_INSENSITIVE);

    /** Whole values, with what ends an entry in a file of code. */
    private static final Pattern NO_VALUE_AT_ALL = Pattern.compile("((?i:undefined|null|nil)|None|NaN)[,;]?");

    private static final int LONGEST_NO_VALUE = "undefined;".length();

    private static final Pattern QUOTED = Pattern.compile(
            "=?([\"']).*\\1[,;]?|\\\\([\"']).*\\\\\\2|[@$]\".*\"|\\$'.*'|(`{2,3})[^`]+\\3|%2([27]).*%2\\4"
                    + "|(&quot;|&apos;|&#34;|&#39;|\\\\u0022|\\\\u0027).*\\5|[“”„‘’‚«»‹›「」´＂].*[“”„‘’‚«»‹›「」´＂]",
            Pattern.DOTALL);
    private static final Pattern COMMENT = Pattern.compile("(#|//)\\s.*|/\\*.*\\*/|<!--.*-->");
    private static final Pattern WITH_A_COMMENT = Pattern.compile("([\"']).*\\1\\s+(#|//).*|\\S+\\s+(#|//)\\s.*");
    private static final Pattern ENCODED_LINE_BREAK =
            Pattern.compile(".*(%0[Aa]|&#10;|\\\\u000[aA]|\\\\x0[aA])", Pattern.DOTALL);

    /** How a line of a shell, of Docker or of YAML goes on before and after the name that it sets. */
    private static final Pattern BEFORE_A_NAME = Pattern.compile(
            "(?:(?:(?:- )?name:|export|declare(?: -[a-z]+)?|(?i:set)|-[eEv]|--env|--set|--build-arg|-|ENV|ARG|env|const|let|var|static"
                    + "|readonly|local|typeset(?: -[a-z]+)?)\\s++|Environment=|--env=|--from-literal=)[\"']?"
                    + "|-D|--|\\$(?i:env:)?|process\\.env\\.");

    private static final String MAY_BE_BEFORE_A_NAME = "eds-EAS$clrtvnp";

    private static final Pattern ONE_MEMBER =
            Pattern.compile("\\{\\s*+([\"']?)([^\"'\\\\\\s:=]++)\\1\\s*+[:=]\\s*+([\"']?)[^\"'\\\\{},]*+\\3\\s*+}");

    /** What sets a variable without a sign between the name and the value. */
    private static final Pattern SETX =
            Pattern.compile("(?:setx|setenv|set -g?x|env|fastcgi_param)\\s+", Pattern.CASE_INSENSITIVE);

    private static final String MAY_BE_SETX = "sSeEfF";

    private static final Pattern AFTER_A_NAME = Pattern.compile("\\s*=|:\\s|[\"']?\\s*\\n\\s*value:");

    /**
     * The same after a name of several words, which is no user's name. It is found in any case, because it is not a part
     * of a connection string either, such as {@code Server=} or {@code Endpoint=}.
     */
    private static final Pattern AFTER_SEVERAL_WORDS = Pattern.compile("\\s*[=:]|[\"']?\\s*\\n\\s*value:");

    private static final String SEPARATORS = "_.-";
    private static final Pattern WORD_BREAK = Pattern.compile("[A-Za-z0-9][_.-]+[A-Za-z0-9]");

    /** What stands in a row for the setting's name with its ending. */
    private static final String FILE_OF_ANY_NAME = "NAME_FILE";

    private static final List<Row> ROWS = List.of(
            // What a programming language writes for no value at all.
            noValue("<", NO_VALUE, ">"),
            noValue("(", NO_VALUE, ")"),
            noValue("[", NO_VALUE, "]"),
            noValue("[object ", NAME, "]"),
            noValue("[Function", ANYTHING, "]"),
            noValue("[AsyncFunction", ANYTHING, "]"),
            noValue("Promise {", ANYTHING, "}"),
            noValue("Optional.empty", NOTHING, ""),
            noValue("Optional.absent()", NOTHING, ""), // Guava's
            noValue("%!", Pattern.compile("[a-z]\\(.*"), ")"), // Go's, for a missing or wrong argument
            // What tools print so that a value does not show.
            masked("Secret[redacted]", NOTHING, ""),
            masked("SecretStr('", Pattern.compile("\\**"), "')"),
            masked("SecretBytes(b'", Pattern.compile("\\**"), "')"),
            masked("Secret('", Pattern.compile("\\**"), "')"),
            masked("Secret([REDACTED", ANYTHING, "])"), // Rust's secrecy
            masked("SecretBox<", Pattern.compile("[^()]+\\(\\[REDACTED"), "])"),
            masked("REDACTED", NOTHING, ""),
            masked("**", mask("\\*"), "**"),
            masked("--", mask("-"), "--"),
            masked("##", mask("#"), "##"),
            masked("{", MASK, "}"),
            masked("$encrypted$", NOTHING, ""), // AWX's
            masked("xxxx", Pattern.compile("(?!x+$)[A-Za-z0-9]{1,4}"), ""), // CircleCI's, with the last four characters
            masked("<<", MASK, ">>"),
            masked("[secret]", NOTHING, ""),
            masked("[SECRET]", NOTHING, ""),
            masked("Calling [toString] on an [Output<T>] is not supported", ANYTHING, ""),
            masked("Calling __str__ on an Output[T] is not supported", ANYTHING, ""),
            masked("DATA+OMITTED", NOTHING, ""), // kubectl's
            masked("VALUE_SPECIFIED_IN_NO_LOG_PARAMETER", NOTHING, ""), // Ansible's
            masked("Sensitive [value redacted]", NOTHING, ""), // Puppet's
            masked("[", MASK, "]"),
            masked("<", MASK, ">"),
            masked("(", MASK, ")"),
            masked("***", Pattern.compile("\\**|\\*{5,}[A-Za-z0-9+/]{1,4}"), ""), // AWS's has its last four characters
            masked("•••", Pattern.compile("•*[A-Za-z0-9]{0,4}"), ""),
            masked("●●●", Pattern.compile("●*[A-Za-z0-9]{0,4}"), ""),
            masked("███", Pattern.compile("█*"), ""),
            masked("■■■", Pattern.compile("■*"), ""),
            masked("∙∙∙", Pattern.compile("∙*"), ""),
            masked("···", Pattern.compile("·*"), ""),
            masked("⬤⬤⬤", Pattern.compile("⬤*"), ""),
            masked("[use 'op ", ANYTHING, "]"),
            masked("System.Security.SecureString", NOTHING, ""),
            masked("[C@", HEX, ""), // Java's, for an array
            masked("[B@", HEX, ""),
            masked("[L", Pattern.compile("[\\w.$]+;@[0-9a-f]+"), ""),
            masked("System.Object[]", NOTHING, ""), // PowerShell's, for an array
            masked("Microsoft.Azure.Commands.", NO_SPACE, ""),
            new Row("@{", POWERSHELL_OBJECT, "}", "is a printed PowerShell object: set the value inside it"),
            new Row("map[", GO_MAP, "]", "is a printed Go map: set the value inside it"), // also Helm's
            masked("System.String[]", NOTHING, ""),
            masked("System.Byte[]", NOTHING, ""),
            masked("System.Threading.Tasks.Task", ANYTHING, ""), // .NET's, for a call that nothing waited for
            masked("<coroutine object ", ANYTHING, ">"),
            masked("<generator object ", ANYTHING, ">"),
            masked("<function ", ANYTHING, ">"),
            masked("<bound method ", ANYTHING, ">"),
            masked("<class '", ANYTHING, "'>"),
            masked("<", Pattern.compile("[\\w.]+ object at 0x[0-9a-fA-F]+"), ">"),
            masked("#<", Pattern.compile("[A-Z][\\w:]*(:0x[0-9a-f]+.*| .*)"), ">"), // Ruby's
            masked("Instance of '", ANYTHING, "'"), // Dart's
            masked("<Buffer ", ANYTHING, ">"), // Node's
            masked("Uint8Array(", ANYTHING, "]"),
            masked("() => ", ANYTHING, ""),
            masked("0xc0", Pattern.compile("[0-9a-f]{8}"), ""), // Go's, for a pointer
            // What is around a value, or instead of it.
            new Row("Optional[", ANYTHING, "]", printedOptional()),
            new Row("Some(", ANYTHING, ")", printedOptional()),
            new Row("Optional.of(", ANYTHING, ")", printedOptional()),
            new Row("Ok(", ANYTHING, ")", printedOptional()),
            new Row("Right(", ANYTHING, ")", printedOptional()),
            new Row("Success(", ANYTHING, ")", printedOptional()),
            new Row("Just \"", ANYTHING, "\"", printedOptional()),
            new Row("('", NO_QUOTE, "',)", "is a printed Python tuple: set the value inside it"),
            new Row("{'", Pattern.compile("(?s)[^']*': .*"), "}", "is a printed Python dictionary: set it as JSON"),
            new Row(
                    "{",
                    Pattern.compile("(?s)(\\s|\\\\n)*+\\\\\".*"),
                    "}",
                    "is a JSON text with \\ before its quotes: remove each \\ before a quote"),
            new Row("{", WITH_A_PASSWORD, "}", "is a whole secret as JSON: set only the password in it")
                    .unlessNamed(NO_NAME_OF_A_PASSWORD),
            new Row("{", ANYTHING, "},", "has a comma after its JSON text: remove the comma"),
            new Row("{", NOTHING, "", firstLineOfJson()),
            new Row("[", NOTHING, "", firstLineOfJson()),
            new Row("[{", NOTHING, "", firstLineOfJson()),
            new Row("{", Pattern.compile("(?s)\\s*+\"[\\w.-]*+\"\\s*+:.*[^}\\s]"), "", firstLineOfJson()),
            new Row(
                    "version https://git-lfs.github.com/spec/v",
                    ANYTHING,
                    "",
                    "is a Git LFS pointer instead of the file: fetch the file with git lfs pull"),
            new Row(
                    "{\"errors\":[",
                    TEXTS_OF_JSON,
                    "]}",
                    "is an error that Vault answered instead of the value: allow the service to read it"),
            toolError("Error from server ("), // kubectl's
            toolError("An error occurred ("), // AWS's
            toolError("ERROR: (gcloud"),
            toolError("[ERROR] "), // 1Password's
            toolError("No value found at "), // Vault's
            toolError("Traceback (most recent call last)"),
            toolError("jq: error"),
            toolError("404 page not found"),
            toolError("[command]/"), // the wrapper of GitHub's setup-terraform
            toolError("╷"), // Terraform's
            toolError("<!DOCTYPE "),
            toolError("<!doctype "),
            toolError("<html"),
            new Row("bytearray(b'", ANYTHING, "')", printedBytes()),
            new Row("b'", WITH_BACKSLASH, "'", printedBytes()),
            new Row("b\"", WITH_BACKSLASH, "\"", printedBytes()),
            new Row("b'", ANYTHING, "'", pythonLiteral()),
            new Row("b\"", ANYTHING, "\"", pythonLiteral()),
            // Templates and substitutions that nothing replaced.
            unresolved("${", REFERENCES, "}", "${...}", "set the value that it stands for"),
            unresolved("$", UPPER_NAME, "", "$...", "set the value that it stands for"),
            unresolved("${", NAME, "", "${...}", "set the value that it stands for"), // its end was lost
            unresolved("$secret{", NO_BRACE, "}", "$secret{...}", "let WSO2's secure vault resolve it"),
            unresolved("$", LONG_NAME, "$", "$...$", "set the value that it stands for"),
            unresolved("$$", LONG_NAME, "$$", "$...$", "set the value that it stands for"),
            unresolved("#", LONG_NAME, "#", "#...#", "let the pipeline's token task replace it"),
            unresolved("##", LONG_NAME, "##", "#...#", "let the pipeline's token task replace it"),
            unresolved("!", LONG_NAME, "!", "!...!", "set the value that it stands for"),
            unresolved("\\$", UPPER_NAME, "", "\\$...", "set the value that it stands for"),
            unresolved("$env:", NAME, "", "$env:...", "set the value that it stands for"),
            unresolved("$Env:", NAME, "", "$env:...", "set the value that it stands for"),
            unresolved("$env.", NAME, "", "$env.X", "set the value that it stands for"),
            unresolved("$$", UPPER_NAME, "", "$$...", "set the value that it stands for"),
            unresolved("$${", NO_BRACE, "}", "$${...}", "set the value that it stands for"),
            unresolved("${CREDENTIALS_DIRECTORY}/", FILE_NAME, "", "${CREDENTIALS_DIRECTORY}/...", systemd())
                    .unlessNamed(NAME_OF_A_PATH),
            unresolved("%d/", FILE_NAME, "", "%d/...", systemd()).unlessNamed(NAME_OF_A_PATH),
            unresolved("\\${", NO_BRACE, "}", "\\${...}", "set the value that it stands for"),
            unresolved("{$", TOKEN_NAME, "}", "{$...}", "set the value that it stands for"),
            unresolved("{env.", NAME, "}", "{env.X}", "set the value that it stands for"),
            unresolved("%{", FUNCTION_OF_HIERA, "}", "%{...}", "let Hiera resolve it"),
            unresolved("[[", NAME_OF_A_TEMPLATE, "]]", "[[...]]", "let the template engine render it"),
            unresolved("<+", IN_ANGLES, ">", "<+...>", "let the pipeline replace it"),
            unresolved("credentialsJSON:", NO_SPACE, "", "credentialsJSON:...", "let the pipeline replace it"),
            unresolved("credentials('", ANYTHING, "')", "credentials(...)", "let the pipeline replace it"),
            unresolved("[", FUNCTION_OF_ARM, "]", "[parameters(...)]", "let the deployment's template resolve it"),
            unresolved("$[[", ANYTHING, "]]", "$[[...]]", "let the pipeline replace it"),
            unresolved("$[", PIPELINE_VARIABLE, "]", "$[...]", "let the pipeline replace it"),
            unresolved("$(", COMMAND, ")", "$(...)", "define what it names where it is used"),
            unresolved(
                    "`",
                    Pattern.compile("[^`]+"),
                    "`",
                    "a command in backquotes",
                    "run the command and set its output"),
            unresolved("%env(", NO_PARENTHESIS, ")%", "%env(...)%", "let Symfony resolve it"),
            unresolved("env(", NO_PARENTHESIS, ")", "env(...)", "set the value that it stands for"),
            unresolved("env:", NAME, "", "env:...", "set the value that it stands for"),
            unresolved("env://", NAME, "", "env://...", "set the value that it stands for"),
            unresolved("{env:", NO_BRACE, "}", "{env:...}", "set the value that it stands for"),
            unresolved("%", NAME, "%", "%...%", "set the value that it stands for"),
            unresolved("%%", NAME, "%%", "%%...%%", "set the value that it stands for"),
            unresolved("%(", NAME, ")s", "%(...)s", "set the value that it stands for"),
            unresolved("@", NAME, "@", "@...@", "let the build's resource filtering replace it"),
            unresolved("@@", NAME, "@@", "@...@", "let the build's resource filtering replace it"),
            unresolved("{{", EXPRESSIONS, "}}", "{{...}}", "let the template engine render it"),
            unresolved("{{{", NO_BRACE, "}}}", "{{...}}", "let the template engine render it"),
            unresolved("{!!", ANYTHING, "!!}", "{!!...!!}", "let the template engine render it"),
            unresolved("<?", ANYTHING, "?>", "<?...?>", "let the template engine render it"),
            unresolved("{%", ANYTHING, "%}", "{%...%}", "let the template engine render it"),
            unresolved("<%", ANYTHING, "%>", "<%...%>", "let the template engine render it"),
            unresolved("={{", EXPRESSIONS, "}}", "={{...}}", "let the template engine render it"),
            unresolved("<<", SPACED_NAME, ">>", "<<...>>", "let the pipeline replace it"),
            unresolved("<path:", IN_ANGLES, ">", "<path:...>", "let the Argo CD Vault Plugin replace it"),
            unresolved("#{", NO_BRACE, "}", "#{...}", "set the value that it stands for"),
            unresolved("#{", NO_BRACE, "}#", "#{...}#", "let the pipeline's token task replace it"),
            unresolved("__", TOKEN_NAME, "__", "__...__", "let the pipeline's token task replace it"),
            unresolved("((", NO_PARENTHESIS, "))", "((...))", "let the pipeline's credential manager resolve it"),
            unresolved("$__file{", NO_BRACE, "}", "$__file{...}", "set " + FILE_OF_ANY_NAME + " to the path instead"),
            unresolved("$__env{", NO_BRACE, "}", "$__env{...}", "set the value that it stands for"),
            unresolved("$__vault{", NO_BRACE, "}", "$__vault{...}", "fetch the value from Vault"),
            unresolved("$ENV{", NO_BRACE, "}", "$ENV{...}", "set the value that it stands for"),
            unresolved("process.env.", NAME, "!", "process.env.X!", "set the value that it stands for"),
            unresolved("process.env.", NAME_IN_CODE, "", "process.env.X", "set the value that it stands for"),
            unresolved("process.env?.", NAME_IN_CODE, "", "process.env.X", "set the value that it stands for"),
            unresolved("process.env[", ANYTHING, "]", "process.env[...]", "set the value that it stands for"),
            unresolved("import.meta.env.", NAME_IN_CODE, "", "import.meta.env.X", "set the value that it stands for"),
            unresolved("Bun.env.", NAME_IN_CODE, "", "Bun.env.X", "set the value that it stands for"),
            unresolved("secrets.", UPPER_NAME, "", "secrets.X", "let the pipeline replace it"),
            code("Deno.env.get("),
            code("os.environ.get("),
            code("os.getenv("),
            code("os.Getenv("),
            code("getenv("),
            code("ENV.fetch("),
            code("System.getenv("),
            code("System.getProperty("),
            code("System.get_env("),
            code("Environment.GetEnvironmentVariable("),
            code("std::env::var("),
            code("env!("),
            code("os.environ[", "]"),
            code("ENV[", "]"),
            code("$_ENV[", "]"),
            code("$_SERVER[", "]"),
            unresolved("!Ref ", NO_SPACE, "", "!Ref ...", "let CloudFormation resolve it"),
            unresolved("!GetAtt ", NO_SPACE, "", "!GetAtt ...", "let CloudFormation resolve it"),
            unresolved("!Sub ", ANYTHING, "", "!Sub ...", "let CloudFormation resolve it"),
            unresolved("!Join ", ANYTHING, "", "!Join ...", "let CloudFormation resolve it"),
            unresolved("!If ", ANYTHING, "", "!If ...", "let CloudFormation resolve it"),
            unresolved("!ImportValue ", ANYTHING, "", "!ImportValue ...", "let CloudFormation resolve it"),
            unresolved("!Select ", ANYTHING, "", "!Select ...", "let CloudFormation resolve it"),
            unresolved("!Split ", ANYTHING, "", "!Split ...", "let CloudFormation resolve it"),
            unresolved("!FindInMap ", ANYTHING, "", "!FindInMap ...", "let CloudFormation resolve it"),
            unresolved("!Base64 ", ANYTHING, "", "!Base64 ...", "let CloudFormation resolve it"),
            unresolved("!secret ", NO_SPACE, "", "!secret ...", "set the value that it stands for"),
            unresolved("!ENV ", ANYTHING, "", "!ENV ...", "set the value that it stands for"),
            unresolved("!env ", NO_SPACE, "", "!env ...", "set the value that it stands for"),
            unresolved("!include ", NO_SPACE, "", "!include ...", "set the value that it stands for"),
            unresolved("!file ", NO_SPACE, "", "!file ...", "set the value that it stands for"),
            unresolved("!!binary ", NO_SPACE, "", "!!binary ...", "let a reader of YAML decode it"),
            unresolved("!env_var ", ANYTHING, "", "!env_var ...", "set the value that it stands for"),
            unresolved("!reference ", ANYTHING, "", "!reference ...", "let the pipeline replace it"),
            unresolved("!var ", NO_SPACE, "", "!var ...", "start the service through summon"),
            // Addresses in a store of secrets that nothing fetched.
            encrypted(
                    "vault:v",
                    Pattern.compile("[0-9]+:\\S+"),
                    "",
                    "vault:v1:...",
                    "let Vault's Transit engine decrypt it"),
            address("vault:", NO_SPACE, "", "vault:...", "start the service through vault-env"),
            address("bao:", Pattern.compile("\\S+#\\S+"), "", "bao:...", "start the service through vault-env"),
            address("VAULT::", OF_A_VAULT, "", "VAULT::...", "let JBoss resolve it"),
            address(">>vault:", NO_SPACE, "", ">>vault:...", "start the service through vault-env"),
            address("akeyless:", NO_SPACE, "", "akeyless:...", "let Akeyless inject the value"),
            address("hashivault://", NO_SPACE, "", "hashivault://...", "fetch the value from Vault"),
            address("op://", ANYTHING, "", "op://...", "start the service through op run"),
            address("ref+", Pattern.compile("[a-z0-9]+://\\S+"), "", "ref+...", "render it with vals"),
            address("secretref+", Pattern.compile("[a-z0-9]+://\\S+"), "", "secretref+...", "render it with vals"),
            address("@Microsoft.KeyVault(", ANYTHING, ")", "@Microsoft.KeyVault(...)", keyVault()),
            address("@Microsoft.AppConfiguration(", ANYTHING, ")", "@Microsoft.AppConfiguration(...)", keyVault()),
            address("keyvault://", NO_SPACE, "", "keyvault://...", "fetch the value from Key Vault"),
            address("azure-keyvault://", NO_SPACE, "", "azure-keyvault://...", "fetch the value from Key Vault"),
            unresolved("https://", KEY_VAULT, "", "https://...vault.azure.net/...", "fetch the value from Key Vault")
                    .with(".vault.")
                    .unlessNamed(NAME_OF_A_URL),
            address("akv://", NO_SPACE, "", "akv://...", "fetch the value from Key Vault"),
            address("azurekeyvault://", NO_SPACE, "", "azurekeyvault://...", "fetch the value from Key Vault"),
            address("azurekms://", NO_SPACE, "", "azurekms://...", "fetch the value from Key Vault"),
            address("secretref:", NO_SPACE, "", "secretref:...", "declare that secret in the container app"),
            unresolved("arn:aws", SECRET_ARN, "", "arn:aws:secretsmanager:...", "let the task's secrets fetch it")
                    .unlessNamed(NAME_OF_AN_ARN),
            address("awssm://", NO_SPACE, "", "awssm://...", "fetch the value from Secrets Manager"),
            address("awsssm://", NO_SPACE, "", "awsssm://...", "fetch the value from Parameter Store"),
            address("aws-sm://", NO_SPACE, "", "aws-sm://...", secretsManager()),
            address("awssecretsmanager://", NO_SPACE, "", "awssecretsmanager://...", secretsManager()),
            address("aws-ssm://", NO_SPACE, "", "aws-ssm://...", "fetch the value from Parameter Store"),
            address("ssm://", NO_SPACE, "", "ssm://...", "fetch the value from Parameter Store"),
            address("ssm:/", NO_SPACE, "", "ssm:/...", "fetch the value from Parameter Store"),
            address("aws-secretsmanager://", NO_SPACE, "", "aws-secretsmanager://...", secretsManager()),
            address("secretsmanager://", NO_SPACE, "", "secretsmanager://...", secretsManager()),
            address("awsparamstore://", NO_SPACE, "", "awsparamstore://...", "fetch the value from Parameter Store"),
            address("aws-secretsmanager:/", NO_SPACE, "", "aws-secretsmanager:/...", secretsManager()),
            address(
                    "aws-parameterstore:/",
                    NO_SPACE,
                    "",
                    "aws-parameterstore:/...",
                    "fetch the value from Parameter Store"),
            unresolved("projects/", SECRET_PATH, "", "projects/.../secrets/...", secretManager())
                    .unlessNamed(NAME_OF_A_RESOURCE),
            address("sm@", Pattern.compile("[^/\\s]+/\\S+"), "", "sm@...", secretManager()),
            unresolved(
                            "ocid1.vaultsecret.",
                            NO_SPACE,
                            "",
                            "ocid1.vaultsecret...",
                            "fetch the value from Oracle Cloud's vault")
                    .unlessNamed(NAME_OF_AN_ARN),
            unresolved(
                            "crn:v1:",
                            Pattern.compile("\\S+:secrets-manager:\\S+"),
                            "",
                            "crn:v1:...",
                            "fetch the value from IBM Cloud's Secrets Manager")
                    .unlessNamed(NAME_OF_AN_ARN),
            unresolved("{\"credhub-ref\"", ANYTHING, "}", "credhub-ref", "let the platform's CredHub resolve it"),
            address("gcp-secret://", NO_SPACE, "", "gcp-secret://...", "let Secret Manager mount the value"),
            address("gcpsecretmanager://", NO_SPACE, "", "gcpsecretmanager://...", secretManager()),
            address("gcp:secretmanager:", NO_SPACE, "", "gcp:secretmanager:...", secretManager()),
            address("gsm://", NO_SPACE, "", "gsm://...", secretManager()),
            address("conjur://", NO_SPACE, "", "conjur://...", "start the service through summon"),
            address("bitwarden://", NO_SPACE, "", "bitwarden://...", "start the service through bws run"),
            address("1password://", NO_SPACE, "", "1password://...", "start the service through op run"),
            address("berglas://", NO_SPACE, "", "berglas://...", "start the service through berglas exec"),
            address("sm://", NO_SPACE, "", "sm://...", "let Secret Manager mount the value"),
            address("secret://", NO_SPACE, "", "secret://...", "set the value that it stands for"),
            address("doppler://", NO_SPACE, "", "doppler://...", "start the service through doppler run"),
            address("infisical://", NO_SPACE, "", "infisical://...", "start the service through infisical run"),
            address("keeper://", NO_SPACE, "", "keeper://...", "start the service through ksm exec"),
            address("bws://", NO_SPACE, "", "bws://...", "start the service through bws run"),
            address("pass://", ANYTHING, "", "pass://...", "start the service through pass-cli run"),
            // Values that are still encrypted.
            encrypted("ENC(", ANYTHING, ")", "ENC(...)", "let Jasypt decrypt it"),
            encrypted("DEC(", ANYTHING, ")", "DEC(...)", "let Jasypt decrypt it"),
            encrypted("ENC[", ANYTHING, "]", "ENC[...]", "decrypt it with sops, or with the eyaml that wrote it"),
            encrypted("DEC::", ANYTHING, "!", "DEC::...", "decrypt it with eyaml"),
            encrypted("EJ[", ANYTHING, "]", "EJ[...]", "decrypt it with ejson"),
            encrypted("EV[", ANYTHING, "]", "EV[...]", "decrypt it with the tool that wrote it"),
            encrypted("enc{", NO_BRACE, "}", "enc{...}", "decrypt it with the tool that wrote it"),
            encrypted("encrypted:", BASE64, "", "encrypted:...", "start the service through dotenvx run"),
            encrypted(
                    "encrypted:",
                    Pattern.compile("[a-z0-9-]+!\\S+"),
                    "",
                    "encrypted:...!...",
                    "let Spinnaker fetch it"),
            encrypted("encryptedFile:", NO_SPACE, "", "encryptedFile:...", "let Spinnaker fetch it"),
            encrypted(
                    "enc:",
                    Pattern.compile("[a-z.]*v[0-9]+:\\S+"),
                    "",
                    "enc:...",
                    "decrypt it with the tool that wrote it"),
            encrypted("AES:", Pattern.compile("[^:\\s]+:[^:\\s]+"), "", "AES:...", "let GoCD decrypt it"),
            encrypted("BAMSCRT@", NO_SPACE, "", "BAMSCRT@...", "let Bamboo decrypt it"),
            encrypted("{DESede}", NO_SPACE, "", "{DESede}...", "let Artifactory decrypt it"),
            encrypted("{cas-cipher}", NO_SPACE, "", "{cas-cipher}...", "let CAS decrypt it"),
            encrypted("AQICAH", Pattern.compile("[A-Za-z0-9+/=]{100,}"), "", "AQICAH...", "decrypt it with AWS KMS"),
            encrypted("{xor}", ANYTHING, "", "{xor}...", "let Liberty decode it"),
            encrypted("{aes}", NO_SPACE, "", "{aes}...", "let Liberty decrypt it"),
            encrypted("{AES}", NO_SPACE, "", "{AES}...", "let WebLogic decrypt it"),
            encrypted("{AES256}", NO_SPACE, "", "{AES256}...", "let WebLogic decrypt it"),
            encrypted("{3DES}", NO_SPACE, "", "{3DES}...", "let WebLogic decrypt it"),
            encrypted("MASK-", SALTED_MASK, "", "MASK-...", "let WildFly decrypt it"),
            encrypted("OBF:", NO_SPACE, "", "OBF:...", "let Jetty decode it"),
            encrypted("{cipher}", NO_SPACE, "", "{cipher}...", "let Spring Cloud Config decrypt it"),
            encrypted("![", BASE64, "]", "![...]", "let Mule's secure properties decrypt it"),
            encrypted("!vault ", ANYTHING, "", "!vault ...", "decrypt it with ansible-vault"),
            encrypted("$ANSIBLE_VAULT;", ANYTHING, "", "$ANSIBLE_VAULT;...", "decrypt it with ansible-vault"),
            encrypted("{AQAAAB", BASE64, "}", "{AQAAAB...}", "let Jenkins decrypt it"),
            encrypted("U2FsdGVkX1", NO_SPACE, "", "U2FsdGVkX1...", "decrypt it with openssl"),
            encrypted("01000000d08c9ddf", HEX, "", "01000000d08c9ddf...", "decrypt it with Windows DPAPI"),
            encrypted(
                    "76492d1116743f0423413b16050a5345",
                    BASE64,
                    "",
                    "76492d1116743f04...",
                    "decrypt it with ConvertTo-SecureString"),
            encrypted("-----BEGIN AGE ENCRYPTED FILE-----", ANYTHING, "", "an age file", "decrypt it with age"),
            encrypted("age-encryption.org/", ANYTHING, "", "the text of an age file", "decrypt it with age"),
            encrypted("-----BEGIN PGP MESSAGE-----", ANYTHING, "", "a PGP message", "decrypt it with gpg"));

    /** The rows by their first character, so that a value is compared with only a few of them. */
    private static final Map<Character, List<Row>> BY_FIRST_LETTER =
            ROWS.stream().collect(Collectors.groupingBy(row -> row.beginning().charAt(0)));

    private static final String TOOL_ERROR =
            "is an error that a tool printed instead of the value: see why it failed, and set the value";
    private static final String WHOLE_LINE = "is the whole line that sets it: set only the value";
    private static final String QUOTES = "\"'";
    private static final String PRINTED_INSTEAD =
            "is what tools print instead of a value, such as ***: set the value itself";
    private static final String NO_WORD = "is a word for no value, such as undefined or null: set the value";
    private static final String COLOR_CODE = "\u001b[";
    private static final String LINE_BREAK_IN_LETTERS = "\\n";
    private static final String PEM_BEGINNING = "-----BEGIN ";
    private static final String PEM_END = "-----END ";
    private static final String DASHES = "-----";

    private Slip() {}

    private static Row masked(String beginning, Pattern inside, String end) {
        return new Row(beginning, inside, end, PRINTED_INSTEAD);
    }

    private static Row noValue(String beginning, Pattern inside, String end) {
        return new Row(beginning, inside, end, NO_WORD);
    }

    private static Row unresolved(String beginning, Pattern inside, String end, String shape, String whatToDo) {
        return new Row(beginning, inside, end, "is a reference that was not resolved, " + shape + ": " + whatToDo);
    }

    /** The address of a secret in a store. */
    private static Row address(String beginning, Pattern inside, String end, String shape, String whatToDo) {
        return unresolved(beginning, inside, end, shape, whatToDo).unlessNamed(NAME_OF_A_SECRET);
    }

    private static Row encrypted(String beginning, Pattern inside, String end, String shape, String whatToDo) {
        return new Row(beginning, inside, end, "is still encrypted, " + shape + ": " + whatToDo);
    }

    private static Row code(String beginning) {
        return code(beginning, "");
    }

    /** An expression that reads a variable, which nothing has evaluated. */
    private static Row code(String beginning, String end) {
        return unresolved(beginning, ANYTHING, end, "code that reads a variable", "set the value that it stands for");
    }

    private static Row toolError(String beginning) {
        return new Row(beginning, ANYTHING, "", TOOL_ERROR);
    }

    private static String pythonLiteral() {
        return "is a Python literal, b'...': remove the b and the quotes";
    }

    private static String printedBytes() {
        return "is a printed Python bytes object, with escapes: set the text itself";
    }

    private static String printedOptional() {
        return "is a printed optional value: set the value inside it";
    }

    private static String firstLineOfJson() {
        return "is only the first line of a JSON text: set all of its lines, or the text on one line";
    }

    private static String systemd() {
        return "set " + FILE_OF_ANY_NAME + " to the path where systemd resolves it";
    }

    private static String keyVault() {
        return "give the app's identity access to the store";
    }

    private static String secretsManager() {
        return "fetch the value from Secrets Manager";
    }

    private static String secretManager() {
        return "let Secret Manager mount the value";
    }

    /** The reasons of the table, for the documentation. */
    static List<String> reasons() {
        return ROWS.stream().map(Row::reason).distinct().toList();
    }

    /** What a value looks like and what to do about it, in words that follow the name; empty if it looks like a value. */
    static Optional<String> of(String name, String value) {
        if (BEGINNINGS_OF_A_SECRET_FILE.indexOf(value.charAt(0)) >= 0
                && SECRET_FILE.matcher(value).matches()
                && !isNamed(NAME_OF_A_PATH, name)) {
            return Optional.of("is the path of a file: set " + fileName(name) + " to it instead");
        }
        return ofAPem(value).or(() -> ofAnyText(name, value));
    }

    /** The name that the path of a value's file is under; that of a path is one already. */
    private static String fileName(String name) {
        return name.endsWith(FileNameSource.SUFFIX) ? name : name + FileNameSource.SUFFIX;
    }

    /** Whether a name is of this kind, also in camel case: {@code secretArn} as {@code secret_Arn}. */
    private static boolean isNamed(Pattern names, String name) {
        return names.matcher(END_OF_A_WORD.matcher(name).replaceAll("_")).matches();
    }

    /** What a path looks like that names no file, also where it has a part that only a shell replaces. */
    static Optional<String> ofAPath(String name, String path) {
        Optional<String> slip = ofAnyText(name, path);
        if (slip.isEmpty() && SYSTEMD_PATH.matcher(path).matches()) {
            return Optional.of(
                    "is a reference that was not resolved, %d/...: " + systemd().replace(FILE_OF_ANY_NAME, name));
        }
        if (slip.isEmpty() && path.startsWith("file:")) {
            return Optional.of("is a URL: write the path alone");
        }
        if (slip.isEmpty() && (path.startsWith("~") || path.indexOf('$') >= 0)) {
            return Optional.of("has ~ or $ in it, which only a shell replaces: write the whole path");
        }
        return slip;
    }

    private static Optional<String> ofAnyText(String name, String value) {
        if (value.indexOf(COLOR_CODE.charAt(0)) >= 0 && value.contains(COLOR_CODE)) {
            return Optional.of("has a terminal's color code in it: set it without the code");
        }
        Optional<String> edges = atItsEdges(value);
        if (edges.isPresent()) {
            return edges;
        }
        Optional<String> line = ofALine(name, value);
        if (line.isPresent()) {
            return line;
        }
        if (value.length() <= LONGEST_NO_VALUE && NO_VALUE_AT_ALL.matcher(value).matches()) {
            return Optional.of(NO_WORD);
        }
        String inside = Blank.strip(value);
        for (Row row : BY_FIRST_LETTER.getOrDefault(inside.charAt(0), List.of())) {
            if (row.matches(name, inside)) {
                return Optional.of(row.reason().replace(FILE_OF_ANY_NAME, fileName(name)));
            }
        }
        if ((inside.contains("***") || inside.contains("...") || inside.indexOf('…') >= 0 || inside.endsWith(" bytes"))
                && PARTLY_MASKED.matcher(inside).matches()) {
            return Optional.of(PRINTED_INSTEAD);
        }
        if (inside.indexOf('@') > 0 && PRINTED_OBJECT.matcher(inside).matches()) {
            return Optional.of(PRINTED_INSTEAD);
        }
        if ((inside.endsWith("not found") || inside.endsWith("directory") || inside.endsWith("denied"))
                && NOT_FOUND.matcher(inside).matches()) {
            return Optional.of(TOOL_ERROR);
        }
        return ofAUrl(inside);
    }

    /**
     * {@code https://undefined/api}, {@code redis://:password@null:6379}, {@code redis://app:undefined@host}. A null in
     * the place of a user or a password may be meant.
     */
    private static Optional<String> ofAUrl(String url) {
        int start = url.indexOf("://") + 3;
        if (start < 3) {
            return Optional.empty();
        }
        int end = start;
        for (; end < url.length() && "/?#".indexOf(url.charAt(end)) < 0; end++) {
            if (url.charAt(end) == '@') {
                start = end + 1;
            }
        }
        int colon = url.indexOf(':', start);
        int hostEnd = colon >= 0 && colon < end ? colon : end;
        if (hostEnd - start < LONGEST_NO_VALUE
                && NO_VALUE_AT_ALL.matcher(url).region(start, hostEnd).matches()) {
            return Optional.of("has a word for no value as its host, such as undefined or null: set the host");
        }
        return url.startsWith(":undefined@", start - ":undefined@".length())
                ? Optional.of("has a word for no value as its password, undefined: set the password")
                : Optional.empty();
    }

    /** A whole line of an env file, or more of it than the value. */
    private static Optional<String> ofALine(String name, String value) {
        int at = 0;
        if (MAY_BE_BEFORE_A_NAME.indexOf(value.charAt(0)) >= 0) {
            Matcher before = BEFORE_A_NAME.matcher(value);
            at = before.lookingAt() ? before.end() : 0;
        }
        if (isSetx(value, name) || isAnObjectOfOne(value, name) || isAnElement(value, name)) {
            return Optional.of(WHOLE_LINE);
        }
        if (value.equals(name) && WORD_BREAK.matcher(name).find()) {
            return Optional.of("is its own name: set the value");
        }
        if (isNameAt(value, at, name) && goesOnAfterAName(value, at, name)) {
            return Optional.of(
                    at == 0 && value.startsWith("=", name.length())
                            ? "begins with its own name and =: remove them"
                            : WHOLE_LINE);
        }
        if ("#/<".indexOf(value.charAt(0)) >= 0 && COMMENT.matcher(value).matches()) {
            return Optional.of("is a comment: set the value");
        }
        boolean mayHaveAComment = value.indexOf('#') > 0 || value.indexOf("//") > 0;
        return mayHaveAComment
                        && hasWhiteSpace(value)
                        && WITH_A_COMMENT.matcher(value).matches()
                ? Optional.of("has a comment after it: write the comment on a line of its own")
                : Optional.empty();
    }

    private static boolean hasWhiteSpace(String value) {
        for (int i = 0; i < value.length(); i++) {
            if (Character.isWhitespace(value.charAt(i))) {
                return true;
            }
        }
        return false;
    }

    /** {@code setx NAME abc}, as Windows sets a variable. */
    private static boolean isSetx(String value, String name) {
        if (MAY_BE_SETX.indexOf(value.charAt(0)) < 0) {
            return false;
        }
        Matcher setx = SETX.matcher(value);
        return setx.lookingAt()
                && value.regionMatches(true, setx.end(), name, 0, name.length())
                && value.startsWith(" ", setx.end() + name.length());
    }

    /** {@code <NAME>abc</NAME>}. */
    private static boolean isAnElement(String value, String name) {
        return value.charAt(0) == '<' && value.startsWith("<" + name + ">") && value.endsWith("</" + name + ">");
    }

    /** <code>{"NAME":"abc"}</code>, as stores of secrets show a single one, or <code>{NAME=abc}</code>, as Java does. */
    private static boolean isAnObjectOfOne(String value, String name) {
        if (value.charAt(0) != '{' || !value.endsWith("}")) {
            return false;
        }
        Matcher member = ONE_MEMBER.matcher(value);
        return member.matches()
                && (WORD_BREAK.matcher(name).find()
                        ? member.group(2).equalsIgnoreCase(name)
                        : member.group(2).equals(name));
    }

    /** Whether a text has a name at a place, in any case and with any separators. */
    private static boolean isNameAt(String text, int at, String name) {
        if (text.length() < at + name.length()) {
            return false;
        }
        for (int i = 0; i < name.length(); i++) {
            char c = text.charAt(at + i);
            boolean isSeparator = SEPARATORS.indexOf(name.charAt(i)) >= 0 && SEPARATORS.indexOf(c) >= 0;
            if (!isSeparator && Character.toUpperCase(c) != Character.toUpperCase(name.charAt(i))) {
                return false;
            }
        }
        return true;
    }

    private static boolean goesOnAfterAName(String value, int at, String name) {
        boolean severalWords = WORD_BREAK.matcher(name).find();
        return (severalWords || value.startsWith(name, at))
                && (severalWords ? AFTER_SEVERAL_WORDS : AFTER_A_NAME)
                        .matcher(value)
                        .region(at + name.length(), value.length())
                        .lookingAt();
    }

    private static Optional<String> atItsEdges(String value) {
        String inside = Blank.strip(value);
        if (inside.length() < value.length() && !ignoresWhiteSpace(inside)) {
            char end = value.charAt(value.length() - 1);
            return Optional.of("has white space at its edges"
                    + (end == '\n' || end == '\r' ? " (a line break at its end)" : "") + ": remove it");
        }
        if (!Character.isLetterOrDigit(inside.charAt(0))
                && QUOTED.matcher(inside).matches()) {
            return Optional.of("has literal quotes around it: remove them");
        }
        if ("aA;".indexOf(inside.charAt(inside.length() - 1)) >= 0
                && ENCODED_LINE_BREAK.matcher(inside).matches()) {
            return Optional.of("has an encoded line break, such as %0A, at its end: remove it");
        }
        return inside.endsWith(LINE_BREAK_IN_LETTERS)
                ? Optional.of("has a line break in letters, \\n, at its end: remove it")
                : Optional.empty();
    }

    /** White space around a PEM or a JSON object is accepted, because their readers skip it. */
    private static boolean ignoresWhiteSpace(String inside) {
        return (inside.startsWith(PEM_BEGINNING) && inside.endsWith(DASHES))
                || (inside.startsWith("{") && inside.endsWith("}") && inside.indexOf('"') > 0);
    }

    private static Optional<String> ofAPem(String value) {
        String pem = Blank.strip(value);
        int beginning = pem.indexOf(PEM_BEGINNING);
        boolean afterAQuote = beginning == 1 && QUOTES.indexOf(pem.charAt(0)) >= 0;
        if (beginning < 0 && pem.endsWith(DASHES) && pem.contains(PEM_END)) {
            return Optional.of("is a PEM without its beginning: set all of its lines");
        }
        if (beginning != 0 && !afterAQuote) {
            return Optional.empty();
        }
        if (pem.contains(LINE_BREAK_IN_LETTERS) || pem.contains("\\r")) {
            return Optional.of("is a PEM with \\n in letters: write real line breaks");
        }
        int end = pem.lastIndexOf(PEM_END);
        if (end < pem.lastIndexOf(PEM_BEGINNING) || pem.indexOf(DASHES, end + PEM_END.length()) < 0) {
            return Optional.of("is a PEM without its end: set all of its lines");
        }
        if (pem.indexOf('\n') < 0) {
            return Optional.of("is a PEM without its line breaks: set it with them");
        }
        return afterAQuote && !QUOTED.matcher(pem).matches()
                ? Optional.of("is a PEM with a quote before it: remove the quote")
                : Optional.empty();
    }
}
