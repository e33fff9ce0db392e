package dev.hardening.config;

import static dev.hardening.config.FocusSquad.TAIL;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NearMissTest {

    private static Map<String, String> hints(Collection<String> missing, String... found) {
        return NearMiss.hints(missing, List.of(found), name -> true);
    }

    /** The name that the hint says was found. */
    private static Optional<String> hint(String declared, String... found) {
        return Optional.ofNullable(hints(List.of(declared), found).get(declared))
                .map(hint -> hint.replaceFirst("^found (\\S+), which looks like " + declared + "$", "$1"));
    }

    private static String message(SecretValidator validator, Map<String, String> environment) {
        return new SecretValidationException(
                        validator.check(SecretSource.of(environment).withFiles()))
                .getMessage();
    }

    @Nested
    class ANameThatIsNear {

        @Test
        void isSuggestedInAThirdLine() {
            assertThat(message(SecretValidator.requiring("SUPABASE_URL"), Map.of("SUPBASE_URL", "x", "PATH", "/bin")))
                    .isEqualTo("Missing required secrets: SUPABASE_URL" + TAIL
                            + "\n  SUPABASE_URL: found SUPBASE_URL, which looks like SUPABASE_URL");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "supabase_url",
                    "Supabase_Url",
                    "supabase.url",
                    "SUPABASE-URL",
                    "VITE_SUPABASE_URL",
                    "NEXT_PUBLIC_SUPABASE_URL",
                    "REACT_APP_SUPABASE_URL",
                    "NUXT_PUBLIC_SUPABASE_URL",
                    "NUXT_SUPABASE_URL",
                    "EXPO_PUBLIC_SUPABASE_URL",
                    "GATSBY_SUPABASE_URL",
                    "PUBLIC_SUPABASE_URL",
                    "VUE_APP_SUPABASE_URL",
                    "NG_APP_SUPABASE_URL",
                    "RAZZLE_SUPABASE_URL",
                    "vite_supabase_url"
                })
        void isTheSameInAnotherSpelling(String found) {
            assertThat(hint("SUPABASE_URL", found)).contains(found);
        }

        @ParameterizedTest
        @CsvSource({
            "SUPABASE_URL, SUPBASE_URL", // a letter less
            "SUPABASE_URL, SUPABAASE_URL", // a letter more
            "SUPABASE_URL, SUPABSAE_URL", // two swapped
            "SUPABASE_URL, USPABASE_URL", // the first two swapped
            "SUPABASE_URL, SUPABASE_ULR", // also in a short word
            "SUPABASE_URL, SUPANASE_URL", // the key beside it
            "DATABASE_URL, DATAVASE_URL",
            "POSTGRES_HOST, POSTFRES_HOST",
            "LICENSE_KEY, LICENCE_KEY",
            "DATABASE_URL, DATEBASE_URL", // a long word as it is heard
            "DB_PASSWORD, DB_PASSWORT",
            "SUPABASE_URL, SUPABAS_URL", // its end lost
            "SUPABASE_URL, UPABASE_URL", // its start lost
            "SUPABASE_URL, SUPABASE_URLL", // a letter doubled, in a short word too
            "SUPABASE_URL, SUPABASE_URRL",
            "SUPABASE_URL, SUPERBASE_URL", // two slips in a long word
            "SUPABASE_URL, SUPBSE_URL",
            "SUPABASE_URL, SUPABASEURL", // separators
            "SUPABASE_URL, SUPA_BASE_URL",
            "SUPABASE_URL, SUPABASE__URL",
            "SUPABASE_ANON_KEY, SUPABASE_ANNON_KEY",
            "SUPABASE_ANON_KEY, SUPABASEANONKEY",
            "SUPABASE_SERVICE_ROLE_KEY, SUPABASE_SERVCE_ROLE_KEY",
            "LIVEKIT_API_KEY, LIVE_KIT_API_KEY",
            "LIVEKIT_API_SECRET, LIVEKIT_API_SECERT",
            "JWT_SECRET, JTW_SECRET",
            "S3_BUCKET_NAME, S3_BUKCET_NAME",
            "GITHUB_TOKEN, GTHUB_TOKEN", // no vowel left between three consonants
            "STRIPE_KEY, STRPE_KEY",
            "LIVEKIT_URL, LIVKIT_URL",
            "SETTING_URL, SETTNG_URL",
            "CALENDAR_KEY, CALENDER_KEY",
            "SERVICE_URL, SERVIC_URL",
            "TOKEN, TOKNE",
            "SUPABASE_URL, SUBABASE_URL",
            "db/password, db/pasword", // nested
            "db/password, DB/PASSWORD",
            "db/password, db_password",
            "COLOR_API_KEY, COLOUR_API_KEY", // British and American
            "COLOUR_API_KEY, COLOR_API_KEY",
            "CATALOG_URL, CATALOGUE_URL",
            "DIALOGUE_URL, DIALOG_URL",
            "ANALYZE_URL, ANALYSE_URL",
            "REALIZE_URL, REALISE_URL",
            "PROGRAM_ID, PROGRAMME_ID",
            "GRAY_LOG_URL, GREY_LOG_URL",
            "key, KEY"
        })
        void hasOneSlipOfTheKeyboard(String declared, String found) {
            assertThat(hint(declared, found)).contains(found);
        }

        @Test
        void isTheNearerOfTwo() {
            assertThat(hint("SUPABASE_URL", "SUPERBASE_URL", "SUPBASE_URL")).contains("SUPBASE_URL");
            assertThat(hint("SUPABASE_URL", "SUPBASE_URL", "SUPA_BASE_URL", "vite_supabase_url"))
                    .contains("vite_supabase_url");
            assertThat(hint("SUPABASE_URL", "SUPA_BASE_URL", "SUPBASE_URL")).contains("SUPA_BASE_URL");
        }

        @Test
        void isNeverBound() {
            Setting<Secret> key = Setting.secret("SUPABASE_ANON_KEY").optional();
            assertThat(SecretValidator.of(key)
                            .validate(SecretSource.of(Map.of("supabase_anon_key", "x")))
                            .find(key))
                    .isEmpty();
            assertThatThrownBy(() -> SecretValidator.requiring("SUPABASE_ANON_KEY")
                            .validate(SecretSource.of(Map.of("supabase_anon_key", "x"))))
                    .isInstanceOf(SecretValidationException.class);
        }

        @ParameterizedTest
        @CsvSource({
            "DB_PASSWORD, DB_PASWORD_FILE",
            "DB_PASSWORD, DB_PASSWORD_FIEL",
            "DB_PASSWORD, db_password_file",
            "DB_PASSWORD, DB_PASSWORDFILE",
            "SUPABASE_URL, SUPBASE_URL_FILE"
        })
        void isThatOfAFile(String declared, String found) {
            assertThat(hints(List.of(declared), found))
                    .containsExactly(
                            Map.entry(declared, "found " + found + ", which looks like " + declared + "_FILE"));
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "\ufeffSUPABASE_URL",
                    "SUPABASE_URL ",
                    " SUPABASE_URL",
                    "SUPABASE_URL\r",
                    "SUPABASE_URL\u00a0",
                    "\u200bSUPABASE_URL\t",
                    "SUPABASE_URL\u202e"
                })
        void hasWhatAnEditorLeftAtItsEdges(String found) {
            assertThat(hints(List.of("SUPABASE_URL"), found).get("SUPABASE_URL"))
                    .isEqualTo("found SUPABASE_URL with white space or a byte order mark around it, which looks like"
                            + " SUPABASE_URL");
        }

        @Test
        void mayHaveWhatBelongsToTheLineOfAFile() {
            for (String found : List.of(
                    "export SUPABASE_URL", "\"SUPABASE_URL\"", "'SUPABASE_URL'", "SUPABASE_URL:", " SUPABASE_URL: ")) {
                assertThat(hints(List.of("SUPABASE_URL"), found).get("SUPABASE_URL"))
                        .isEqualTo("found SUPABASE_URL with quotes, a colon or export around it, which looks like"
                                + " SUPABASE_URL");
            }
        }

        @Test
        void isThatOfAFileThatIsDeclaredItself() {
            assertThat(hints(List.of("DB_PASSWORD", "DB_PASSWORD_FILE"), "DB_PASWORD_FILE"))
                    .containsExactly(
                            Map.entry("DB_PASSWORD_FILE", "found DB_PASWORD_FILE, which looks like DB_PASSWORD_FILE"));
        }

        @Test
        void mayBeMisspeltAtItsEdgesToo() {
            assertThat(hints(List.of("SUPABASE_URL"), "\ufeffSUPBASE_URL"))
                    .containsExactly(
                            Map.entry(
                                    "SUPABASE_URL",
                                    "found SUPBASE_URL with white space or a byte order mark around it, which looks like SUPABASE_URL"));
        }
    }

    @Nested
    class ANameThatIsNotNear {

        @ParameterizedTest
        @CsvSource({
            "LIVEKIT_API_KEY, LIVEKIT_API_SECRET",
            "SUPABASE_URL, SUPABASE_KEY",
            "SUPABASE_ANON_KEY, SUPABASE_KEY", // a word more or less
            "DB_HOST, DB_PORT", // short words
            "REDIS_HOST, REDIS_PORT",
            "CLIENT_ID, CLIENT_IP",
            "SERVER_MAX_SIZE, SERVER_MIN_SIZE",
            "EU_API_KEY, US_API_KEY",
            "JWT_SECRET, JWE_SECRET",
            "AWS_SNS_TOPIC, AWS_SQS_TOPIC",
            "PROD_DB_NAME, POD_DB_NAME",
            "CDN_SERVER_URL, CN_SERVER_URL",
            "MY_API_KEY, MY_AI_KEY",
            "HTTP_PROXY, HTTPS_PROXY",
            "LDAP_SERVER, LDAPS_SERVER",
            "REPLICA_1_URL, REPLICA_2_URL", // digits
            "REPLICA_1_URL, REPLICA_11_URL",
            "NODE_1_2_URL, NODE_12_URL",
            "OAUTH1_TOKEN, OAUTH2_TOKEN",
            "SHA256_KEY, SHA265_KEY",
            "KEY, KEYS", // the end of a word
            "LIVEKIT_API_KEY, LIVEKIT_API_KEYS",
            "ALLOWED_ORIGIN, ALLOWED_ORIGINS",
            "SCHEDULE_URL, SCHEDULER_URL",
            "CACHE_REGION, CACHED_REGION",
            "VALIDATE_URL, VALIDATOR_URL",
            "IMPORT_BUCKET, EXPORT_BUCKET", // the beginning of a word
            "INTERNAL_URL, EXTERNAL_URL",
            "CALLBACK_URL, FALLBACK_URL",
            "INGRESS_HOST, EGRESS_HOST",
            "ENCODE_KEY, DECODE_KEY",
            "RESET_TOKEN, PRESET_TOKEN",
            "STATE_TOPIC, STAGE_TOPIC",
            "COLLECTION_TIMEOUT, CONNECTION_TIMEOUT", // two letters of as many
            "REGISTRY_URL, REGISTER_URL",
            "CONTENT_API_KEY, CONTEXT_API_KEY", // another letter makes another word
            "READER_KEY, RENDER_KEY",
            "LEADER_KEY, LOADER_KEY",
            "STAGING_KEY, STARING_KEY",
            "PRIVATE_KEY, PRIMATE_KEY",
            "PATENT_KEY, PARENT_KEY",
            "SIGNER_KEY, SIGNED_KEY", // so does another last letter
            "RECEIVER_KEY, RECEIVED_KEY",
            "PROVIDER_KEY, PROVIDED_KEY",
            "HANDLER_KEY, HANDLED_KEY",
            "TRUSTED_KEY, TRUSTEE_KEY",
            "TRAINER_KEY, TRAINEE_KEY",
            "BROKER_KEY, BROKEN_KEY",
            "CONTACT_KEY, CONTRACT_KEY", // so does a letter more
            "COUNTRY_KEY, COUNTY_KEY",
            "PLAYER_KEY, PAYER_KEY",
            "PERSONAL_KEY, PERSONNEL_KEY",
            "FORM_EMAIL, FROM_EMAIL", // so do two swapped
            "FRONT_KEY, FONT_KEY", // a short word differs from many others in one letter
            "PLANET_KEY, PLANT_KEY",
            "SOLR_URL, SOLAR_URL",
            "WORLD_KEY, WORD_KEY",
            "SITE_KEY, SUITE_KEY",
            "STAGE_KEY, SAGE_KEY",
            "SPORT_KEY, SPOT_KEY",
            "TITLE_KEY, TILE_KEY",
            "START_URL, STAT_URL",
            "SCALE_KEY, SALE_KEY",
            "MATCH_KEY, MATH_KEY",
            "BATCH_KEY, BATH_KEY",
            "TRADING_KEY, TRACING_KEY",
            "CONTEXT_KEY, CONTEST_KEY",
            "OPENAI_KEY, OPENAPI_KEY",
            "FLIGHTS_KEY, LIGHTS_KEY", // so does a word without its first letter
            "PLAYERS_KEY, LAYERS_KEY",
            "STICKER_KEY, TICKER_KEY",
            "EMISSION_KEY, MISSION_KEY",
            "EMOTION_KEY, MOTION_KEY",
            "BLOCKER_KEY, LOCKER_KEY",
            "CONSUL_TOKEN, CONSULT_TOKEN", // or without its last one
            "DELIVER_KEY, DELIVERY_KEY",
            "SERVERS_KEY, SERVES_KEY",
            "SHIPPING_KEY, SHOPPING_KEY", // the first vowel is heard well
            "TRACKING_KEY, TRUCKING_KEY",
            "COACHING_KEY, COUCHING_KEY",
            "COMMANDERS_KEY, COMMANDS_KEY",
            "PATIENT_KEY, PATENT_KEY", // usual words, and their plurals
            "PATIENTS_KEY, PATENTS_KEY",
            "LEARNING_KEY, EARNING_KEY",
            "ELECTION_KEY, SELECTION_KEY",
            "PROCESSOR_KEY, PROFESSOR_KEY",
            "ROM_KEY, ROOM_KEY",
            "TRACKING_URL, TRACING_URL", // so are these of software
            "TRACKER_URL, TRACER_URL",
            "MENTORING_URL, MONITORING_URL",
            "MEETING_URL, METERING_URL",
            "FEATURES_URL, FUTURES_URL",
            "SIGNIN_URL, SIGNING_URL",
            "SHARING_URL, SHARDING_URL",
            "STAKING_URL, STACKING_URL",
            "BROKERS_URL, BREAKERS_URL",
            "RECORDER_URL, REORDER_URL",
            "EXTRACT_URL, TEXTRACT_URL",
            "STORYBOOK_URL, STORYBLOK_URL",
            "TYPEORM_URL, TYPEFORM_URL",
            "VERTX_URL, VERTEX_URL",
            "WECHAT_URL, WEBCHAT_URL",
            "FOUR_URL, FOR_URL", // only an ending of a longer word is spelt in two ways
            "RISE_URL, RIZE_URL",
            "COLORS_URL, COLOUR_URL",
            "SMS_TOKEN, SSM_TOKEN", // words of three letters
            "SAP_TOKEN, SPA_TOKEN",
            "GCS_TOKEN, GSC_TOKEN",
            "KMS_TOKEN, KSM_TOKEN",
            "ACS_TOKEN, ASC_TOKEN",
            "ETL_TOKEN, ELT_TOKEN",
            "APM_TOKEN, AMP_TOKEN",
            "OPS_TOKEN, POS_TOKEN",
            "STS_TOKEN, SST_TOKEN",
            "DNS_TOKEN, DSN_TOKEN",
            "SSL_TOKEN, SLS_TOKEN",
            "OTP_TOKEN, TOP_TOKEN",
            "DDNS_TOKEN, DNS_TOKEN",
            "CALL_TOKEN, CAL_TOKEN",
            "APPS_TOKEN, APS_TOKEN",
            "SUBNET_ID, PUBLIC_SUBNET_ID", // as is a public subnet or bucket
            "BUCKET, PUBLIC_BUCKET",
            "S3_BUCKET_NAME, PUBLIC_S3_BUCKET_NAME",
            "SUPABASE_URL, SUPBASE_ULR", // two words
            "FOO, FOOO", // short names
            "FOO, OFO",
            "A_BC, AB_C",
            "URL, PUBLIC_URLS",
            "API_KEY, PUBLIC_API_KEY", // a public key is another
            "JWT_SECRET, UNRELATED",
            "SUPABASE_URL, SUPABASE_URL_FILE_OLD",
            "SUPABASE_URL, OLD_SUPABASE_URL",
            "SUPABASE_URL, MYVITE_SUPABASE_URL"
        })
        void isAnotherName(String declared, String found) {
            assertThat(hint(declared, found)).isEmpty();
            assertThat(hint(found, declared)).isEmpty();
        }

        /** Shells, systems and Nuxt's server set these, whatever the service reads. */
        @ParameterizedTest
        @CsvSource({
            "HOST_NAME, HOSTNAME",
            "USER_NAME, USERNAME",
            "LOG_NAME, LOGNAME",
            "TMP_DIR, TMPDIR",
            "PORT, NUXT_PORT"
        })
        void isSetAnyway(String declared, String found) {
            assertThat(hint(declared, found)).isEmpty();
        }

        @Test
        void isAsNearAsAnother() {
            assertThat(hint("SUPABASE_URL", "SUPBASE_URL", "SUPABSE_URL")).isEmpty();
            assertThat(hint("SUPABASE_URL", "supabase_url", "VITE_SUPABASE_URL"))
                    .isEmpty();
        }

        @Test
        void isAsNearToAnotherMissingOne() {
            assertThat(hints(List.of("SUPABASE_URL", "SUPABASSE_URL"), "SUPABAXSE_URL"))
                    .isEmpty();
            assertThat(hints(List.of("SUPABASE_URL", "LIVEKIT_URL"), "SUPBASE_URL", "LIVKIT_URL"))
                    .containsExactly(
                            Map.entry("SUPABASE_URL", "found SUPBASE_URL, which looks like SUPABASE_URL"),
                            Map.entry("LIVEKIT_URL", "found LIVKIT_URL, which looks like LIVEKIT_URL"));
        }

        @Test
        void isDeclared() {
            assertThat(message(SecretValidator.requiring("SUPABASE_URL", "SUPBASE_URL"), Map.of("SUPBASE_URL", "x")))
                    .isEqualTo("Missing required secrets: SUPABASE_URL" + TAIL);
            assertThat(message(
                            SecretValidator.requiring("CERTIFICATE_FILE", "CERTIFICATE"),
                            Map.of("CERTIFICATE_FILE", "/absent", "CERTIFICAT_FILE", " ")))
                    .isEqualTo("Missing required secrets: CERTIFICATE" + TAIL);
        }

        @Test
        void isTheFileNameOfADeclaredOne() {
            assertThat(message(
                            SecretValidator.requiring("API_TOKEN", "API_TOKENFILE"),
                            Map.of("API_TOKEN_FILE", "/absent")))
                    .isEqualTo("Missing required secrets: API_TOKEN, API_TOKENFILE" + TAIL
                            + "\n  API_TOKEN: API_TOKEN_FILE names a file that does not exist");
            assertThat(message(SecretValidator.requiring("API_TOKENFILE"), Map.of("API_TOKEN_FILE", "/absent")))
                    .endsWith("found API_TOKEN_FILE, which looks like API_TOKENFILE");
        }

        @Test
        void isBlank() {
            assertThat(message(SecretValidator.requiring("SUPABASE_URL"), Map.of("SUPBASE_URL", " ")))
                    .isEqualTo("Missing required secrets: SUPABASE_URL" + TAIL);
            assertThat(message(
                            SecretValidator.requiring("SUPABASE_URL"), Map.of("SUPBASE_URL", " ", "SUPABSE_URL", "x")))
                    .endsWith("\n  SUPABASE_URL: found SUPABSE_URL, which looks like SUPABASE_URL");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "supabase_url\nInvalid secrets:",
                    "\u001b[2Jsupabase_url",
                    "\u0455upabase_url", // a Cyrillic letter that looks like an s
                    "supabase_ürl",
                    ""
                })
        void isOddAndNeverPrinted(String found) {
            assertThat(message(SecretValidator.requiring("SUPABASE_URL"), Map.of(found, "x")))
                    .isEqualTo("Missing required secrets: SUPABASE_URL" + TAIL);
        }

        @Test
        void isOverlongAndNeverPrinted() {
            assertThat(hint("A".repeat(128), "a".repeat(128))).isPresent();
            assertThat(hint("A".repeat(129), "a".repeat(129))).isEmpty();
        }

        @Test
        void isNearToBothTheNameAndItsFile() {
            assertThat(hints(List.of("DB_PASSWORD"), "DB_PASWORD", "DB_PASWORD_FILE"))
                    .isEmpty();
        }
    }

    @Nested
    class AHint {

        @Test
        void ofAFileThatIsNotReadSaysSo() {
            SecretValidator validator = SecretValidator.requiring("DB_PASSWORD");
            assertThat(validator
                            .check(SecretSource.of(Map.of("DB_PASSWORD_FILE", "/run/secrets/x")))
                            .problems())
                    .extracting(Problem::reason)
                    .containsExactly("found DB_PASSWORD_FILE, which only a source withFiles() reads");
            assertThat(validator
                            .check(SecretSource.of(Map.of("DB_PASSWORD_FILE", " ")))
                            .problems())
                    .extracting(Problem::reason)
                    .containsExactly("is not set");
        }

        @Test
        void ofATextFileNamesIt() {
            assertThat(message(SecretValidator.requiring("DB_PASSWORD"), Map.of("db_password.txt", "x")))
                    .endsWith("\n  DB_PASSWORD: found db_password.txt, which looks like DB_PASSWORD");
        }

        @Test
        void givesWayToWhatIsKnownToBeWrong() {
            assertThat(message(
                            SecretValidator.requiring("SUPABASE_URL"),
                            Map.of("SUPABASE_URL_FILE", "/absent", "SUPBASE_URL", "x")))
                    .endsWith("\n  SUPABASE_URL: SUPABASE_URL_FILE names a file that does not exist");
            assertThat(message(
                            SecretValidator.requiring("SUPABASE_URL", "OTHER"),
                            Map.of("SUPABASE_URL_FILE", "/absent", "SUPBASE_URL", "x")))
                    .endsWith("\n  SUPABASE_URL: SUPABASE_URL_FILE names a file that does not exist");
        }

        /** What it costs is how many names are compared: for each name a few, however many there are. */
        @Test
        void comparesFewNamesHoweverManyThereAre() {
            List<String> declared = new ArrayList<>();
            List<String> found = new ArrayList<>();
            for (int i = 0; i < 1_000; i++) {
                String word = IntStream.of(i / 100, i / 10 % 10, i % 10)
                        .mapToObj(digit -> String.valueOf((char) ('A' + digit)).repeat(3))
                        .collect(Collectors.joining());
                declared.add("SERVICE_" + word + "_API_KEY");
                found.add("SERVCE_" + word + "_API_KEY");
                declared.add("SETTING_" + i);
                found.add("SETTNG_" + i);
            }
            NearMiss names = new NearMiss(found);
            long compared = declared.stream().mapToLong(names::candidates).sum();
            assertThat(compared).isBetween(2_000L, 2_000L * 30);
            Set<String> asked = new HashSet<>();
            Map<String, String> hints = NearMiss.hints(declared, found, asked::add);
            assertThat(hints).hasSize(2_000);
            assertThat(asked).hasSize(2_000);
        }

        @Test
        void comparesOnlyShortDifferencesOfLongWords() {
            List<String> declared = List.of("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
            String sixteenLetters = "ACDEFGHIJKLMNOPRSTUVWXYZ";
            String seventeenLetters = "ACDEFGHIJKLMNOPQSTUVWXYZ";
            assertThat(NearMiss.hints(declared, List.of(sixteenLetters), name -> true))
                    .containsOnlyKeys(declared);
            assertThat(NearMiss.hints(declared, List.of(seventeenLetters), name -> true))
                    .isEmpty();
        }

        @Test
        void asksOnlyForWhatIsDeclaredOrNear() {
            Map<String, Integer> lookUps = new TreeMap<>();
            SecretSource counting = new SecretSource() {
                @Override
                public Optional<Found> find(String name) {
                    lookUps.merge(name, 1, Integer::sum);
                    return name.equals("DECLARED_NAME") ? Optional.empty() : Optional.of(new Found("x", "test"));
                }

                @Override
                public Set<String> names() {
                    return Set.of("HOME", "PATH", "DECLARD_NAME");
                }
            };
            SecretValidator.requiring("DECLARED_NAME", "OTHER").check(counting);
            assertThat(lookUps).isEqualTo(Map.of("DECLARED_NAME", 1, "OTHER", 1, "DECLARD_NAME", 1));
        }
    }
}
