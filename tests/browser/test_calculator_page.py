"""The calculator in a real browser, as people use it: by mouse, by keyboard, on a phone."""

import copy
import json

import numpy as np
import pytest
from browser.barriers import barriers
from scipy.special import expit
from synthetic_nomogram import coded, grid, made

from nomoflow import nomogram
from nomoflow.calculator import calculator, render
from nomoflow.models import linear_predictor

pytestmark = pytest.mark.browser
DESKTOP, PHONE = {"width": 1200, "height": 900}, {"width": 390, "height": 844}
HOSTILE = "</script><img src=x onerror=alert(1)><b>"

# Pairs of texts in the drawing that overlap.
OVERLAPS = """() => {
    const boxes = [...document.querySelectorAll("#nomogram text")].map((node) =>
        ({ text: node.textContent, ...node.getBoundingClientRect().toJSON() }));
    return boxes.flatMap((a, i) => boxes.slice(i + 1)
        .filter((b) => a.left < b.right - 1 && b.left < a.right - 1 &&
                       a.top < b.bottom - 3 && b.top < a.bottom - 3)
        .map((b) => `${a.text} / ${b.text}`));
}"""


@pytest.fixture(scope="module")
def nomograms():
    return {kind: made(kind) for kind in ("fitted", "firth", "ml", "constant", "imputed")}


@pytest.fixture
def visit(browser, tmp_path):
    """Open a page; after the test: nothing was fetched and nothing went wrong."""
    contexts, requests, problems = [], [], []

    def at(data, size=DESKTOP, locale="en-GB"):
        path = tmp_path / f"nomogram{len(contexts)}.html"
        path.write_text(render(data), encoding="utf-8")
        context = browser.new_context(viewport=size, locale=locale)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("dialog", lambda dialog: problems.append(dialog.message))
        page.goto(path.as_uri())
        return page

    yield at
    for context in contexts:
        for page in context.pages:
            assert page.evaluate("performance.getEntriesByType('resource').length") == 0
        context.close()
    assert problems == []
    assert [url for url in requests if not url.startswith(tmp_path.as_uri())] == []
    assert len(requests) == len(contexts)


def data_of(one, **changed):
    return {**calculator(one.document, one.predictions, "ccRCC", "AML.wovf"), **changed}


def enter(page, data, values):
    """Type and choose values in natural units."""
    for i, (predictor, value) in enumerate(zip(data["predictors"], values, strict=True)):
        if predictor["kind"] == "choice":
            page.locator(f"[name=choice-{i}][value='{int(value)}']").check()
        else:
            page.fill(f"#value-{i}", repr(float(value)))


def number(page, name):
    return float(page.get_attribute(f"#{name}", "value"))


@pytest.mark.parametrize("kind", ["fitted", "firth"])
def test_what_the_page_says_is_what_the_model_says(visit, nomograms, kind):
    one = nomograms[kind]
    data = data_of(one)
    page = visit(data)
    values = grid(one, 40)
    assert values.abs().max().max() < 1e9  # no larger number is taken
    design = coded(one, values)
    eta = linear_predictor(one.model, design)
    matrix = np.column_stack([np.ones(len(design)), design])
    order = [one.model.fit.names.index(name) for name in ["(Intercept)", *one.model.terms]]
    covariance = one.model.fit.covariance[np.ix_(order, order)]
    half = 1.959963984540054 * np.sqrt(np.einsum("ij,jk,ik->i", matrix, covariance, matrix))
    totals = nomogram.points(one.terms, values).sum(axis=1)
    for i, row in enumerate(values.to_numpy()):
        enter(page, data, row)
        assert number(page, "probability") == pytest.approx(expit(eta[i]), abs=1e-9)
        assert number(page, "eta") == pytest.approx(eta[i], rel=1e-12, abs=1e-9)
        assert number(page, "total") == pytest.approx(totals[i], rel=1e-12, abs=1e-9)
        limits = [float(page.get_attribute("#ci", f"data-{end}")) for end in ("low", "high")]
        assert limits == pytest.approx(expit([eta[i] - half[i], eta[i] + half[i]]), abs=1e-9)
        called = page.inner_text("#call").startswith("Positive (ccRCC)")
        assert called == (eta[i] >= one.model.cutoff)
        if 0.001 <= expit(eta[i]) <= 0.999:
            assert page.inner_text("#probability") == f"{100 * expit(eta[i]):.1f} %"
        else:
            assert page.inner_text("#probability") in ("< 0.1 %", "> 99.9 %")


