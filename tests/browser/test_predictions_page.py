"""The page of predictions in a real browser: nothing fetched, nothing run, no barrier."""

import copy

import pytest
from browser.barriers import barriers
from synthetic_model import locked

from nomoflow.patient_predictions import predictions
from nomoflow.predictions_page import page as content_of
from nomoflow.predictions_page import render

pytestmark = pytest.mark.browser
DESKTOP, PHONE = {"width": 1200, "height": 900}, {"width": 320, "height": 700}
LONG = "a_name_without_any_blank_that_goes_on_and_on_and_on_and_on_and_on_and_on_and_on"
HOSTILE = "</title></style><script>document.title='x'</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def content():
    """Eight patients; one far outside the training range, one without a prediction."""
    one = locked()
    clinical, features = one.clinical.head(8).copy(), one.features.head(8).copy()
    clinical.loc[0, "age"] = "212"
    clinical.loc[1, "age"] = ""
    tables = predictions(one.document, clinical, features)
    return content_of(one.document, *(t.to_dict("records") for t in tables), "Centre B")


@pytest.fixture
def visit(browser, tmp_path):
    """Open a page; after the test: nothing was fetched and nothing went wrong."""
    contexts, requests, problems = [], [], []

    def at(content, size=DESKTOP):
        path = tmp_path / f"predictions{len(contexts)}.html"
        path.write_text(render(content), encoding="utf-8")
        context = browser.new_context(viewport=size)
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
        context.close()
    assert problems == []
    assert [url for url in requests if not url.startswith(tmp_path.as_uri())] == []
    assert len(requests) == len(contexts)


def test_what_is_read(visit, content):
    page = visit(content)
    assert page.locator("h1").inner_text() == "mine: predictions"
    assert page.inner_text("body").startswith("For research use only.")
    assert page.locator(".patient").count() == len(content["patients"]) == 8
    first = content["patients"][0]
    card = page.locator("#patient-1").inner_text()
    assert first["probability"] in card and "212 years" in card and "Total" in card
    assert "No prediction" in page.locator("#patient-2").inner_text()
    assert page.locator("tbody").first.locator("tr").count() == 8
    page.click("text=" + content["patients"][7]["name"])
    assert page.evaluate("location.hash") == "#patient-8"


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_axe_finds_no_barrier(visit, content, size):
    assert barriers(visit(content, size)) == []


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_long_and_hostile_words_stay_inside(visit, content, size):
    changed = copy.deepcopy(content)
    changed |= {"study": LONG, "centre": HOSTILE, "positive": LONG}
    for patient in changed["patients"]:
        patient |= {"name": LONG + HOSTILE, "call": LONG}
        patient["points"].append({"predictor": LONG, "value": LONG, "points": "1.0"})
        patient["warnings"].append(
            {"kind": LONG, "subject": HOSTILE, "found": LONG, "expected": LONG}
        )
    page = visit(changed, size)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert page.locator("img, script").count() == 0
    assert HOSTILE in page.inner_text("header")


def test_a_style_or_script_that_is_not_the_pages_own_does_nothing(browser, content, tmp_path):
    text = render(content).replace(
        "</main>",
        "<script>document.title = 'broken'</script><style>h1 { color: red }</style>"
        "<img src='x.png'></main>",
    )
    (tmp_path / "x.html").write_text(text, encoding="utf-8")
    context = browser.new_context()
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.goto((tmp_path / "x.html").as_uri())
    assert page.title() == "mine: predictions"
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).color") != "rgb(255, 0, 0)"
    assert sum("Content Security Policy" in line for line in said) == 3
    context.close()


def test_printed_it_is_whole(visit, content):
    page = visit(content)
    page.emulate_media(media="print")
    pdf = page.pdf(format="A4")
    assert pdf.startswith(b"%PDF") and len(pdf) > 5000
    assert page.evaluate(
        "[...document.querySelectorAll('.scroll')].every("
        "(node) => getComputedStyle(node).overflowX === 'visible')"
    )
