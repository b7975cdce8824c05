"""The pages of a validation and of the centres in a real browser: no barrier, nothing fetched."""

import draw_centres_dca
import draw_forest
import draw_validation
import pool_centres
import pytest
import write_centres
import write_validation
from browser.barriers import barriers
from jobs import job
from report_study import LOOK
from synthetic_centres import summary
from synthetic_model import locked
from synthetic_validation import write_validation as validation_of

from nomoflow.run import write_json

pytestmark = pytest.mark.browser
DESKTOP, PHONE = {"width": 1200, "height": 900}, {"width": 390, "height": 844}
HOSTILE = "</title></style><script>document.title='x'</script><img src=x onerror=alert(1)>"
PAGES = ("validation", "centres")


def pages(folder, hostile=""):
    """Paths of both pages by name, with their figures beside them."""
    study = validation_of(folder, hostile)
    names = ("roc", "calibration", "recalibration", "dca", "performance", "predictions")
    tables = {name: str(folder / f"{name}.csv") for name in names}
    tables["band"] = str(folder / "roc_band.csv")
    figures = {name: {kind: str(folder / f"figures/{name}.{kind}") for kind in ("svg", "pdf")}
               for name in ("validation", "forest", "centres_dca")}  # fmt: skip
    drawn = {"confidence": 0.95, "look": LOOK}
    draw_validation.main(job(tables, figures["validation"], drawn))
    validation = {"report": str(folder / "report/validation.html")}
    write_validation.main(job(study["inputs"], validation, study["params"]))

    document = locked().document
    write_json(document, folder / "centres_model.json")
    summaries = [folder / f"summary{i}.json" for i in range(3)]
    for i, path in enumerate(summaries):
        write_json(summary(f"{i}{hostile}", 90 + 9 * i, i + 1, digest=document["digest"]), path)
    made = {name: str(folder / f"pooled/{name}.csv") for name in ("pooled", "centres", "dca")}
    given = {"model": folder / "centres_model.json", "summaries": summaries}
    pool_centres.main(job(given, made, {"confidence": 0.95}))
    params = {"model": "nomogram", **drawn}
    draw_forest.main(job({"pooled": made["pooled"]}, figures["forest"], params))
    draw_centres_dca.main(job({"dca": made["dca"]}, figures["centres_dca"], params))
    inputs = {"model": str(folder / "centres_model.json"), "pooled": made["pooled"],
              "centres": made["centres"],
              "figures": [figures[name]["svg"] for name in ("forest", "centres_dca")]}  # fmt: skip
    centres = {"report": str(folder / "report/centres.html")}
    write_centres.main(job(inputs, centres, {"confidence": 0.95, "language": "en"}))
    return {name: folder / f"report/{name}.html" for name in PAGES}


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return pages(tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    return pages(tmp_path_factory.mktemp("hostile"), HOSTILE)


@pytest.fixture
def visit(browser):
    """Open a page; after the test: no request but for its own files, and nothing went wrong."""
    contexts, requests, problems, folders = [], [], [], []

    def at(path, size=DESKTOP):
        folders.append(path.parents[1].as_uri())
        context = browser.new_context(viewport=size)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("dialog", lambda dialog: problems.append(dialog.message))
        page.on("requestfailed", lambda request: problems.append(request.url))
        page.goto(path.as_uri())
        return page

    yield at
    for context in contexts:
        context.close()
    assert problems == []
    own = {folders[0] + "/" + end for end in ("report/validation.html", "report/centres.html",
           "figures/validation.svg", "figures/forest.svg", "figures/centres_dca.svg")}  # fmt: skip
    assert requests and set(requests) <= own


@pytest.mark.parametrize("name", PAGES)
def test_figures_are_seen_and_contents_lead_to_sections(visit, plain, name):
    page = visit(plain[name])
    for place in range(page.locator("img").count()):
        picture = page.locator("img").nth(place)
        assert picture.evaluate("one => one.complete && one.naturalWidth > 100")
    links = page.locator("nav a")
    assert links.count() == page.locator("section").count() > 5
    links.last.click()
    assert page.evaluate("location.hash") == "#settings"


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_barrier(visit, plain, name, size):
    page = visit(plain[name], size)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert barriers(page) == []


@pytest.mark.parametrize("name", PAGES)
def test_on_a_phone_the_page_is_no_wider_than_the_screen(visit, plain, name):
    page = visit(plain[name], PHONE)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("name", PAGES)
def test_hostile_words_stay_words_and_the_page_stays_narrow(visit, hostile, name):
    page = visit(hostile[name], PHONE)
    assert page.locator("script").count() == 0
    assert page.locator("img").count() == (1 if name == "validation" else 2)
    assert "onerror=alert(1)" in page.inner_text("main")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
