package dev.hardening.example;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.microsoft.playwright.APIResponse;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Request;
import com.microsoft.playwright.Route;
import com.microsoft.playwright.assertions.LocatorAssertions;
import com.microsoft.playwright.assertions.PlaywrightAssertions;
import com.microsoft.playwright.options.AriaRole;
import com.microsoft.playwright.options.ColorScheme;
import com.microsoft.playwright.options.ForcedColors;
import com.microsoft.playwright.options.WaitUntilState;
import dev.hardening.testing.RedisServer;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The page in a real browser, on the packaged app. Whatever a test does: nothing leaves the origin, nothing is blocked. */
class PageIT {

    private static final String MISMATCH = "Session mismatch: cannot rate a different session";
    private static final String PENDING = "**/api/v1/sessions/pending-ratings";
    private static final String RATE = "**/api/v1/sessions/*/rate";
    private static final int DESKTOP = 1280;
    private static final int PHONE = 360;

    private static Browser browser;
    private static App app;

    private final List<String> requests = new CopyOnWriteArrayList<>();
    private final List<String> posts = new CopyOnWriteArrayList<>();
    private final List<String> complaints = new CopyOnWriteArrayList<>();
    private BrowserContext context;
    private Page page;

    @BeforeAll
    static void start() throws Exception {
        browser = Browser.open();
        PlaywrightAssertions.setDefaultAssertionTimeout(30_000);
        app = App.demo();
    }

    @AfterAll
    static void stop() throws Exception {
        if (app != null) {
            app.close();
        }
        if (browser != null) {
            browser.close();
        }
    }

    @BeforeEach
    void everyPartAsItWas() throws Exception {
        app.drill("reset", "{}");
        await().until(() -> app.ready().path("status").asText().equals("UP"));
        open(DESKTOP, ColorScheme.LIGHT);
    }

    @AfterEach
    void nothingLeftTheOriginAndNothingWasBlocked() {
        context.close();
        assertThat(requests).isNotEmpty().allSatisfy(url -> assertThat(url).startsWith("http://localhost:"));
        assertThat(complaints).isEmpty();
    }

    private void open(int width, ColorScheme theme) {
        if (context != null) {
            context.close();
        }
        context = browser.context(width, width < DESKTOP ? 740 : 800, theme);
        context.setDefaultTimeout(30_000);
        context.addInitScript(
                "addEventListener('securitypolicyviolation', (event) => console.error('blocked: ' + event.blockedURI));"
                        + "addEventListener('pageshow', (event) => { window.restored = event.persisted; });");
        context.onRequest(this::seen);
        page = context.newPage();
        page.onPageError(error -> complaints.add(error));
        page.onConsoleMessage(message -> {
            boolean answered = message.text().startsWith("Failed to load resource: the server responded");
            boolean away = message.text().contains("net::ERR_");
            if (List.of("error", "warning").contains(message.type()) && !answered && !away) {
                complaints.add(message.text());
            }
        });
    }

    private void seen(Request request) {
        requests.add(request.url());
        if (request.method().equals("POST") && request.url().contains("/api/")) {
            posts.add(request.url());
        }
    }

    private void visit(App visited) throws Exception {
        page.navigate(visited.url().toString());
        assertThat(at("lamp-redis")).hasAttribute("data-state", "ok");
        assertThat(at("rate-person-2")).isVisible();
    }

    private Locator at(String testId) {
        return page.getByTestId(testId);
    }

    private void press(String drill) {
        at("drill-" + drill).click();
    }

    private String formsSession() {
        return at("rate-form").getAttribute("data-session");
    }

    private static String pendingSession() throws Exception {
        return App.json(app.get("/api/v1/sessions/pending-ratings", app.token("ada")))
                .path("pending")
                .path("session_id")
                .asText();
    }

    private static long received() throws Exception {
        return app.metric("rating_posts_total");
    }

    private static long kept() throws Exception {
        return app.metric("rating_kept_total");
    }

    /** Waits until a drill's mark is filled: the page saw the failure in one lane, and the recovery in the other. */
    private void awaitSeen(String drill) {
        // Some drills start processes.
        assertThat(at("drill-" + drill))
                .hasAttribute("data-seen", "true", new LocatorAssertions.HasAttributeOptions().setTimeout(120_000));
    }

    private void assertLanes(String card, String hardened, String plain) {
        assertThat(at("lane-" + card + "-hardened")).hasAttribute("data-state", hardened);
        assertThat(at("lane-" + card + "-plain")).hasAttribute("data-state", plain);
    }

    private void choose(String rating, int person) {
        at("rate-" + rating + "-" + person).check();
    }

    // The guard