def test_nothing_is_computed_before_everything_is_entered(visit, nomograms):
    page = visit(data_of(nomograms["fitted"]))
    assert page.is_hidden("#answer")
    assert page.inner_text("#missing") == "Still to enter: Radscore, Age, Male."
    page.fill("#value-0", "0.5")
    page.fill("#value-1", "old")
    page.locator("[name=choice-2]").first.check()
    assert page.is_hidden("#answer")
    assert page.inner_text("#alert-1") == "Not a number that can be used."
    assert page.get_attribute("#value-1", "aria-invalid") == "true"
    page.fill("#value-1", "54")
    assert page.is_visible("#answer") and page.is_hidden("#missing")
    page.fill("#value-1", "")
    assert page.is_hidden("#answer")
    page.fill("#value-1", "54")
    page.click("#clear")
    assert page.is_hidden("#answer") and page.input_value("#value-1") == ""
    assert page.locator("[name=choice-2]:checked").count() == 0


def test_it_works_by_keyboard_alone(visit, nomograms):
    one = nomograms["fitted"]
    page = visit(data_of(one))
    seen, keys = [], page.keyboard

    def focused():
        return page.evaluate("document.activeElement.id || document.activeElement.name || "
                             "document.activeElement.dataset.language || ''")  # fmt: skip

    while "choice-2" not in seen:
        keys.press("Tab")
        seen.append(focused())
        if seen[-1] == "slider-0":
            keys.press("ArrowRight")
        if seen[-1] == "value-1":
            keys.type("61.5")
            keys.press("Enter")  # submits nothing
        assert len(seen) < 20, seen
    assert seen == [
        "en", "zh", "clear", "slider-0", "value-0", "slider-1", "value-1", "choice-2",
    ]  # fmt: skip
    keys.press("Space")
    keys.press("ArrowDown")
    assert page.input_value("[name=choice-2]:checked") == "1"
    slider = data_of(one)["predictors"][0]["slider"]
    middle = (float(slider["min"]) + float(slider["max"])) / 2
    radscore = float(page.input_value("#value-0"))
    assert radscore == pytest.approx(middle, abs=1.01 * float(slider["step"]))
    x = np.array([radscore, 6.15, 1.0])
    eta = one.model.intercept + x @ one.model.coefficients
    assert number(page, "probability") == pytest.approx(expit(eta), abs=1e-9)
    # the result is read out once the entries rest
    page.wait_for_timeout(1200)
    said = page.inner_text("#spoken")
    assert f"{100 * expit(eta):.1f} %" in said and "confidence interval" in said
    page.focus("#slider-1")
    keys.press("Home")
    assert page.input_value("#value-1") == data_of(one)["predictors"][1]["slider"]["min"]
    assert "years" in page.get_attribute("#slider-1", "aria-valuetext")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_extremes_are_neither_certain_nor_broken(visit, nomograms):
    data = data_of(nomograms["fitted"])
    page = visit(data)
    for value, said, p in ((1e9, "> 99.9 %", 1.0), (-1e9, "< 0.1 %", 0.0)):
        enter(page, data, [value, 54, 1])
        assert page.inner_text("#probability") == said and number(page, "probability") == p
        assert "NaN" not in page.inner_text("main")
    page.fill("#value-0", "1e300")
    assert page.is_hidden("#answer")


def test_beyond_the_development_cohort_is_said(visit, nomograms):
    data = data_of(nomograms["fitted"])
    page = visit(data)
    enter(page, data, [0.1, 54, 1])
    assert page.inner_text("#alert-1") == page.inner_text("#warn-outside") == ""
    page.fill("#value-1", "99")
    assert "Outside the range" in page.inner_text("#alert-1")
    assert page.inner_text("#warn-outside").endswith("development cohort: Age.")
    shown = page.inner_text("#hint-1")
    assert "per 10 years" in shown and "Development cohort: " in shown
    described = page.get_attribute("#value-1", "aria-describedby").split()
    assert described == ["hint-1", "alert-1"]


def test_an_unknown_value_is_replaced_where_the_model_has_one(visit, nomograms):
    one = nomograms["imputed"]
    page = visit(data_of(one))
    page.fill("#value-0", "0.2")
    page.check("#unknown-1")
    page.check("#unknown-2")
    term = one.document["models"]["nomogram"]["terms"]
    x = [0.2, term[1]["imputed"] / 10, term[2]["imputed"]]
    eta = one.model.intercept + np.array(x) @ one.model.coefficients
    assert number(page, "probability") == pytest.approx(expit(eta), abs=1e-9)
    assert "Age, Male" in page.inner_text("#warn-unknown")
    assert page.is_disabled("#value-1") and page.is_disabled("#slider-1")
    page.uncheck("#unknown-1")
    assert page.is_enabled("#value-1") and page.is_hidden("#answer")
    assert visit(data_of(nomograms["fitted"])).locator("[id^=unknown]").count() == 0


