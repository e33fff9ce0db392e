package dev.hardening.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SlipTest {

    private static final Setting<Secret> X = Setting.secret("X");

    private static List<String> reasons(Setting<?> setting, String value) {
        return SecretValidator.of(setting).check(SecretSource.of(Map.of(setting.name(), value))).problems().stream()
                .map(Problem::reason)
                .toList();
    }

    @Nested
    class ARealSecret {

        @Test
        void ofAnyMakerPassesUntouched() {
            Map<String, List<String>> secrets = Makers.secrets();
            assertThat(secrets).hasSizeGreaterThan(20);
            assertThat(secrets.values().stream().mapToInt(List::size).sum()).isGreaterThan(200);
            secrets.forEach((maker, some) -> some.forEach(secret -> {
                assertThat(reasons(X, secret)).as(maker).isEmpty();
                assertThat(SecretValidator.of(X)
                                .validate(SecretSource.of(Map.of("X", secret)))
                                .get(X)
                                .reveal())
                        .isEqualTo(secret);
            }));
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "changeme",
                    "none",
                    "TODO",
                    "nullify",
                    "it's",
                    "'tis",
                    "\"a",
                    "a\"",
                    "\"",
                    "''a",
                    "a b",
                    "a${X}b",
                    "${X}a${Y}b",
                    "$ABC",
                    "$Password",
                    "pass#word",
                    "#abc",
                    "pass #word",
                    "two words # three",
                    "a\\nb\\",
                    "X:abc",
                    "export Y=1",
                    "nullable",
                    "nones",
                    "[C@x]",
                    "env:a b",
                    "https://x.vault.azure.net/keys/x",
                    "encrypted: no",
                    "Optional",
                    "%20",
                    "a@b.c",
                    "@x",
                    "{\"a\":1}",
                    "{}",
                    "$2b$10$abcdefghijklmnopqrstuv",
                    "arn:aws:iam::1:role/app",
                    "projects/x",
                    "vault",
                    "ENCORE(",
                    "sm@rt-and-long",
                    "a\\nb",
                    "#{",
                    "__init__",
                    "**",
                    "[redacted] not",
                    "b'a",
                    "***ab",
                    "*******abcd",
                    "********abcde",
                    "/run/secrets",
                    "/etc/passwd",
                    "${a{b}c{d}}",
                    "X",
                    "Y=1",
                    "x=abc",
                    "{a",
                    "[]",
                    "{\"errors\":[1]}",
                    "{\"errors\":[\"a\"],\"key\":\"b\"}",
                    "Optional[",
                    "redacted",
                    "System.Object",
                    "MASK-abc",
                    "MASK-abc;def",
                    "VAULT::abc",
                    "$[abc]",
                    "$[variables]",
                    "%d",
                    "%d/a b",
                    "/secrets",
                    "/run/agenix",
                    "C:\\secrets\\x",
                    "version https://x",
                    "{{a}b}}",
                    "[unset",
                    "**a**",
                    "<<a b>>",
                    "%%a b%%",
                    "$(a)b(c)",
                    "-- X",
                    "-Xabc",
                    "declare X",
                    "process.env",
                    "a\u001bb",
                    "https://undefined.example/",
                    "https://x/null",
                    "redis://null:null@x",
                    "{QWxhZGRpbjpvcGVuIHNlc2FtZQ==}",
                    "%{abc}",
                    "{$x}",
                    "[[a b]]",
                    "[[1]]",
                    "U2FsdGVk",
                    "01000000d0",
                    "•••12345",
                    "{\"Y\":\"abc\"}",
                    "{\"X\":\"abc\",\"Y\":\"abc\"}",
                    "setx Y abc",
                    "setxX abc",
                    "('abc','def')",
                    "credentials(x)",
                    "!Important! text",
                    "$'abc",
                    "/var/secret/x",
                    "-----BEGIN PKCS7-----\nabc\n-----END PKCS7-----",
                    "xxxxxxxx",
                    "xxxxabcde",
                    "0xc0ffee",
                    "0xc00000000000",
                    "//registry.npmjs.org/:_authToken=abc",
                    "a//b",
                    "sk-abc...",
                    "a.b@cafe.example",
                    "$abc$def$",
                    "!abc!",
                    "#abc#",
                    "aes:abc",
                    "sm@",
                    "bao:abc",
                    "getenv",
                    "{a}",
                    "{\"a\":[1]}",
                    "12 apples",
                    "a-b: not quite found",
                    "getting started",
                    "AQICAHshort",
                    "secrets.example",
                    "Ok then",
                    "abc0A",
                    "Apikey=abc",
                    "-----END",
                    "api_key",
                    "user@Example.com@1",
                    "name: abc",
                    "var.x"
                })
        void isNotTakenForASlip(String value) {
            assertThat(reasons(X, value)).isEmpty();
        }

        /** Such as the path that EKS sets, or an ARN that the code itself asks for. */
        @ParameterizedTest
        @CsvSource({
            "AWS_WEB_IDENTITY_TOKEN_FILE, /var/run/secrets/eks.amazonaws.com/serviceaccount/token",
            "AZURE_FEDERATED_TOKEN_FILE, /var/run/secrets/azure/tokens/azure-identity-token",
            "GOOGLE_APPLICATION_CREDENTIALS, /var/run/secrets/x.json",
            "KAFKA_KEYSTORE_LOCATION, /run/secrets/keystore.p12",
            "server.ssl.key-path, /run/secrets/tls.key",
            "KUBECONFIG, /run/secrets/config",
            "TRUSTSTORE, /run/secrets/x.p12",
            "KEYSTORE, /run/secrets/x.p12",
            "SSL_KEY_STORE, /run/secrets/x.p12",
            "trustStore, /run/secrets/x.p12",
            "PGSSLROOTCERT, /run/secrets/ca.pem",
            "NODE_EXTRA_CA_CERTS, /run/secrets/ca.pem",
            "CLIENT_CERTIFICATE, /run/secrets/tls.crt",
            "CA_BUNDLE, /run/secrets/ca.pem",
            "MYSQL_SSL_CA, /run/secrets/ca.pem",
            "sslCa, /run/secrets/ca.pem",
            "GPG_KEYRING, /run/secrets/keys.gpg",
            "SSL_CERT, /run/secrets/tls.crt",
            "AGENT_SOCKET, /run/secrets/agent.sock",
            "GNUPGHOME, /run/secrets/gnupg",
            "SECRETS_DIR, /run/secrets/app",
            "SECRETS_DIRECTORY, /run/credentials/app.service",
            "DB_SECRET_ARN, arn:aws:secretsmanager:eu-west-1:1:secret:x",
            "DB_SECRET_ARNS, arn:aws:secretsmanager:eu-west-1:1:secret:x",
            "secretArn, arn:aws:secretsmanager:eu-west-1:1:secret:x",
            "SECRET_REF, arn:aws:secretsmanager:eu-west-1:1:secret:x",
            "dbSecretId, arn:aws:secretsmanager:eu-west-1:1:secret:x",
            "DB_SECRET_ID, arn:aws:secretsmanager:eu-west-1:1:secret:x",
            "DB_SECRET_NAME, projects/p/secrets/s",
            "DB_SECRET_RESOURCE, projects/p/secrets/s",
            "DB_SECRET_ID, projects/p/secrets/s",
            "DB_SECRET_VERSION, projects/p/secrets/s/versions/latest",
            "vaultSecretUri, https://x.vault.azure.net/secrets/x",
            "VAULT_SECRET_URI, https://x.vault.azure.net/secrets/x",
            "SECRET_REF, projects/p/secrets/s",
            "SECRET_REF, https://x.vault.azure.net/secrets/x",
            "SECRET_REF, vault:secret/data/x#key",
            "OP_SECRET_REF, op://vault/item/field",
            "DB_SECRET_NAME, https://x.vault.azure.net/secrets/x",
            "DB_SECRET_PATH, projects/p/secrets/s",
            "DB_SECRET_IDS, projects/p/secrets/s",
            "dbSecretName, gsm://p/s",
            "KAFKA_KEYTAB, /run/secrets/x.keytab",
            "SSH_AUTH_SOCK, /run/secrets/agent.sock",
            "DOCKER_SOCK, /run/secrets/docker.sock",
            "PGSSLKEY, /run/secrets/tls.key",
            "VAULT_CLIENT_KEY, /run/secrets/tls.key",
            "GIT_SSL_KEY, /run/secrets/tls.key",
            "TNS_ADMIN, /run/secrets/oracle",
            "ORACLE_WALLET, /run/secrets/wallet",
            "SECRETS_FOLDER, /run/secrets/app",
            "KEY_FILENAME, /run/secrets/tls.key",
            "KEY_FILES, /run/secrets/tls.key",
            "KEY_PATHS, /run/secrets/tls.key",
            "TLS_CRT, /run/secrets/tls.crt",
            "DB_SECRET_OCID, ocid1.vaultsecret.oc1..aaaa",
            "DB_SECRET_CRN, crn:v1:bluemix:public:secrets-manager:x:secret:y",
            "DB_SECRET_NAME, sm@p/x"
        })
        void mayBeWhatItsNameSays(String name, String value) {
            assertThat(reasons(Setting.secret(name), value)).isEmpty();
            assertThat(reasons(X, value)).hasSize(1);
        }

        @ParameterizedTest
        @ValueSource(strings = {"API_KEY", "LEARN", "AFRICA", "PASSWORD", "CONFIG_KEY", "TLS_KEY", "CLIENT_SECRET"})
        void isNoPathUnderAnyOtherName(String name) {
            assertThat(reasons(Setting.secret(name), "/run/secrets/x")).hasSize(1);
            assertThat(reasons(Setting.secret(name), "arn:aws:secretsmanager:x:1:secret:x"))
                    .hasSize(1);
        }

        @Test
        void mayHaveWhiteSpaceAroundAPemOrAJsonObject() {
            assertThat(reasons(X, "-----BEGIN KEY-----\nabc\n-----END KEY-----\n\n"))
                    .isEmpty();
            assertThat(reasons(X, " {\"a\":\"b\"}\r\n")).isEmpty();
        }
    }

    @Nested
    class ASlip {

        private void assertSlip(String value, String reason) {
            assertThat(reasons(X, value)).containsExactly(reason);
            assertThat(reasons(X.verbatim(), value)).isEmpty();
            assertThat(reasons(Setting.text("X"), value)).isEmpty();
        }

        @ParameterizedTest
        @ValueSource(
                strings = {" abc", "abc ", "\tabc", "abc\u00a0", "\u200babc", "\ufeffabc", "abc\n ", " ' ' ", "# "})
        void ofWhiteSpaceSaysToRemoveIt(String value) {
            assertSlip(value, "has white space at its edges: remove it");
        }

        @ParameterizedTest
        @ValueSource(strings = {"abc\n", "abc\r\n", "abc\r", "\nabc\n", "\"abc\"\n", "{x\n"})
        void ofALineBreakAtTheEndNamesIt(String value) {
            assertSlip(value, "has white space at its edges (a line break at its end): remove it");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "\"abc\"",
                    "'abc'",
                    "\"\"",
                    "''",
                    "\"a\"b\"",
                    "\"a\nb\"",
                    "\\\"abc\\\"",
                    "\\\"\\\"",
                    "“abc”",
                    "«abc»",
                    "'${X}'",
                    "\"abc\",",
                    "'abc';",
                    "$'abc'",
                    "&quot;abc&quot;",
                    "\\'abc\\'",
                    "&#39;abc&#39;",
                    "%22abc%22",
                    "=\"abc\"",
                    "@\"abc\"",
                    "```abc```",
                    "\\u0022abc\\u0022",
                    "‹abc›"
                })
        void ofQuotesSaysToRemoveThem(String value) {
            assertSlip(value, "has literal quotes around it: remove them");
        }

        @Test
        void ofAPemSaysWhatBecameOfItsLines() {
            assertSlip(
                    "-----BEGIN KEY-----\\nabc\\n-----END KEY-----\\n",
                    "is a PEM with \\n in letters: write real line breaks");
            assertSlip(
                    "-----BEGIN KEY-----\\r\\nabc\\r\\n-----END KEY-----",
                    "is a PEM with \\n in letters: write real line breaks");
            assertSlip(
                    "-----BEGIN KEY----- abc -----END KEY-----", "is a PEM without its line breaks: set it with them");
            assertSlip("-----BEGIN KEY-----", "is a PEM without its end: set all of its lines");
            assertSlip("-----BEGIN KEY-----\nabc", "is a PEM without its end: set all of its lines");
            assertSlip("-----BEGIN KEY-----\nabc\n", "is a PEM without its end: set all of its lines");
            assertSlip(
                    "-----BEGIN KEY-----\nabc\n-----END KEY-----\n-----BEGIN KEY-----\nabc",
                    "is a PEM without its end: set all of its lines");
            assertSlip("\"-----BEGIN KEY-----", "is a PEM without its end: set all of its lines");
            assertSlip("-----BEGIN KEY-----\nabc\n-----END KEY", "is a PEM without its end: set all of its lines");
            assertSlip("-----BEGIN KEY-----\nabc\n-----END KEY---", "is a PEM without its end: set all of its lines");
            assertSlip(
                    "'-----BEGIN KEY-----\nabc\n-----END KEY-----",
                    "is a PEM with a quote before it: remove the quote");
            assertSlip(
                    "\n-----BEGIN KEY-----\\nabc\\n-----END KEY-----",
                    "is a PEM with \\n in letters: write real line breaks");
            assertSlip(
                    " -----BEGIN KEY----- abc -----END KEY-----", "is a PEM without its line breaks: set it with them");
        }

        @ParameterizedTest
        @ValueSource(strings = {"-----END KEY-----", "abc\n-----END KEY-----"})
        void ofTheEndOfAPemSaysToSetAllOfIt(String value) {
            assertSlip(value, "is a PEM without its beginning: set all of its lines");
        }

        @Test
        void ofItsOwnNameSaysToRemoveIt() {
            assertSlip("X=abc", "begins with its own name and =: remove them");
        }

        @Test
        void ofItsOwnNameInAnyCaseNeedsSeveralWords() {
            Setting<Secret> key = Setting.secret("MY_KEY");
            for (String value : List.of("MY_KEY=abc", "my_key=abc", "My_Key=abc", "my.key=abc")) {
                assertThat(reasons(key, value)).containsExactly("begins with its own name and =: remove them");
            }
            for (String value : List.of(
                    "MY_KEY:abc",
                    "my_key: abc",
                    "export my_key=abc",
                    "MY_KEY =abc",
                    "-Dmy.key=abc",
                    "--my-key=abc",
                    "{\"my_key\":\"abc\"}",
                    "{my_key=abc}")) {
                assertThat(reasons(key, value)).containsExactly("is the whole line that sets it: set only the value");
            }
            assertThat(reasons(key, "MY_KEYS=abc")).isEmpty();
            assertThat(reasons(Setting.secret("SERVER"), "Server=tcp:x,1433;Password=abc"))
                    .isEmpty();
            assertThat(reasons(Setting.secret("ADMIN"), "ADMIN:abc")).isEmpty();
            assertThat(reasons(Setting.secret("_X"), "_x:abc")).isEmpty();
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "X = abc",
                    "X: abc",
                    "export X=abc",
                    "set X=abc",
                    "-e X=abc",
                    "--env X=abc",
                    "declare -x X=\"abc\"",
                    "declare X=abc",
                    "ENV X=abc",
                    "ARG X=abc",
                    "env X=abc",
                    "$env:X = \"abc\"",
                    "$X = abc",
                    "- X=abc",
                    "-DX=abc",
                    "--X=abc",
                    "Environment=X=abc",
                    "Environment=\"X=abc\"",
                    "--env=X=abc",
                    "setx X abc",
                    "SETX  X \"abc\"",
                    "set \"X=abc\"",
                    "-e \"X=abc\"",
                    "- \"X=abc\"",
                    "export  X=abc",
                    "$Env:X='abc'",
                    "{\"X\":\"abc\"}",
                    "{ \"X\": \"abc\" }",
                    "{X=abc}",
                    "{'X': 'abc'}",
                    "SET X=abc",
                    "set -x X abc",
                    "setenv X abc",
                    "ENV X abc",
                    "const X = 'abc';",
                    "readonly X=abc",
                    "--build-arg X=abc",
                    "--set X=abc",
                    "--from-literal=X=abc",
                    "- name: X\n  value: abc",
                    "<X>abc</X>",
                    "process.env.X = 'abc'"
                })
        void ofAWholeLineSaysToSetOnlyTheValue(String value) {
            assertSlip(value, "is the whole line that sets it: set only the value");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {"abc # the key", "abc\t#\tthe key", "\"a b\" # the key", "'abc'  #the key", "abc // the key"
                })
        void ofACommentAfterItSaysWhereItBelongs(String value) {
            assertSlip(value, "has a comment after it: write the comment on a line of its own");
        }

        @ParameterizedTest
        @ValueSource(strings = {"# fill it in", "// fill it in", "/* fill it in */", "<!-- fill it in -->"})
        void ofACommentAloneSaysToSetTheValue(String value) {
            assertSlip(value, "is a comment: set the value");
        }

        @ParameterizedTest
        @ValueSource(strings = {"abc%0A", "abc%0d%0a", "abc&#10;", "abc\\u000a", "abc\\x0A"})
        void ofAnEncodedLineBreakAtTheEndNamesIt(String value) {
            assertSlip(value, "has an encoded line break, such as %0A, at its end: remove it");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "sh: vault: command not found",
                    "cat: /run/secrets/x: No such file or directory",
                    "Error from server (NotFound): secrets \"x\" not found",
                    "An error occurred (AccessDeniedException) when calling the GetSecretValue operation",
                    "ERROR: (gcloud.secrets.versions.access) PERMISSION_DENIED",
                    "[ERROR] 2026/01/01 could not read secret",
                    "No value found at secret/data/x",
                    "Traceback (most recent call last):\n  File",
                    "jq: error (at <stdin>:1)",
                    "404 page not found",
                    "<!DOCTYPE html><html></html>",
                    "<!doctype html>",
                    "<html><body>",
                    "[command]/opt/terraform-bin output -raw x\nabc",
                    "╷\n│ Warning: No outputs found"
                })
        void ofAnErrorOfAToolSaysToSeeWhyItFailed(String value) {
            assertSlip(
                    value,
                    "is an error that a tool printed instead of the value: see why it failed, and set the value");
        }

        @ParameterizedTest
        @ValueSource(strings = {"abc\\n", "abc\\r\\n"})
        void ofALineBreakInLettersNamesIt(String value) {
            assertSlip(value, "has a line break in letters, \\n, at its end: remove it");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "undefined",
                    "null",
                    "Null",
                    "NULL",
                    "(null)",
                    "None",
                    "nil",
                    "<nil>",
                    "<null>",
                    "<no value>",
                    "NaN",
                    "UNDEFINED",
                    "NIL",
                    "undefined;",
                    "null,",
                    "<none>",
                    "<unset>",
                    "(not set)",
                    "[object Object]",
                    "[object Promise]",
                    "[Function: key]",
                    "Promise { <pending> }",
                    "Optional.empty",
                    "%!s(<nil>)",
                    "%!v(MISSING)",
                    "<undefined>",
                    "[undefined]",
                    "[null]",
                    "[AsyncFunction: key]",
                    "Optional.absent()"
                })
        void ofAWordForNoValueSaysToSetOne(String value) {
            assertSlip(value, "is a word for no value, such as undefined or null: set the value");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "Secret[redacted]",
                    "[redacted]",
                    "[REDACTED]",
                    "<redacted>",
                    "[MASKED]",
                    "(sensitive value)",
                    "(sensitive)",
                    "<sensitive>",
                    "(known after apply)",
                    "[Filtered]",
                    "<REDACTED>",
                    "<hidden>",
                    "[secure]",
                    "<computed>",
                    "<concealed by 1Password>",
                    "[use 'op item get x --reveal' to reveal]",
                    "SecretStr('**********')",
                    "System.Security.SecureString",
                    "System.Object[]",
                    "REDACTED",
                    "Secret([REDACTED alloc::string::String])",
                    "Secret([REDACTED])",
                    "SecretBox<str>([REDACTED])",
                    "SecretBytes(b'**********')",
                    "[C@6d06d69c",
                    "[B@1b6d3586",
                    "████",
                    "***",
                    "********",
                    "••••••",
                    "●●●●",
                    "****************ABCD",
                    "DATA+OMITTED",
                    "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER",
                    "Sensitive [value redacted]",
                    "[secret]",
                    "Calling [toString] on an [Output<T>] is not supported.",
                    "Calling __str__ on an Output[T] is not supported.",
                    "***REDACTED***",
                    "**redacted**",
                    "<<REDACTED>>",
                    "***REMOVED***",
                    "[removed]",
                    "[REDACTED:API_KEY]",
                    "<REDACTED_API_KEY>",
                    "<value hidden>",
                    "[secret_redacted]",
                    "{REDACTED}",
                    "--redacted--",
                    "---REDACTED---",
                    "###REDACTED###",
                    "*** masked ***",
                    "$encrypted$",
                    "<omitted>",
                    "[censored]",
                    "<private>",
                    "[********]",
                    "xxxx1a2B",
                    "sk-...aB12",
                    "sk-****************ab12",
                    "ghp_************************************",
                    "eyJ****",
                    "32 bytes",
                    "●●●●1234",
                    "■■■■",
                    "∙∙∙∙",
                    "······",
                    "⬤⬤⬤",
                    "<function key at 0x7f>",
                    "<bound method Key.get of x>",
                    "<generator object key at 0x7f>",
                    "<class 'str'>",
                    "<app.Key object at 0x7f2b>",
                    "#<Key:0x00007f>",
                    "Instance of 'Future<String>'",
                    "<Buffer 61 62>",
                    "Uint8Array(2) [ 97, 98 ]",
                    "() => process.env.X",
                    "0xc000012345",
                    "java.lang.Object@1b2c3d4e",
                    "java.util.concurrent.CompletableFuture@1b2c[Not completed]",
                    "Secret('**********')",
                    "[Ljava.lang.String;@1b2c",
                    "System.Byte[]",
                    "System.Threading.Tasks.Task`1[System.String]",
                    "<coroutine object key at 0x7f>",
                    "[SECRET]",
                    "[encrypted]",
                    "Microsoft.Azure.Commands.KeyVault.Models.PSKeyVaultSecret",
                    "••••1234"
                })
        void ofAMaskThatWasCopiedSaysToSetTheValue(String value) {
            assertSlip(value, "is what tools print instead of a value, such as ***: set the value itself");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "https://undefined/api",
                    "https://null",
                    "postgres://u:p@undefined:5432/x",
                    "redis://:p@None?x",
                    "jdbc:postgresql://null:5432/x"
                })
        void ofAUrlWithoutAHostSaysToSetIt(String value) {
            assertSlip(value, "has a word for no value as its host, such as undefined or null: set the host");
        }

        @ParameterizedTest
        @ValueSource(strings = {"mongodb+srv://app:undefined@db.example/x", "postgres://undefined:undefined@db/app"})
        void ofAUrlWithoutAPasswordSaysToSetIt(String value) {
            assertSlip(value, "has a word for no value as its password, undefined: set the password");
        }

        @Test
        void ofItsOwnNameAloneSaysToSetTheValue() {
            assertThat(reasons(Setting.secret("DB_PASSWORD"), "DB_PASSWORD"))
                    .containsExactly("is its own name: set the value");
            assertThat(reasons(Setting.secret("DB_PASSWORD"), "db-password")).isEmpty();
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "{\"username\":\"app\",\"password\":\"x\"}",
                    "{\n  \"engine\": \"postgres\",\n  \"password\" : \"x\"\n}"
                })
        void ofAWholeSecretSaysToSetItsPassword(String value) {
            for (String name : List.of("DB_PASSWORD", "db.password", "PGPASSWORD")) {
                assertThat(reasons(Setting.secret(name), value))
                        .containsExactly("is a whole secret as JSON: set only the password in it");
            }
            assertThat(reasons(Setting.secret("DB_SECRET"), value)).isEmpty();
            assertThat(reasons(X, value)).isEmpty();
        }

        @Test
        void ofAPrintedMapOrObjectSaysToSetWhatIsInside() {
            assertSlip("map[secretKeyRef:map[key:x name:y]]", "is a printed Go map: set the value inside it");
            assertSlip("@{SecretString=abc}", "is a printed PowerShell object: set the value inside it");
        }

        @Test
        void ofJsonWithACommaAfterItSaysToRemoveIt() {
            assertSlip("{\"a\":\"b\"},", "has a comma after its JSON text: remove the comma");
        }

        @ParameterizedTest
        @ValueSource(strings = {"\u001b[0mabc", "\u001b[31mabc\u001b[0m", "abc\u001b[0m"})
        void ofATerminalSaysWhatItIs(String value) {
            assertSlip(value, "has a terminal's color code in it: set it without the code");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "Optional[abc]",
                    "Some(\"abc\")",
                    "Some(abc)",
                    "Optional.of(abc)",
                    "Ok(\"abc\")",
                    "Right(abc)",
                    "Just \"abc\"",
                    "Success(abc)"
                })
        void ofAPrintedOptionalSaysToSetWhatIsInside(String value) {
            assertSlip(value, "is a printed optional value: set the value inside it");
        }

        @ParameterizedTest
        @ValueSource(strings = {"{", "[", "[{", "{\"a\":\"b\",", "{ \"type\": \"service_account\""})
        void ofTheFirstLineOfJsonSaysToSetAll(String value) {
            assertSlip(value, "is only the first line of a JSON text: set all of its lines, or the text on one line");
        }

        @Test
        void ofAGitLfsPointerSaysHowToFetchTheFile() {
            assertSlip(
                    "version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 1",
                    "is a Git LFS pointer instead of the file: fetch the file with git lfs pull");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "{\"errors\":[\"permission denied\"]}",
                    "{\"errors\":[]}\n",
                    "{\"errors\":[\"1 error occurred:\\n\\t* permission denied\\n\\n\"]}"
                })
        void ofAnErrorOfVaultSaysToAllowTheRead(String value) {
            assertSlip(value, "is an error that Vault answered instead of the value: allow the service to read it");
        }

        @Test
        void ofAPrintedTupleSaysToSetWhatIsInside() {
            assertSlip("('abc',)", "is a printed Python tuple: set the value inside it");
        }

        @Test
        void ofJsonWithEscapedQuotesSaysToRemoveTheBackslashes() {
            assertSlip(
                    "{\\\"type\\\":\\\"service_account\\\"}",
                    "is a JSON text with \\ before its quotes: remove each \\ before a quote");
            assertSlip(
                    "{\\n  \\\"type\\\": \\\"service_account\\\"}",
                    "is a JSON text with \\ before its quotes: remove each \\ before a quote");
            assertSlip("{'type': 'service_account'}", "is a printed Python dictionary: set it as JSON");
        }

        @Test
        void ofAPathThatSystemdResolvesNamesTheRightVariable() {
            String advice =
                    "is a reference that was not resolved, %d/...: set X_FILE to the path where systemd resolves it";
            assertSlip("%d/db", advice);
            assertThat(SecretValidator.of(X)
                            .check(SecretSource.of(Map.of("X_FILE", "%d/db")).withFiles())
                            .problems())
                    .extracting(Problem::reason)
                    .containsExactly("X_FILE " + advice);
            assertThat(reasons(Setting.secret("DB_PATH"), "%d/db")).isEmpty();
        }

        @Test
        void ofAPythonLiteralSaysWhatToRemove() {
            assertSlip("b'abc'", "is a Python literal, b'...': remove the b and the quotes");
            assertSlip("b\"it's\"", "is a Python literal, b'...': remove the b and the quotes");
        }

        @ParameterizedTest
        @ValueSource(strings = {"b'\\x00\\xff'", "b\"it's\\n\"", "bytearray(b'abc')"})
        void ofAPythonLiteralWithEscapesSaysToSetTheText(String value) {
            assertSlip(value, "is a printed Python bytes object, with escapes: set the text itself");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "/run/secrets/x",
                    "/var/run/secrets/a/x",
                    "/run/credentials/app.service/x",
                    "/vault/secrets/x",
                    "/etc/secrets/x",
                    "/mnt/secrets-store/x",
                    "file:///run/secrets/x",
                    "file:/run/secrets/x",
                    "/secrets/db/password",
                    "/run/agenix/x",
                    "/run/secrets.d/1/x",
                    "C:\\ProgramData\\Docker\\secrets\\x",
                    "/var/secrets/x",
                    "/etc/secret-volume/x",
                    "/openbao/secrets/x",
                    "FILE:///run/secrets/x"
                })
        void ofThePathOfItsFileSaysToNameTheFile(String value) {
            assertSlip(value, "is the path of a file: set X_FILE to it instead");
        }

        @Test
        void ofAReferenceWithinAReferenceIsOne() {
            for (String value : List.of("${{ secrets.X }}", "${X:${Y}}", "${X:-${Y}z}", "${X}${Y}", "${X}:${Y}@${Z}")) {
                assertThat(reasons(X, value).get(0)).startsWith("is a reference that was not resolved, ${...}: ");
            }
        }

        /** One value for each row of the table, in its order. */
        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                quoteCharacter = '\0',
                value = {
                    "${X}|${...}",
                    "${X:-default}|${...}",
                    "${env:X}|${...}",
                    "$SUPABASE_KEY|$...",
                    "$PASSWORD|$...",
                    "${TOKEN|${...}",
                    "$secret{token}|$secret{...}",
                    "$MY_TOKEN$|$...$",
                    "$$cap_token$$|$...$",
                    "#MY_TOKEN#|#...#",
                    "##MY_TOKEN##|#...#",
                    "!MY_TOKEN!|!...!",
                    "\\$TOKEN|\\$...",
                    "$env:TOKEN|$env:...",
                    "$Env:TOKEN|$env:...",
                    "$env.TOKEN|$env.X",
                    "$$DB_PASSWORD|$$...",
                    "$${TOKEN}|$${...}",
                    "${CREDENTIALS_DIRECTORY}/db|${CREDENTIALS_DIRECTORY}/...",
                    "%d/db|%d/...",
                    "\\${X}|\\${...}",
                    "{$TOKEN}|{$...}",
                    "{env.TOKEN}|{env.X}",
                    "%{lookup('token')}|%{...}",
                    "%{::token}|%{...}",
                    "%{facts.token}|%{...}",
                    "[[token]]|[[...]]",
                    "[[ .token ]]|[[...]]",
                    "[[${token}]]|[[...]]",
                    "[[ env \"TOKEN\" ]]|[[...]]",
                    "<+secrets.getValue(\"x\")>|<+...>",
                    "credentialsJSON:8a0f|credentialsJSON:...",
                    "credentials('token')|credentials(...)",
                    "[parameters('token')]|[parameters(...)]",
                    "[reference('x').key]|[parameters(...)]",
                    "[concat('a', parameters('b'))]|[parameters(...)]",
                    "$[[ inputs.token ]]|$[[...]]",
                    "$[variables.x]|$[...]",
                    "$[ variables['x'] ]|$[...]",
                    "$(X)|$(...)",
                    "$(cat /run/secrets/x)|$(...)",
                    "$(cat $(pwd)/x)|$(...)",
                    "`cat x`|a command in backquotes",
                    "%env(TOKEN)%|%env(...)%",
                    "env(TOKEN)|env(...)",
                    "env:TOKEN|env:...",
                    "env://TOKEN|env://...",
                    "{env:TOKEN}|{env:...}",
                    "%TOKEN%|%...%",
                    "%%TOKEN%%|%%...%%",
                    "%(TOKEN)s|%(...)s",
                    "@project.token@|@...@",
                    "@@TOKEN@@|@...@",
                    "{{ .Values.token }}|{{...}}",
                    "{{ with secret \"x\" }}{{ .Data.token }}{{ end }}|{{...}}",
                    "{{ a }}:{{ b }}|{{...}}",
                    "{{{ token }}}|{{...}}",
                    "{!! $token !!}|{!!...!!}",
                    "<?= $token ?>|<?...?>",
                    "{{resolve:secretsmanager:x}}|{{...}}",
                    "{% secret 'x' %}|{%...%}",
                    "<%= ENV['X'] %>|<%...%>",
                    "={{ $env.X }}|={{...}}",
                    "<< parameters.x >>|<<...>>",
                    "<path:secret/data/db#password>|<path:...>",
                    "#{systemProperties.x}|#{...}",
                    "#{TOKEN}#|#{...}#",
                    "__TOKEN__|__...__",
                    "((token))|((...))",
                    "$__file{/x}|$__file{...}",
                    "$__env{X}|$__env{...}",
                    "$__vault{kv:x}|$__vault{...}",
                    "$ENV{X}|$ENV{...}",
                    "process.env.TOKEN|process.env.X",
                    "process.env.TOKEN!|process.env.X!",
                    "process.env['TOKEN']|process.env[...]",
                    "process.env.TOKEN;|process.env.X",
                    "process.env?.TOKEN ?? ''|process.env.X",
                    "import.meta.env.VITE_TOKEN|import.meta.env.X",
                    "Bun.env.TOKEN|Bun.env.X",
                    "secrets.TOKEN|secrets.X",
                    "Deno.env.get('X')|code that reads a variable",
                    "os.environ['X']|code that reads a variable",
                    "os.environ.get('X')|code that reads a variable",
                    "os.getenv('X', '')|code that reads a variable",
                    "os.Getenv(\"X\")|code that reads a variable",
                    "getenv('X')|code that reads a variable",
                    "ENV['X']|code that reads a variable",
                    "ENV.fetch('X')|code that reads a variable",
                    "System.getenv(\"X\")|code that reads a variable",
                    "System.getProperty(\"x\")|code that reads a variable",
                    "System.get_env(\"X\")|code that reads a variable",
                    "Environment.GetEnvironmentVariable(\"X\")|code that reads a variable",
                    "std::env::var(\"X\").unwrap()|code that reads a variable",
                    "env!(\"X\")|code that reads a variable",
                    "$_ENV['X']|code that reads a variable",
                    "$_SERVER['X']|code that reads a variable",
                    "!Ref Token|!Ref ...",
                    "!GetAtt A.B|!GetAtt ...",
                    "!Sub '${A}'|!Sub ...",
                    "!Join ['', [a]]|!Join ...",
                    "!If [a, b, c]|!If ...",
                    "!ImportValue token|!ImportValue ...",
                    "!Select [0, [a]]|!Select ...",
                    "!Split [',', a]|!Split ...",
                    "!FindInMap [a, b, c]|!FindInMap ...",
                    "!Base64 abc|!Base64 ...",
                    "!secret token|!secret ...",
                    "!ENV ${X}|!ENV ...",
                    "!env_var X|!env_var ...",
                    "!env X|!env ...",
                    "!include x|!include ...",
                    "!file x|!file ...",
                    "!!binary YWJj|!!binary ...",
                    "!reference [.a, b]|!reference ...",
                    "!var app/x|!var ...",
                    "vault:v1:8SDd3WHDOjf7mq69CyCqYjBXAiQQAVZRkFM13ok481zoCmHnSeDX9vyf7w==|vault:v1:...",
                    "vault:v1/data/x#key|vault:...",
                    "vault:secret/data/x#key|vault:...",
                    "bao:secret/data/x#key|bao:...",
                    "VAULT::ds::password::1|VAULT::...",
                    ">>vault:secret/data/x#key|>>vault:...",
                    "akeyless:/k8s/pw|akeyless:...",
                    "hashivault://x|hashivault://...",
                    "op://vault/item/field name|op://...",
                    "ref+awssecrets://x/y|ref+...",
                    "secretref+vault://x/y|secretref+...",
                    "@Microsoft.KeyVault(SecretUri=https://x)|@Microsoft.KeyVault(...)",
                    "@Microsoft.AppConfiguration(Key=x)|@Microsoft.AppConfiguration(...)",
                    "keyvault://x/y|keyvault://...",
                    "azure-keyvault://x/y|azure-keyvault://...",
                    "https://x.vault.azure.net/secrets/y|https://...vault.azure.net/...",
                    "https://x.vault.azure.cn/secrets/y|https://...vault.azure.net/...",
                    "https://x.vault.usgovcloudapi.net/secrets/y|https://...vault.azure.net/...",
                    "akv://x/y|akv://...",
                    "azurekeyvault://x/y|azurekeyvault://...",
                    "azurekms://x/y|azurekms://...",
                    "secretref:x|secretref:...",
                    "arn:aws:secretsmanager:eu-west-1:1:secret:x|arn:aws:secretsmanager:...",
                    "arn:aws-us-gov:ssm:x:1:parameter/x|arn:aws:secretsmanager:...",
                    "awssm://x|awssm://...",
                    "awsssm://x|awsssm://...",
                    "aws-sm://x|aws-sm://...",
                    "awssecretsmanager://x|awssecretsmanager://...",
                    "aws-ssm://x|aws-ssm://...",
                    "ssm://x|ssm://...",
                    "ssm:/x/y|ssm:/...",
                    "aws-secretsmanager://x|aws-secretsmanager://...",
                    "secretsmanager://x|secretsmanager://...",
                    "awsparamstore://x|awsparamstore://...",
                    "aws-secretsmanager:/x|aws-secretsmanager:/...",
                    "aws-parameterstore:/x|aws-parameterstore:/...",
                    "projects/p/secrets/s/versions/latest|projects/.../secrets/...",
                    "projects/p/locations/l/secrets/s|projects/.../secrets/...",
                    "sm@p/x|sm@...",
                    "ocid1.vaultsecret.oc1..aaaa|ocid1.vaultsecret...",
                    "crn:v1:bluemix:public:secrets-manager:x:secret:y|crn:v1:...",
                    "{\"credhub-ref\":\"((/x))\"}|credhub-ref",
                    "gcp-secret://x|gcp-secret://...",
                    "gcpsecretmanager://x|gcpsecretmanager://...",
                    "gcp:secretmanager:x|gcp:secretmanager:...",
                    "gsm://x|gsm://...",
                    "conjur://x|conjur://...",
                    "bitwarden://x|bitwarden://...",
                    "1password://x|1password://...",
                    "berglas://b/x|berglas://...",
                    "sm://p/x|sm://...",
                    "secret://x|secret://...",
                    "doppler://x|doppler://...",
                    "infisical://x|infisical://...",
                    "keeper://x/field/password|keeper://...",
                    "bws://x|bws://...",
                    "pass://x/y z|pass://...",
                    "ENC(abc=)|ENC(...)",
                    "DEC(abc)|DEC(...)",
                    "ENC[AES256_GCM,data:x]|ENC[...]",
                    "DEC::PKCS7[abc]!|DEC::...",
                    "EJ[1:a:b:c]|EJ[...]",
                    "EV[1:a:b=]|EV[...]",
                    "enc{abc}|enc{...}",
                    "encrypted:BDqD+/=|encrypted:...",
                    "encrypted:secrets-manager!r:x!s:y|encrypted:...!...",
                    "encryptedFile:gcs!b:x!f:y|encryptedFile:...",
                    "enc:system.encryption.key.v1:abc==|enc:...",
                    "AES:abc=:def=|AES:...",
                    "BAMSCRT@0@0@abc|BAMSCRT@...",
                    "{DESede}abc=|{DESede}...",
                    "{cas-cipher}abc|{cas-cipher}...",
                    "76492d1116743f0423413b16050a5345MgB8|76492d1116743f04...",
                    "{xor}Lz4sLA==|{xor}...",
                    "{aes}abc=|{aes}...",
                    "{AES}abc=|{AES}...",
                    "{AES256}abc=|{AES256}...",
                    "{3DES}abc=|{3DES}...",
                    "MASK-12M/8Yq3xXVk;12345678;230|MASK-...",
                    "OBF:1abc|OBF:...",
                    "{cipher}abc|{cipher}...",
                    "!vault abc|!vault ...",
                    "![abc=]|![...]",
                    "{AQAAABAAAAAgabc=}|{AQAAAB...}",
                    "U2FsdGVkX1+abc=|U2FsdGVkX1...",
                    "01000000d08c9ddf0115d111|01000000d08c9ddf...",
                    "$ANSIBLE_VAULT;1.1;AES256|$ANSIBLE_VAULT;..."
                })
        void ofAReferenceSaysWhatIsToResolveIt(String value, String form) {
            List<String> rows = Slip.reasons().stream()
                    .filter(reason -> reason.contains(", " + form + ": "))
                    .toList();
            assertThat(rows).hasSize(1);
            assertSlip(value, rows.get(0).replace("NAME_FILE", "X_FILE"));
        }

        @Test
        void ofAnEncryptedFileSaysWhatDecryptsIt() {
            assertSlip(
                    "-----BEGIN AGE ENCRYPTED FILE-----\nabc\n-----END AGE ENCRYPTED FILE-----",
                    "is still encrypted, an age file: decrypt it with age");
            assertSlip(
                    "age-encryption.org/v1\n-> X25519 abc",
                    "is still encrypted, the text of an age file: decrypt it with age");
            assertSlip("AQICAH" + "x".repeat(100), "is still encrypted, AQICAH...: decrypt it with AWS KMS");
            assertSlip(
                    "-----BEGIN PGP MESSAGE-----\nabc\n-----END PGP MESSAGE-----",
                    "is still encrypted, a PGP message: decrypt it with gpg");
        }

        @Test
        void isSaidOfAUrlBeforeItsOtherFaults() {
            Setting<?> url = Setting.uri("X", "https");
            assertThat(reasons(url, "\"https://x\"")).containsExactly("has literal quotes around it: remove them");
            assertThat(reasons(url, "${URL}").get(0)).startsWith("is a reference that was not resolved, ${...}: ");
            assertThat(reasons(url.verbatim(), "\"https://x\""))
                    .containsExactly("must be a URL that starts with https://");
        }

        @Test
        void isSaidAfterWhatNoPlaceholderRefuses() {
            assertThat(reasons(X.noPlaceholder(), "${X}")).containsExactly("is a placeholder");
            assertThat(reasons(X.noPlaceholder().verbatim(), "${X}")).containsExactly("is a placeholder");
        }

        @Test
        void inAFileIsRefusedToo(@org.junit.jupiter.api.io.TempDir java.nio.file.Path directory) throws Exception {
            java.nio.file.Files.writeString(directory.resolve("X"), " abc ");
            SecretSource source = SecretSource.directory(directory);
            assertThat(SecretValidator.of(X).check(source).problems())
                    .containsExactly(new Problem(
                            "X",
                            Problem.Kind.INVALID,
                            "has white space at its edges: remove it",
                            "directory " + directory));
            assertThat(SecretValidator.of(X.verbatim()).validate(source).get(X).reveal())
                    .isEqualTo(" abc ");
        }
    }
}