    @Test
    void aRatingForAnotherSessionSendsNothing() throws Exception {
        visit(app);
        long before = received();
        choose("green", 0);
        press("wrong-session");

        assertThat(at("rate-error")).hasText(MISMATCH);
        awaitSeen("wrong-session");
        assertLanes("rating", "ok", "error");
        assertThat(at("post-count")).hasText("0");
        assertThat(at("rate-green-0")).isChecked();
        assertThat(posts.stream().filter(url -> !url.contains("/plain/"))).isEmpty();
        assertThat(received()).isEqualTo(before);
    }

    @Test
    void aDoubleClickSendsOnce() throws Exception {
        visit(app);
        long before = received();
        long keptBefore = kept();
        List<Route> held = new CopyOnWriteArrayList<>();
        page.route(RATE, held::add);
        choose("green", 0);
        choose("green", 1);
        at("rate-submit").dblclick();
        page.waitForCondition(() -> !held.isEmpty());
        at("rate-form").dispatchEvent("submit");
        held.forEach(Route::resume);

        assertThat(at("rate-message")).hasText("Thank you for rating.");
        assertThat(posts).hasSize(1);
        assertThat(at("post-count")).hasText("1");
        assertThat(received()).isEqualTo(before + 1);
        assertThat(kept()).isEqualTo(keptBefore + 2);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aSessionThatChangesMidFlightLeavesTheNewFormAlone(boolean arrivedBefore) throws Exception {
        visit(app);
        String old = formsSession();
        List<Runnable> release = new ArrayList<>();
        page.route(RATE, route -> {
            if (arrivedBefore) {
                APIResponse answer = route.fetch();
                release.add(() -> route.fulfill(new Route.FulfillOptions().setResponse(answer)));
            } else {
                release.add(route::resume);
            }
        });
        choose("green", 0);
        at("rate-submit").click();
        page.waitForCondition(() -> !release.isEmpty());
        app.drill("session/next", "{}");
        assertThat(at("rate-form")).not().hasAttribute("data-session", old);
        choose("red", 1);
        at("reason-text-1").fill("Was never there");
        release.get(0).run();

        assertThat(at("rate-submit")).isEnabled();
        assertThat(at("rate-form")).hasAttribute("data-session", pendingSession());
        assertThat(at("rate-red-1")).isChecked();
        assertThat(at("reason-text-1")).hasValue("Was never there");
        assertThat(at("rate-error")).isEmpty();
        assertThat(at("rate-message")).containsText("Another session is open now.");
        at("rate-submit").click();
        page.waitForCondition(() -> release.size() == 2);
        release.get(1).run();
        assertThat(at("rate-message")).hasText("Thank you for rating.");
    }

    @Test
    void comingBackWithTheBackButtonAsksAgain() throws Exception {
        visit(app);
        String old = formsSession();
        page.navigate(app.url() + "/metrics");
        app.drill("session/next", "{}");
        requests.clear();
        page.goBack(new Page.GoBackOptions().setWaitUntil(WaitUntilState.COMMIT));

        assertThat(at("rate-form")).hasAttribute("data-session", pendingSession());
        assertThat((Boolean) page.evaluate("restored"))
                .as("from the back/forward cache")
                .isTrue();
        assertThat(requests).anySatisfy(url -> assertThat(url).endsWith("/pending-ratings"));
        assertThat(formsSession()).isNotEqualTo(old);
    }

    @Test
    void aBypassIsRefusedByTheServerAndStoredByThePlainOne() throws Exception {
        visit(app);
        long keptBefore = kept();
        press("bypass");
        awaitSeen("bypass");
        assertThat(at("lane-rating-hardened")).containsText("The server answered 409 SESSION_MISMATCH.");
        assertThat(at("lane-rating-plain")).containsText("The server stored 3 ratings for another session.");
        assertThat(kept()).isEqualTo(keptBefore);
    }

    @Test
    void aDoubleClickIsOnePostInOneLaneAndTwoInTheOther() throws Exception {
        visit(app);
        press("double-click");
        awaitSeen("double-click");
        assertLanes("rating", "ok", "error");
        assertThat(at("lane-rating-hardened")).containsText("1 POST (the second press was busy), 3 ratings kept.");
        assertThat(at("lane-rating-plain")).containsText("2 POSTs, 6 ratings stored for 3 people.");
    }

    @Test
    void aLostAnswerIsAskedForAgainAndKeptOnce() throws Exception {
        visit(app);
        long before = kept();
        press("lost-answer");
        awaitSeen("lost-answer");
        assertThat(at("lane-rating-hardened")).containsText("Both tries carried the same Idempotency-Key");
        assertThat(at("lane-rating-plain")).containsText("6 ratings for 3 people.");
        assertThat(at("rate-message")).hasText("Thank you for rating.");
        assertThat(kept()).isEqualTo(before + 3);
    }

    @Test
    void aStaleTabIsToldSoAndGoesOn() throws Exception {
        visit(app);
        press("stale-tab");
        awaitSeen("stale-tab");
        assertThat(at("lane-rating-plain")).containsText("Stored again: 6 ratings for 3 people.");
        assertThat(at("rate-error")).containsText("given already");
        press("session-next");
        assertThat(at("rate-person-2")).isVisible();
    }

    private void rateOneInAnotherTab() throws Exception {
        Page other = context.newPage();
        other.navigate(app.url().toString());
        other.getByTestId("rate-green-0").check();
        other.getByTestId("rate-submit").click();
        assertThat(other.getByTestId("rate-message")).hasText("Thank you for rating.");
    }

    @Test
    void anotherTabThatRatedFirstRefreshesThisOne() throws Exception {
        visit(app);
        rateOneInAnotherTab();
        choose("green", 0);
        choose("red", 1);
        at("reason-text-1").fill("Left after ten minutes");
        at("rate-submit").click();
        assertThat(at("rate-error")).containsText("given already");
        assertThat(page.locator(".person")).hasCount(2);
        // What was filled in for somebody who is still to be rated is there.
        assertThat(at("rate-red-0")).isChecked();
        assertThat(at("reason-text-0")).hasValue("Left after ten minutes");
        at("rate-submit").click();
        assertThat(at("rate-message")).hasText("Thank you for rating.");
    }

    @Test
    void aDrillOfAStaleTabAsksWhatIsOpenFirst() throws Exception {
        visit(app);
        rateOneInAnotherTab();
        press("double-click");
        awaitSeen("double-click");
        assertThat(at("lane-rating-hardened")).containsText("1 POST (the second press was busy), 2 ratings kept.");
    }

    @Test
    void aPageCountsFromItsOwnBeginning() throws Exception {
        visit(app);
        choose("green", 0);
        at("rate-submit").click();
        assertThat(at("post-count")).hasText("1");
        assertThat(at("server-post-count")).hasText("1");
        page.reload();
        assertThat(at("post-count")).hasText("0");
        assertThat(at("server-post-count")).hasText("0");
    }

    @Test
    void aDraftComesBackWithItsSession() throws Exception {
        visit(app);
        String first = formsSession();
        List<String> bodies = new CopyOnWriteArrayList<>();
        APIResponse answer = context.request().get(app.url() + "/metrics");
        assertThat(answer.ok()).isTrue();
        choose("red", 1);
        at("reason-text-1").fill("Was never there");
        List<String> answers = new CopyOnWriteArrayList<>();
        page.route(PENDING, route -> {
            APIResponse real = route.fetch();
            answers.add(real.text());
            String body = bodies.isEmpty() ? real.text() : bodies.get(0);
            route.fulfill(new Route.FulfillOptions()
                    .setContentType("application/json")
                    .setBody(body));
        });
        press("session-next");
        assertThat(at("rate-form")).not().hasAttribute("data-session", first);
        assertThat(at("rate-message")).containsText("What you had filled in is kept");
        assertThat(at("rate-red-1")).not().isChecked();
        bodies.add(answers.get(answers.size() - 1)
                .replaceAll("\"session_id\":\"[^\"]*\"", "\"session_id\":\"" + first + "\""));
        app.drill("session/next", "{}");
        assertThat(at("rate-form")).hasAttribute("data-session", first);
        assertThat(at("rate-red-1")).isChecked();
        assertThat(at("reason-text-1")).hasValue("Was never there");
    }

    @Test
    void aLostAnswerKeepsItsKeyOverAnotherSession() throws Exception {
        visit(app);
        String first = formsSession();
        long before = kept();
        List<String> keys = new CopyOnWriteArrayList<>();
        page.route(RATE, route -> {
            keys.add(String.valueOf(route.request().headerValue("Idempotency-Key")));
            if (keys.size() == 1) {
                APIResponse lost = route.fetch();
                assertThat(lost.ok()).isTrue();
                route.abort();
            } else {
                route.resume();
            }
        });
        choose("green", 0);
        at("rate-submit").click();
        assertThat(at("rate-error")).not().isEmpty();
        press("session-next");
        assertThat(at("rate-form")).not().hasAttribute("data-session", first);
        page.route(PENDING, route -> {
            String body = route.fetch().text();
            route.fulfill(new Route.FulfillOptions()
                    .setContentType("application/json")
                    .setBody(body.replaceAll("\"session_id\":\"[^\"]*\"", "\"session_id\":\"" + first + "\"")));
        });
        app.drill("session/next", "{}");
        assertThat(at("rate-form")).hasAttribute("data-session", first);
        assertThat(at("rate-green-0")).isChecked();
        at("rate-submit").click();
        assertThat(at("rate-message")).hasText("Thank you for rating.");
        assertThat(keys).hasSize(2);
        assertThat(keys.get(1)).isEqualTo(keys.get(0));
        assertThat(kept()).isEqualTo(before + 1);
    }

    @Test
    void aButtonPressedAgainMeanwhileSendsOneRequest() throws Exception {
        visit(app);
        List<Route> held = new CopyOnWriteArrayList<>();
        page.route("**/drill/session/next", held::add);
        at("drill-session-next").dblclick();
        page.waitForCondition(() -> !held.isEmpty());
        at("drill-session-next").click();
        held.forEach(Route::resume);
        assertThat(at("drill-session-next")).not().hasAttribute("aria-busy", "true");
        assertThat(held).hasSize(1);
    }

    @Test
    void aRedRatingWithoutAReasonIsNotSent() throws Exception {
        visit(app);
        choose("red", 0);
        at("rate-submit").click();
        assertThat(at("rate-error")).hasText("Give a reason for each red rating.");
        assertThat(posts).isEmpty();
        at("reason-left_early-0").check();
        at("rate-submit").click();
        assertThat(at("rate-message")).hasText("Thank you for rating.");
    }

    @Test
    void whatIsFilledInWhileTheAnswerIsOnItsWayStays() throws Exception {
        visit(app);
        choose("green", 0);
        page.route("**/rate", route -> {
            APIResponse real = route.fetch();
            choose("red", 2);
            at("reason-text-2").fill("Left after ten minutes");
            route.fulfill(new Route.FulfillOptions().setResponse(real));
        });
        at("rate-submit").click();
        assertThat(at("rate-message")).hasText("Thank you for rating.");
        assertThat(page.locator(".person")).hasCount(2);
        assertThat(at("rate-red-1")).isChecked();
        assertThat(at("reason-text-1")).hasValue("Left after ten minutes");
        assertThat(at("rate-green-0")).not().isChecked();
    }

    @Test
    void anAnswerThatIsCutOffIsAskedForAgain() throws Exception {
        visit(app);
        long before = kept();
        choose("green", 0);
        page.route("**/rate", route -> {
            String real = route.fetch().text();
            route.fulfill(new Route.FulfillOptions()
                    .setContentType("application/json")
                    .setBody(real.substring(0, real.length() / 2)));
        });
        at("rate-submit").click();
        assertThat(at("rate-error")).containsText("cut off");
        assertThat(at("rate-green-0")).isChecked();
        page.unroute("**/rate");
        at("rate-submit").click();
        assertThat(at("rate-message")).hasText("Thank you for rating.");
        assertThat(kept()).isEqualTo(before + 1);
    }

    @Test
    void ratingsThatCannotBeReadAfterwardsAreReadLater() throws Exception {
        visit(app);
        choose("green", 0);
        page.route(PENDING, route -> route.abort());
        at("rate-submit").click();
        assertThat(at("rate-message")).hasText("Thank you for rating.");
        assertThat(page.locator("#rate-intro")).containsText("Trying again");
        page.unroute(PENDING);
        assertThat(page.locator(".person")).hasCount(2);
    }

    @Test
    void aFormThatCouldNotBeSentIsKeptAndSentLater() throws Exception {
        visit(app);
        choose("green", 0);
        choose("red", 2);
        at("reason-text-2").fill("Left after ten minutes");
        press("redis-kill");
        assertThat(at("lamp-redis")).hasAttribute("data-state", "error");
        at("rate-submit").click();
        assertThat(at("rate-error")).hasText("Ratings cannot be read or kept right now; try again.");
        assertThat(at("reason-text-2")).hasValue("Left after ten minutes");
        press("redis-start");
        assertThat(at("lamp-redis")).hasAttribute("data-state", "ok");
        at("rate-submit").click();
        assertThat(at("rate-message")).hasText("Thank you for rating.");
    }

    // Both lanes

    @Test
    void aRotationIsAcceptedInOneLaneAndRefusedInTheOther() throws Exception {
        visit(app);
        assertThat(at("drill-rotate")).hasAttribute("data-seen", "false");
        press("rotate");
        awaitSeen("rotate");
        assertLanes("keys", "ok", "error");
        assertThat(at("lane-keys-hardened")).containsText("New sign-ins accepted");
        assertThat(at("lane-keys-plain")).containsText("refused with 401");
        assertThat(at("tally-plain")).containsText("401, signed out");
        assertThat(at("progress")).hasText("1 of 12 seen");
    }

    @Test
    void aWithdrawnKeyIsRefusedInOneLaneOnly() throws Exception {
        try (App quick = App.demo("demo.ttl=PT8S")) {
            visit(quick);
            press("rotate-hard");
            awaitSeen("rotate-hard");
            assertThat(at("lane-keys-hardened")).containsText("The stolen token is refused since");
            assertThat(at("lane-keys-plain")).containsText("The stolen token was accepted");
        }
    }

    @Test
    void anOutageDuringARotationEndsByItselfInOneLaneOnly() throws Exception {
        visit(app);
        press("outage");
        assertThat(at("lane-keys-hardened")).containsText(Pattern.compile("New sign-ins: [1-9]\\d* × 503"));
        assertThat(at("lamp-keys")).hasAttribute("data-state", "warn");
        assertThat(at("drill-outage")).hasAttribute("data-seen", "false");
        press("provider-up");
        awaitSeen("outage");
        assertLanes("keys", "ok", "error");
        assertThat(at("lamp-keys")).hasAttribute("data-state", "ok");
    }

    @ParameterizedTest
    @ValueSource(strings = {"down", "slow"})
    void aProviderInTroubleFailsNothingAndFillsNoMark(String trouble) throws Exception {
        visit(app);
        press("provider-" + trouble);
        assertThat(at("lamp-keys")).hasAttribute("data-state", "warn");
        assertThat(at("drill-provider-" + trouble)).hasAttribute("aria-pressed", "true");
        assertThat(at("lane-keys-hardened")).containsText(Pattern.compile("[1-9]\\d+ requests OK, 0 failed"));
        assertThat(at("progress")).hasText("0 of 12 seen");
        press("provider-up");
        assertThat(at("lamp-keys")).hasAttribute("data-state", "ok");
    }

    @Test
    void killingRedisIs503InOneLaneAndHangsInTheOther() throws Exception {
        visit(app);
        press("redis-kill");
        assertThat(at("lamp-redis")).hasAttribute("data-state", "error");
        assertThat(at("lane-redis-hardened"))
                .containsText(Pattern.compile("[1-9]\\d* requests? answered 503 at once, 0 without"));
        assertThat(at("lane-redis-plain")).containsText(Pattern.compile("[1-9]\\d* requests? without an answer"));
        assertThat(at("drill-redis-kill")).hasAttribute("data-seen", "false");
        press("bypass");
        assertThat(at("lane-rating-plain"))
                .containsText("The drill did not run: it needs Redis. Start it again first.");
        press("redis-start");
        awaitSeen("redis-kill");
        assertThat(at("lamp-redis")).hasAttribute("data-state", "ok");
        assertLanes("redis", "ok", "error");
        assertThat(at("timeline")).containsText("Connected to Redis again, without a restart.");
    }

    @Test
    void copiesWithoutTwoSecretsRefuseAndFailLater() throws Exception {
        visit(app);
        press("secrets-boot");
        awaitSeen("secrets-boot");
        assertThat(at("copy-output"))
                .hasText("Missing required secrets: SUPABASE_URL, LIVEKIT_API_KEY\n"
                        + "Set these environment variables before starting the application.");
        assertThat(at("lane-secrets-hardened")).containsText("exit code 78");
        assertThat(at("lane-secrets-plain"))
                .containsText("Started, health says 200. The first signed-in request: 500.");
    }

    @Test
    void aRedeployLosesNothingInOneLane() throws Exception {
        visit(app);
        press("redeploy");
        awaitSeen("redeploy");
        assertThat(at("lane-rating-hardened")).containsText(", 0 lost.");
        assertLanes("rating", "ok", "error");
    }

    @Test
    void copiesBeforeTheirRedisWaitOrDie() throws Exception {
        visit(app);
        press("redis-late");
        awaitSeen("redis-late");
        assertLanes("redis", "ok", "error");
    }

    @Test
    void aDrillThatDidNotRunFillsNoMark() throws Exception {
        visit(app);
        page.route("**/drill/secrets/boot", route -> route.abort());
        press("secrets-boot");
        assertThat(at("lane-secrets-hardened")).containsText("The drill did not run");
        assertThat(at("drill-secrets-boot")).hasAttribute("data-seen", "false");
        assertThat(at("progress")).hasText("0 of 12 seen");
    }

    @Test
    void sevenTabsShareOneStreamAndNoneStarves() throws Exception {
        visit(app);
        app.drill("reset", "{}");
        String before = "New tables, and every part as it was.";
        assertThat(at("timeline")).containsText(before);
        List<Page> tabs = new ArrayList<>();
        for (int number = 0; number < 6; number++) {
            Page tab = context.newPage();
            tab.navigate(app.url().toString());
            tabs.add(tab);
        }
        for (Page tab : tabs) {
            assertThat(tab.getByTestId("lamp-redis")).hasAttribute("data-state", "ok");
            assertThat(tab.getByTestId("tally-hardened")).containsText("OK");
            assertThat(tab.getByTestId("timeline")).containsText(before);
        }
        assertThat(requests.stream().filter(url -> url.endsWith("/drill/events")))
                .hasSize(1);
        page.close();
        app.drill("redis/kill", "{}");
        for (Page tab : tabs) {
            assertThat(tab.getByTestId("lamp-redis")).hasAttribute("data-state", "error");
        }
        app.drill("redis/start", "{}");
        page = tabs.get(0);
    }

    // What one would install

    @ParameterizedTest
    @CsvSource({
        "secrets,hardening-config,config",
        "keys,hardening-jwks,jwks",
        "redis,hardening-redis,redis",
        "rating,hardening-rating-guard,rating-guard"
    })
    void eachCardShowsItsDependencyAndItsPage(String card, String artifact, String docs) throws Exception {
        visit(app);
        context.grantPermissions(List.of("clipboard-read", "clipboard-write"));
        String line = "<dependency><groupId>dev.hardening</groupId><artifactId>" + artifact + "</artifactId><version>"
                + WebServer.version() + "</version></dependency>";
        assertThat(at("dependency-" + card)).hasText(line);
        at("copy-" + card).click();
        assertThat(page.locator("#card-" + card + " .copied")).hasText("Copied");
        assertThat(page.evaluate("navigator.clipboard.readText()")).isEqualTo(line);
        at("page-" + card).click();
        assertThat(page).hasURL(app.url() + "/docs/" + docs);
        assertThat(page.locator("h1")).containsText(artifact);
    }

    // The screen

    @Test
    void at1280TheHeroIsOneLineAndTheLoadStaysInSight() throws Exception {
        visit(app);
        assertThat(height(".hero")).isLessThanOrEqualTo(56);
        for (String card : List.of("secrets", "keys", "redis", "rating")) {
            page.locator("#card-" + card).scrollIntoViewIfNeeded();
            assertThat(page.locator("#load-hardened"))
                    .isInViewport(new LocatorAssertions.IsInViewportOptions().setRatio(1));
            assertThat(page.locator("#load-plain"))
                    .isInViewport(new LocatorAssertions.IsInViewportOptions().setRatio(1));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"secrets", "keys", "redis", "rating"})
    void at360ACardItsDrillAndItsEffectShareAScreen(String card) throws Exception {
        open(PHONE, ColorScheme.LIGHT);
        visit(app);
        double used = ((Number) page.evaluate(
                        "card => { const top = document.querySelector(`#card-${card}`).getBoundingClientRect().top;"
                                + "const end = document.querySelector(`#card-${card} .lanes`).getBoundingClientRect().bottom;"
                                + "return end - top + document.querySelector('.load').offsetHeight; }",
                        card))
                .doubleValue();
        assertThat(used)
                .as("the load, and the card from its title to its lanes")
                .isLessThanOrEqualTo(740);
    }

    private int height(String selector) {
        return ((Number) page.locator(selector).evaluate("node => node.offsetHeight")).intValue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"rotate", "redis-kill", "double-click"})
    void theFocusIsNotUnderTheLoad(String drill) throws Exception {
        open(PHONE, ColorScheme.LIGHT);
        visit(app);
        page.evaluate("scrollTo(0, document.body.scrollHeight)");
        at("drill-" + drill).focus();
        Number end = (Number) page.evaluate("document.querySelector('.load').getBoundingClientRect().bottom");
        assertThat(at("drill-" + drill).boundingBox().y).isGreaterThanOrEqualTo(end.doubleValue());
    }