def test_a_predictor_may_have_three_levels(visit, nomograms):
    one = nomograms["fitted"]
    data = copy.deepcopy(data_of(one))
    sex = data["predictors"][2]
    sex |= {"terms": [2, 3], "levels": [
        {"label": name, "codes": codes, "points": points, "seen": True}
        for name, codes, points in (("none", [0, 0], 0), ("some", [1, 0], 5), ("much", [0, 1], 9))
    ]}  # fmt: skip
    data["coefficients"] = [*data["coefficients"], 0.7]
    data |= {"covariance": None, "no_interval": "ci_absent"}
    ticks = [[level["points"], level["label"]] for level in sex["levels"]]
    data["drawing"]["predictors"]["sex"] = {"low": 0, "high": 9, "ticks": ticks}
    page = visit(data)
    enter(page, data, [0.2, 54, 2])
    b = one.model.coefficients
    eta = one.model.intercept + b[0] * 0.2 + b[1] * 5.4 + 0.7
    assert number(page, "eta") == pytest.approx(eta, abs=1e-9)


def test_a_constant_is_the_same_for_everyone(visit, nomograms):
    page = visit(data_of(nomograms["constant"]))
    assert number(page, "probability") == pytest.approx(0.5)
    assert "the same for every patient" in page.inner_text("main")
    assert page.locator("form, svg").count() == 0 and page.is_hidden("#call")
    assert "95 % confidence interval" in page.inner_text("#ci")


def test_diverging_estimates_are_not_to_be_trusted(visit, nomograms):
    data = data_of(nomograms["ml"])
    page = visit(data)
    enter(page, data, [0.2, 54, 1])
    assert "No confidence interval" in page.inner_text("#ci")
    assert "separate the two groups" in page.inner_text(".notice >> nth=1")
    assert "no finite estimate" in page.inner_text("#reason")


def test_it_speaks_both_languages(visit, nomograms):
    data = data_of(nomograms["fitted"])
    page = visit(data)
    enter(page, data, [0.2, 54, 1])
    before = number(page, "probability")
    english = page.inner_text("main")
    page.click("[data-language=zh]")
    assert page.get_attribute("html", "lang") == "zh-Hans"
    chinese = page.inner_text("main")
    assert number(page, "probability") == before
    assert "仅供科研使用" in chinese and "年龄" in chinese and "百分位数" in chinese
    for words in json.loads(page.text_content("#data"))["words"]["texts"].values():
        if "{" not in words["en"] and len(words["en"]) > 3:
            assert words["en"] not in chinese
    page.click("[data-language=en]")
    assert page.inner_text("main") == english
    assert visit(data, locale="zh-CN").get_attribute("html", "lang") == "zh-Hans"


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [320, 390, 820])
def test_nothing_sticks_out_of_a_phone(visit, nomograms, language, width):
    data = data_of(nomograms["imputed"])
    page = visit(data, {"width": width, "height": 844}, locale=language)
    enter(page, data, [0.2, 540, 1])
    page.wait_for_timeout(50)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    inside = page.evaluate(
        """() => [...document.querySelectorAll("main svg text")].filter((node) => {
            const box = node.getBoundingClientRect();
            return box.left < -0.5 || box.right > innerWidth + 0.5;
        }).map((node) => node.textContent)"""
    )
    assert inside == []
    # fingers: what is pressed is 24 px high at least (WCAG 2.2, 2.5.8)
    heights = page.evaluate(
        """() => [...document.querySelectorAll("button, .option, .entry input")]
            .map((node) => node.getBoundingClientRect().height)"""
    )
    assert min(heights) >= 24


def with_long_words(one):
    """The page of a study that is not brief."""
    document = copy.deepcopy(one.document)
    document["study"] = "a_study_without_any_blank_in_its_name_that_goes_on_and_on_and_on"
    for term in document["models"]["nomogram"]["terms"]:
        term["label"] += f"_measured_twice_by_two_readers_without_looking in the {'x' * 60}"
    for tick in document["nomogram"]["axes"]:
        if tick["predictor"] == "sex":
            tick["level"] = f"the {tick['level']} one, as far as known at the time"
    names = ("clear cell renal cell carcinoma", "angiomyolipoma without visible fat, " * 3)
    return calculator(document, one.predictions, *names)


