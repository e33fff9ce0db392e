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
import com.microsoft.playwright.assertions.PlaywrightAssertions;
import com.microsoft.playwright.options.ColorScheme;
import com.microsoft.playwright.options.WaitUntilState;
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
    private static final int PHONE = 390;

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
        context = browser.context(width, 900, theme);
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
        return app.metric("focus_squad_rating_posts_total");
    }

    private static long kept() throws Exception {
        return app.metric("focus_squad_ratings_submitted_total");
    }

    private void choose(String rating, int person) {
        at("rate-" + rating + "-" + person).check();
    }

    // The guard

    @Test
    void aRatingForAnotherSessionShowsTheExactMessageAndSendsNothing() throws Exception {
        visit(app);
        long before = received();
        choose("green", 0);
        press("wrong-session");

        assertThat(at("rate-error")).hasText(MISMATCH);
        assertThat(at("lamp-rating")).hasAttribute("data-state", "warn");
        assertThat(at("post-count")).hasText("0");
        assertThat(at("rate-green-0")).isChecked();
        assertThat(posts).isEmpty();
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
        assertThat(at("rate-message")).isEmpty();
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
    void whatPassesTheGuardByIsRefusedByTheServer() throws Exception {
        visit(app);
        long before = received();
        long keptBefore = kept();
        press("bypass");

        assertThat(at("result-rating")).hasText("The server answered 409 SESSION_MISMATCH.");
        assertThat(at("lamp-rating")).hasAttribute("data-state", "warn");
        assertThat(at("lamp-rating")).hasAttribute("data-state", "ok");
        assertThat(posts).hasSize(1);
        assertThat(received()).isEqualTo(before + 1);
        assertThat(kept()).isEqualTo(keptBefore);
    }

    @Test
    void afterTheLastRatingThereIsNothingToBypassOrToMistake() throws Exception {
        visit(app);
        at("rate-skip").click();
        assertThat(at("rate-message")).hasText("Rating skipped.");
        press("bypass");
        assertThat(at("result-rating")).hasText("The server answered 404 NO_PENDING_RATINGS.");
        press("wrong-session");
        assertThat(at("result-rating")).containsText("Seat the next table first.");
        press("session-next");
        assertThat(at("rate-person-2")).isVisible();
        assertThat(posts).hasSize(2);
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

    // The lamps

    @Test
    void rotatingTheKeysFlipsTheLampUntilTheNewOneIsAccepted() throws Exception {
        visit(app);
        long fetches = app.status().path("keys").path("fetches").asLong();
        press("rotate");
        assertThat(at("lamp-keys")).hasAttribute("data-state", "warn");
        assertThat(at("lamp-keys")).hasAttribute("data-state", "ok");
        assertThat(at("result-keys")).containsText("A token signed with the new key was accepted");
        assertThat(app.status().path("keys").path("fetches").asLong()).isGreaterThan(fetches);
    }

    @ParameterizedTest
    @ValueSource(strings = {"down", "slow"})
    void aProviderInTroubleFlipsTheLampAndFailsNoRequest(String trouble) throws Exception {
        visit(app);
        press("provider-" + trouble);
        assertThat(at("lamp-keys")).hasAttribute("data-state", "warn");
        assertThat(at("drill-provider-" + trouble)).hasAttribute("aria-pressed", "true");
        assertThat(at("tally-keys"))
                .hasText(Pattern.compile("Requests since: [1-9]\\d* OK, 0 answered 503, 0 failed\\."));
        press("provider-up");
        assertThat(at("lamp-keys")).hasAttribute("data-state", "ok");
    }

    @Test
    void killingRedisFlipsTheLampAndStartingItFlipsItBack() throws Exception {
        visit(app);
        press("redis-kill");
        assertThat(at("lamp-redis")).hasAttribute("data-state", "error");
        assertThat(at("tally-redis")).hasText(Pattern.compile(".* [1-9]\\d* answered 503, 0 failed\\."));
        press("redis-start");
        assertThat(at("lamp-redis")).hasAttribute("data-state", "ok");
        assertThat(at("timeline")).containsText("Connected to Redis again, without a restart.");
    }

    @Test
    void aCopyWithoutTwoSecretsFlipsTheLampAndShowsItsOneMessage() throws Exception {
        visit(app);
        assertThat(at("number-secrets")).containsText("6/6");
        press("secrets-boot");
        assertThat(at("copy-output"))
                .hasText("Missing required secrets: SUPABASE_URL, LIVEKIT_API_KEY\n"
                        + "Set these environment variables before starting the application.");
        assertThat(at("number-secrets")).containsText("4/6");
        assertThat(at("lamp-secrets")).hasAttribute("data-state", "warn");
        assertThat(at("lamp-secrets")).hasAttribute("data-state", "ok");
        assertThat(at("ways")).containsText("Broken in 1 of 7 ways");
    }

    // When the server is away

    @Test
    void aPageWhoseServerDiesSaysSoAndHealsWithTheNextOne() throws Exception {
        App mortal = App.demo();
        URI url = mortal.url();
        visit(mortal);
        String old = formsSession();
        mortal.close();
        assertThat(at("notice")).containsText("The connection to the server is lost.");
        answers("failed", 15);
        assertThat(at("lamp-keys").textContent()).as("seconds later, too").isEqualTo("Unknown");
        press("rotate");
        assertThat(at("result-keys")).hasText("The server did not answer.");
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
    @CsvSource({"LIGHT,1280", "LIGHT,390", "LIGHT,320", "DARK,1280", "DARK,390", "DARK,320"})
    void axeFindsNothingAtRestNorInTheMiddleOfADrill(ColorScheme theme, int width) throws Exception {
        open(width, theme);
        visit(app);
        assertThat(Browser.violations(page)).isEmpty();
        press("redis-kill");
        assertThat(at("lamp-redis")).hasAttribute("data-state", "error");
        press("secrets-boot");
        assertThat(at("copy-output")).isVisible();
        choose("red", 0);
        choose("green", 1);
        choose("skip", 2);
        press("wrong-session");
        assertThat(at("rate-error")).hasText(MISMATCH);
        assertThat(at("tally-redis")).isVisible();
        assertThat(Browser.violations(page)).isEmpty();
        assertThat(overflow()).isZero();
    }

    @Test
    void noWidthScrollsSideways() throws Exception {
        visit(app);
        for (int width : new int[] {320, 390, 700, 768, 1024, 1280, 1920}) {
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
        tabTo("load-toggle");
        page.keyboard().press("Space");
        assertThat(at("load-toggle")).hasAttribute("aria-checked", "false");

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
    void drillsAreAnnouncedAndEveryControlHasAName() throws Exception {
        visit(app);
        assertThat(at("result-redis")).hasAttribute("role", "status");
        assertThat(at("rate-error")).hasAttribute("role", "alert");
        assertThat(page.getByRole(com.microsoft.playwright.options.AriaRole.LOG))
                .hasAttribute("aria-live", "polite");
        assertThat(at("chart-keys"))
                .hasAttribute("aria-label", Pattern.compile("Age of the keys: \\d+ of 60 seconds.*"));
        assertThat(
                        (Integer)
                                page.evaluate(
                                        "[...document.querySelectorAll('button, input')].filter((one) => !one.labels?.length && !one.textContent).length"))
                .isZero();
    }

    @Test
    void inProductionThePageShowsReadinessAndNoDrill() throws Exception {
        DemoRedis redis = new DemoRedis();
        try (DemoIdentityProvider provider = new DemoIdentityProvider();
                App production = App.production(provider, redis.url())) {
            page.navigate(production.url().toString());
            assertThat(at("notice")).containsText("This is a production instance");
            assertThat(at("lamp-redis")).hasAttribute("data-state", "ok");
            assertThat(at("lamp-keys")).hasAttribute("data-state", "ok");
            assertThat(at("drill-redis-kill")).isHidden();
            assertThat(at("rate-form")).isHidden();
            assertThat(Browser.violations(page)).isEmpty();
        } finally {
            redis.close();
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
    @CsvSource({"LIGHT,1280", "LIGHT,390", "DARK,1280", "DARK,390"})
    void thePageIsPhotographed(ColorScheme theme, int width) throws Exception {
        App shown = Screenshots.FOR_THE_DOCS ? App.demo("demo.ttl=PT24S") : app;
        try {
            int some = Screenshots.FOR_THE_DOCS ? 20 : 1;
            open(width, theme);
            visit(shown);
            answers("OK", 4 * some);
            press("secrets-boot");
            press("provider-down");
            answers("OK", 7 * some);
            press("redis-kill");
            answers("503", some);
            press("redis-start");
            press("provider-up");
            answers("OK", 9 * some);
            press("secrets-boot");
            assertThat(at("number-secrets")).containsText("4/6");
            press("wrong-session");
            assertThat(at("rate-error")).hasText(MISMATCH);
            page.evaluate("document.activeElement.blur(); scrollTo(0, 0)");
            Screenshots.take(
                    page,
                    (width == PHONE ? "phone-" : "desktop-") + theme.name().toLowerCase(Locale.ROOT));
        } finally {
            if (shown != app) {
                shown.close();
            }
        }
    }

    private void answers(String outcome, int atLeast) {
        Locator legend = page.locator("#chart-load text")
                .filter(new Locator.FilterOptions().setHasText(Pattern.compile("^" + outcome + " \\d+$")));
        page.waitForCondition(() -> Integer.parseInt(legend.textContent().substring(outcome.length() + 1)) >= atLeast);
    }
}