    @Test
    void forcedColoursKeepEveryMark() throws Exception {
        page.emulateMedia(new Page.EmulateMediaOptions().setForcedColors(ForcedColors.ACTIVE));
        visit(app);
        press("redis-kill");
        assertThat(at("lane-redis-plain")).hasAttribute("data-state", "error");
        // Each outcome of the strips and each state of a lane has a shape and a colour that differ from the ground.
        for (String mark : List.of("#load-hardened .ok", "#load-hardened .unavailable", "#load-plain .no-answer")) {
            assertThat(
                            (Boolean)
                                    page.locator(mark)
                                            .first()
                                            .evaluate(
                                                    "node => { const look = getComputedStyle(node);"
                                                            + "const ground = getComputedStyle(document.body).backgroundColor;"
                                                            + "return [look.fill, look.stroke].some((colour) => colour !== 'none' && colour !== ground); }"))
                    .as(mark)
                    .isTrue();
        }
        for (String icon : List.of("[data-testid=lane-redis-plain] .icon", "[data-testid=lamp-redis] .icon")) {
            assertThat(page.locator(icon)).isVisible();
        }
    }

    // When the server is away

    @Test
    void aPageWhoseServerDiesGoesOnWithTheNextOne() throws Exception {
        App mortal = App.demo();
        URI url = mortal.url();
        visit(mortal);
        String old = formsSession();
        mortal.close();
        assertThat(at("notice")).containsText("The connection to the server is lost.");
        assertThat(at("lamp-keys")).containsText("Unknown");
        press("rotate");
        assertThat(at("lane-keys-hardened")).containsText("The server did not answer.");
        try (App next = App.demo("port=" + url.getPort())) {
            assertThat(next.url()).isEqualTo(url);
            assertThat(at("notice")).isHidden();
            assertThat(at("lamp-keys")).hasAttribute("data-state", "ok");
            assertThat(at("rate-form")).not().hasAttribute("data-session", old);
            choose("green", 0);
            at("rate-submit").click();
            assertThat(at("rate-message")).hasText("Thank you for rating.");
        }
    }