def test_long_words_do_not_stick_out_either(visit, nomograms):
    data = with_long_words(nomograms["imputed"])
    for size in ({"width": 320, "height": 700}, DESKTOP):
        page = visit(data, size)
        enter(page, data, [0.2, 540, 1])
        for language in ("zh", "en"):
            page.click(f"[data-language={language}]")
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("make", [data_of, with_long_words])
def test_labels_of_the_drawing_do_not_meet(visit, nomograms, size, make):
    page = visit(make(nomograms["fitted"]), size)
    assert page.evaluate(OVERLAPS) == []


def with_twelve_predictors(one):
    """The same predictors four times, each copy with an effect of its own, some negative."""
    document = copy.deepcopy(one.document)
    model, axes = document["models"]["nomogram"], document["nomogram"]["axes"]
    terms, ticks = [], []
    for turn in range(4):
        for term in model["terms"]:
            size = (-0.6) ** turn
            terms.append({**term, "name": f"{term['name']}{turn}",
                          "label": f"{term['label']}, reading {turn}",
                          "coefficient": size * term["coefficient"]})  # fmt: skip
            own = [tick for tick in axes if tick["predictor"] == term["name"]]
            highest = max(tick["points"] for tick in own)
            for tick in own:
                points = tick["points"] if size > 0 else highest - tick["points"]
                ticks.append({**tick, "predictor": terms[-1]["name"],
                              "points": abs(size) * points})  # fmt: skip
    model |= {"terms": terms, "covariance": None}
    document["nomogram"]["axes"] = ticks
    return calculator(document, one.predictions, "ccRCC", "AML.wovf")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_twelve_predictors_are_as_exact_and_as_legible(visit, nomograms, size):
    data = with_twelve_predictors(nomograms["fitted"])
    page = visit(data, size)
    values = [value for turn in range(4) for value in (0.2 + turn, 54 + turn, turn % 2)]
    enter(page, data, values)
    coded = [value / (10 if i % 3 == 1 else 1) for i, value in enumerate(values)]
    eta = data["intercept"] + float(np.dot(coded, data["coefficients"]))
    assert number(page, "eta") == pytest.approx(eta, rel=1e-12, abs=1e-9)
    assert number(page, "probability") == pytest.approx(expit(eta), abs=1e-9)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert page.evaluate(OVERLAPS) == []


def test_hostile_words_stay_words(visit, nomograms):
    document = copy.deepcopy(nomograms["fitted"].document)
    document |= {"study": HOSTILE, "version": HOSTILE}
    model = document["models"]["nomogram"]
    model["reason"] = HOSTILE
    for term in model["terms"]:
        term |= {"label": HOSTILE, "coding": HOSTILE, "unit": HOSTILE}
    for tick in document["nomogram"]["axes"]:
        tick |= {"level": HOSTILE}
    data = calculator(document, nomograms["fitted"].predictions, HOSTILE, HOSTILE)
    page = visit(data)
    enter(page, data, [0.2, 540, 1])
    page.click("[data-language=zh]")
    assert page.locator("img, main b").count() == 0
    assert HOSTILE in page.inner_text("h1") and HOSTILE in page.inner_text("#warn-outside")


def test_a_script_that_is_not_the_pages_own_is_not_run(browser, nomograms, tmp_path):
    """The policy works: a script smuggled into the file does nothing."""
    text = render(data_of(nomograms["fitted"])).replace(
        "</main>", "<script>document.title = 'broken'</script><img src='x.png'></main>"
    )
    (tmp_path / "x.html").write_text(text, encoding="utf-8")
    context = browser.new_context()
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.goto((tmp_path / "x.html").as_uri())
    assert page.title() == "mine: Nomogram calculator"
    assert sum("Content Security Policy" in line for line in said) == 2
    context.close()


@pytest.mark.parametrize("kind", ["fitted", "imputed", "constant", "ml"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_axe_finds_no_barrier(visit, nomograms, kind, size):
    """axe-core: contrast, labels, roles, landmarks, both languages."""
    data = data_of(nomograms[kind])
    page = visit(data, size)
    enter(page, data, [0.2, 540, 1][: len(data["predictors"])])
    for language in ("en", "zh"):
        page.click(f"[data-language={language}]")
        assert barriers(page, least=20) == []
