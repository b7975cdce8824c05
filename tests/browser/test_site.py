"""The documentation site in a real browser, from the disk: nothing fetched, search at work."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / ".cache/site/html"


@pytest.fixture(scope="module")
def site():
    """The site that tools/build_site.py has built; its links were checked then."""
    if not (SITE / "index.html").exists():
        pytest.skip("no site: uv run --with zensical==0.0.73 python tools/build_site.py")
    return SITE


@pytest.fixture
def page(browser, site):
    """A page of the site; after the test: nothing came from elsewhere, no script failed."""
    requests, problems = [], []
    one = browser.new_page(viewport={"width": 1200, "height": 900})
    one.on("request", lambda request: requests.append(request.url))
    one.on("pageerror", lambda error: problems.append(str(error)))
    one.on("console", lambda said: said.type == "error" and problems.append(said.text))
    one.goto((site / "index.html").as_uri())
    yield one
    one.close()
    assert problems == []
    assert [url for url in requests if not url.startswith(site.as_uri())] == []


def test_search_finds_a_page(page):
    page.keyboard.press("Control+k")
    page.keyboard.type("nomogram")
    found = page.get_by_text(re.compile(r"^\d+ results$"))
    found.wait_for(timeout=60_000)
    assert int(found.inner_text().split()[0]) > 3
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "h=" in url or "#" in url)


def test_contents_lead_through_the_pages(page, site):
    links = page.eval_on_selector_all(
        "nav a[href$='.html']", "all => all.map((one) => one.getAttribute('href'))"
    )
    assert {"./tutorial.html", "./methods.html", "./troubleshooting.html"} <= set(links)
    page.goto((site / "tutorial.html").as_uri())
    assert page.inner_text("h1").startswith("From masks to the report")
    assert page.locator("pre code").count() >= 6


def test_no_page_is_wider_than_a_phone(browser, site):
    one = browser.new_page(viewport={"width": 360, "height": 700})
    for path in sorted(site.glob("*.html")):
        one.goto(path.as_uri())
        wide = one.evaluate("document.documentElement.scrollWidth")
        assert wide <= 360, (path.name, wide)
    one.close()