    @Test
    void ratingsThatCannotBeReadYetAreReadLater() throws Exception {
        app.drill("redis/kill", "{}");
        page.navigate(app.url().toString());
        assertThat(page.locator("#rate-intro")).containsText("Trying again");
        app.drill("redis/start", "{}");
        assertThat(at("rate-person-2")).isVisible();
    }

    // For everybody

    @ParameterizedTest
    @CsvSource({"LIGHT,1280", "LIGHT,360", "DARK,1280", "DARK,360"})
    void axeFindsNothingAtRestNorInTheMiddleOfADrill(ColorScheme theme, int width) throws Exception {
        open(width, theme);
        visit(app);
        assertThat(Browser.violations(page)).isEmpty();
        press("redis-kill");
        assertThat(at("lane-redis-plain")).hasAttribute("data-state", "error");
        choose("red", 0);
        choose("green", 1);
        choose("skip", 2);
        at("rate-submit").click();
        assertThat(at("rate-error")).hasText("Give a reason for each red rating.");
        assertThat(Browser.violations(page)).isEmpty();
        assertThat(overflow()).isZero();
    }

    @Test
    void noWidthScrollsSideways() throws Exception {
        visit(app);
        for (int width : new int[] {320, 360, 700, 768, 1024, 1280, 1920}) {
            page.setViewportSize(width, 900);
            assertThat(overflow()).as("at %d px", width).isZero();
        }
    }

