"""The gallery in a real browser: filters, order, keyboard, nothing fetched but its pictures."""

import numpy as np
import pytest
from browser.barriers import barriers
from PIL import Image

from nomoflow.gallery import render_gallery

pytestmark = pytest.mark.browser
DESKTOP, PHONE = {"width": 1200, "height": 900}, {"width": 320, "height": 700}
HOSTILE = "</script><img src=x onerror=alert(1)><b>"
LONG = "a_study_key_without_any_blank_that_goes_on_and_on_and_on_and_on"
PHASES = ["CT", "MR"]


def card(patient, phase, lowest=None, change=None, **more):
    return {
        "patient": patient, "phase": phase, "href": "../images/overlays/0001/one.jpg",
        "reason": "", "pairs": [] if lowest is None else [f"a1 and b1: Dice {lowest:.3f}"],
        "lowest": lowest, "before": None if change is None else 2.0,
        "after": None if change is None else 2.0 + change / 50, "change": change, "remarks": [],
    } | more  # fmt: skip


CARDS = [
    card("P1", "CT", 0.9, -1.0),
    card("P1", "MR", 0.4, 2.0),
    card("P2", "CT", None, -30.0, remarks=["a1: the region has holes (3 holes)"]),
    card("患者3", "MR", href="", reason="the mask is empty", remarks=["a1: the mask is empty"]),
    card(LONG, "CT", 0.7),
]


@pytest.fixture
def visit(browser, tmp_path):
    """Open a gallery; after the test: only its pictures were read and nothing went wrong."""
    contexts, requests, problems = [], [], []
    (tmp_path / "images/overlays/0001").mkdir(parents=True)
    (tmp_path / "report").mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (493, 812, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "images/overlays/0001/one.jpg")

    def at(found=CARDS, size=DESKTOP, study="mine", **options):
        path = tmp_path / f"report/gallery{len(contexts)}.html"
        path.write_text(render_gallery(study, PHASES, found), encoding="utf-8")
        context = browser.new_context(viewport=size, **options)
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
    mine = (tmp_path / "report").as_uri(), (tmp_path / "images/overlays").as_uri()
    assert [url for url in requests if not url.startswith(mine)] == []


def shown(page):
    return page.evaluate(
        """() => [...document.querySelectorAll("#cards > li")].filter((one) => !one.hidden)
            .map((one) => `${one.dataset.patient} ${one.dataset.phase}`)"""
    )


EVERY = ["P1 CT", "P1 MR", "P2 CT", "患者3 MR", f"{LONG} CT"]


def test_filters_and_their_count(visit):
    page = visit()
    assert shown(page) == EVERY and page.inner_text("#count") == "5 of 5 pictures"
    page.select_option("#phase", "MR")
    assert shown(page) == ["P1 MR", "患者3 MR"]
    page.fill("#patient", " p1")
    assert shown(page) == ["P1 MR"] and page.inner_text("#count") == "1 of 5 pictures"
    page.select_option("#phase", "")
    page.fill("#patient", "患者")
    assert shown(page) == ["患者3 MR"]
    page.fill("#patient", "")
    page.check("#remarked")
    assert shown(page) == ["P2 CT", "患者3 MR"]


def test_what_is_to_be_looked_at_comes_first(visit):
    page = visit()
    page.select_option("#order", "dice")
    assert shown(page) == ["P1 MR", f"{LONG} CT", "P1 CT", "P2 CT", "患者3 MR"]
    page.select_option("#order", "change")
    assert shown(page) == ["P2 CT", "P1 MR", "P1 CT", "患者3 MR", f"{LONG} CT"]
    page.select_option("#order", "")
    assert shown(page) == EVERY


def test_pictures_are_seen_and_open_by_keyboard(visit):
    page = visit()
    page.wait_for_function("document.querySelector('img').naturalWidth === 812")
    assert page.locator("img[loading=lazy]").count() == page.locator("img").count() == 4
    assert "No picture: the mask is empty" in page.inner_text("#cards")
    keys = page.keyboard
    for _ in range(5):
        keys.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "A"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    keys.press("Enter")
    page.wait_for_url("**/one.jpg")


def test_it_works_without_scripts(visit):
    page = visit(java_script_enabled=False)
    assert page.is_hidden("#choices") and page.locator("#cards > li").count() == 5
    assert page.locator("#cards > li >> visible=true").count() == 5


def test_on_paper_the_controls_are_left_out(visit):
    page = visit()
    page.emulate_media(media="print")
    assert page.is_hidden("#choices") and page.is_visible("#cards")


def test_nothing_sticks_out_of_a_phone(visit):
    page = visit(size=PHONE, study=LONG)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_hostile_words_stay_words(visit):
    page = visit([card(HOSTILE, HOSTILE, remarks=[HOSTILE], pairs=[HOSTILE])], study=HOSTILE)
    assert page.locator("img").count() == 1 and page.locator("b").count() == 0
    assert HOSTILE in page.inner_text("h1") and HOSTILE in page.inner_text("#cards")
    page.fill("#patient", HOSTILE)
    assert len(shown(page)) == 1


def test_a_script_that_is_not_the_pages_own_is_not_run(browser, tmp_path):
    text = render_gallery("mine", PHASES, CARDS[3:4]).replace(
        "</main>", "<script>document.title = 'broken'</script></main>"
    )
    (tmp_path / "x.html").write_text(text, encoding="utf-8")
    context = browser.new_context()
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.goto((tmp_path / "x.html").as_uri())
    assert page.title().startswith("mine")
    assert sum("Content Security Policy" in line for line in said) == 1
    context.close()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_axe_finds_no_barrier(visit, size):
    assert barriers(visit(size=size)) == []