    private int overflow() {
        return (Integer) page.evaluate("document.documentElement.scrollWidth - innerWidth");
    }

    @Test
    void longAndHostileNamesAreOnlyText() throws Exception {
        open(320, ColorScheme.LIGHT);
        List<String> names =
                List.of("Wolfeschlegelsteinhausenbergerdorff".repeat(4), "<img src=x onerror=alert(1)>", "\u202eمرحبا");
        page.route(
                PENDING,
                route -> route.fulfill(new Route.FulfillOptions()
                        .setContentType("application/json")
                        .setBody(pendingOf(names))));
        visit(app);
        for (int person = 0; person < names.size(); person++) {
            assertThat(at("rate-person-" + person).locator("legend").first()).hasText(names.get(person));
        }
        assertThat(page.locator("main img").count()).isZero();
        assertThat(overflow()).isZero();
    }

    private static String pendingOf(List<String> names) {
        List<Map<String, String>> people = new ArrayList<>();
        names.forEach(name -> people.add(Map.of("user_id", "person-" + people.size(), "name", name)));
        return new ObjectMapper()
                .valueToTree(Map.of(
                        "has_pending",
                        true,
                        "pending",
                        Map.of("session_id", "s", "rateable_users", people, "expires_at", "2026-11-25T00:00:00Z")))
                .toString();
    }

    @Test
    void theKeyboardAloneDrivesDrillsAndForm() throws Exception {
        visit(app);
        page.keyboard().press("Tab");
        assertThat(page.locator(".skip-link")).isFocused();
        assertThat(page.locator(".skip-link")).isInViewport();
        page.keyboard().press("Enter");
        assertThat(page.locator("main")).isFocused();

        tabTo("drill-provider-down");
        page.keyboard().press("Enter");
        assertThat(at("lamp-keys")).hasAttribute("data-state", "warn");
        assertThat(at("drill-provider-down")).isFocused();
        tabTo("drill-provider-up");
        page.keyboard().press("Space");
        assertThat(at("lamp-keys")).hasAttribute("data-state", "ok");

        tabTo("rate-green-0");
        page.keyboard().press("Space");
        assertThat(at("rate-green-0")).isChecked();
        page.keyboard().press("ArrowRight");
        assertThat(at("rate-red-0")).isChecked();
        tabTo("reason-text-0");
        page.keyboard().type("Hummed all the time");
        page.keyboard().press("Enter");
        assertThat(at("rate-message")).hasText("Thank you for rating.");
        assertThat(posts).hasSize(1);
    }

    private void tabTo(String testId) {
        for (int step = 0; step < 40; step++) {
            page.keyboard().press("Tab");
            if ((Boolean) page.evaluate("id => document.activeElement?.dataset.testid === id", testId)) {
                return;
            }
        }
        throw new AssertionError("the keyboard does not reach " + testId);
    }

    @Test
    void theLoadCanBePaused() throws Exception {
        visit(app);
        at("load-toggle").click();
        assertThat(at("load-toggle")).hasAttribute("aria-checked", "false");
        at("load-toggle").click();
        assertThat(at("load-toggle")).hasAttribute("aria-checked", "true");
    }

    @Test
    void aDrillSaysThatTheLoadIsOff() throws Exception {
        visit(app);
        at("load-toggle").click();
        assertThat(at("load-toggle")).hasAttribute("aria-checked", "false");
        press("rotate-hard");
        assertThat(at("lane-keys-hardened")).containsText("The load is off");
        assertThat(at("lane-keys-plain")).containsText("The load is off");
        at("load-toggle").click();
        awaitSeen("rotate-hard");
    }

    @Test
    void aProviderThatIsDownCanBeRotated() throws Exception {
        visit(app);
        press("provider-down");
        assertThat(at("lane-keys-plain")).containsText("Now rotate them");
        press("rotate");
        assertThat(at("lane-keys-plain")).containsText("refused with 401");
        assertThat(at("lane-keys-hardened")).containsText("Now press Up");
        press("provider-up");
        awaitSeen("rotate");
    }

    @Test
    void anotherNameOfThisMachineIsToldTheReason() throws Exception {
        page.navigate("http://demo.localhost:" + app.url().getPort() + "/");
        assertThat(at("notice"))
                .containsText("Open http://localhost:" + app.url().getPort() + "/ instead.");
        requests.removeIf(url -> url.startsWith("http://demo.localhost:"));
        visit(app);
    }

    @ParameterizedTest
    @ValueSource(strings = {"rate-submit", "rate-skip"})
    void theFocusStaysAtTheFormThatWasSent(String button) throws Exception {
        visit(app);
        for (int person = 0; person < 3; person++) {
            choose("green", person);
        }
        at(button).focus();
        page.keyboard().press("Enter");
        assertThat(at("rate-person-2")).hasCount(0);
        assertThat(page.locator("#h-rate")).isFocused();
    }

    @Test
    void theFocusStaysAtTheFormWhenTheNextSessionBegins() throws Exception {
        visit(app);
        at("rate-green-0").focus();
        String before = formsSession();
        app.drill("session/next", "{}");
        assertThat(at("rate-form")).not().hasAttribute("data-session", before);
        assertThat(page.locator("#h-rate")).isFocused();
    }

    @Test
    void aLostSkipIsNotCalledARating() throws Exception {
        visit(app);
        choose("green", 0);
        page.route("**/rate/skip", route -> {
            route.fetch();
            route.abort();
        });
        at("rate-skip").click();
        assertThat(at("rate-error")).not().isEmpty();
        at("rate-submit").click();
        assertThat(at("rate-error")).containsText("Your first try had arrived already");
    }

    @Test
    void theDocumentationFitsANarrowScreen() throws Exception {
        open(320, ColorScheme.LIGHT);
        for (String docs : List.of("benchmarks", "scale", "rating-guard")) {
            page.navigate(app.url() + "/docs/" + docs);
            assertThat(overflow()).as(docs).isZero();
        }
    }

    @Test
    void drillsAreAnnouncedAndEveryControlHasAName() throws Exception {
        visit(app);
        assertThat(page.locator("#card-redis .lanes")).hasAttribute("role", "status");
        assertThat(at("rate-error")).hasAttribute("role", "alert");
        assertThat(page.getByRole(AriaRole.LOG)).hasAttribute("aria-live", "polite");
        assertThat(at("load-hardened")).hasAttribute("aria-label", Pattern.compile("Last minute: \\d+ OK.*"));
        assertThat((Integer) page.evaluate("[...document.querySelectorAll('button, input')]"
                        + ".filter((one) => !one.labels?.length && !one.textContent).length"))
                .isZero();
    }

    @Test
    void inProductionThePageShowsReadinessAndNoDrill() throws Exception {
        try (RedisServer redis = RedisServer.start();
                DemoIdentityProvider provider = new DemoIdentityProvider();
                App production = App.production(provider, redis.uri())) {
            page.navigate(production.url().toString());
            assertThat(at("notice")).containsText("This is a production instance");
            assertThat(at("lamp-redis")).hasAttribute("data-state", "ok");
            assertThat(at("lamp-keys")).hasAttribute("data-state", "ok");
            assertThat(at("drill-redis-kill")).isHidden();
            assertThat(at("rate-form")).isHidden();
            assertThat(at("copy-keys")).isHidden();
            assertThat(Browser.violations(page)).isEmpty();
        }
    }

    @Test
    void axeWouldFindAButtonWithoutAName() throws Exception {
        visit(app);
        page.evaluate("document.querySelector('main').append(document.createElement('button'))");
        assertThat(Browser.violations(page))
                .anySatisfy(found -> assertThat(found).startsWith("button-name"));
    }

    // What the documentation shows

    @ParameterizedTest
    @CsvSource({"LIGHT,1280", "LIGHT,360", "DARK,1280", "DARK,360"})
    void thePageIsPhotographed(ColorScheme theme, int width) throws Exception {
        open(width, theme);
        visit(app);
        press("rotate");
        awaitSeen("rotate");
        press("redis-kill");
        assertThat(at("lane-redis-plain")).hasAttribute("data-state", "error");
        press("redis-start");
        awaitSeen("redis-kill");
        press("double-click");
        awaitSeen("double-click");
        assertThat(at("server-post-count")).hasText("1");
        page.evaluate("document.activeElement.blur(); scrollTo(0, 0)");
        Screenshots.take(
                page, (width == PHONE ? "phone-" : "desktop-") + theme.name().toLowerCase(Locale.ROOT));
    }
}
