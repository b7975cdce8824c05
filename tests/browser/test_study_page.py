"""study.html in a real browser: sorting, tables as files, the way to a number's source, paper."""

import csv
import io
import re
from pathlib import Path

import pytest
from browser.barriers import barriers
from report_page import write
from report_study import in_chinese, job, script, write_study

from nomoflow.run import read_json

pytestmark = pytest.mark.browser
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
HOSTILE = "</script></title><script>document.title='x'</script><img src=x onerror=alert(1)>"
SUMMARY = "#summary table"
# Each column of numbers after a click on its head: the full values from top to bottom.
SORTED = """() => [...document.querySelectorAll("tr:last-child > th.number")].flatMap((head) => {
    const sorter = head.querySelector("button");
    if (!sorter) return [];
    sorter.click();
    const rows = [...head.closest("table").tBodies[0].rows];
    return [rows.map((row) => row.cells[head.cellIndex].dataset.v ?? "")];
})"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The made-up study with its report in English, in Chinese and with hostile words."""
    folder = tmp_path_factory.mktemp("study")
    study = write_study(folder)
    write(folder, study)
    chinese = {"report": str(folder / "report/chinese.html")}
    script("write_report").main(job(study, chinese, params=in_chinese(study)))
    evil = folder / "hostile"
    write(evil, write_study(evil, HOSTILE))
    for picture in (*study["input"]["figures"], study["input"]["forest"]):
        draw(Path(picture))
    for i in range(3):
        draw(folder / f"images/overlays/0001/P00{i}.jpg")
    return folder, study


def draw(path):
    """Any picture in a figure's place; a browser knows an SVG by its name only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="400" height="300"><circle r="9"/></svg>'
    path.write_text(svg, encoding="utf-8")


@pytest.fixture
def visit(browser, made):
    """Open the report; after the test: nothing but its own files was read, nothing went wrong."""
    contexts, requests, problems = [], [], []

    def at(name="report/study.html", size=DESKTOP, **options):
        context = browser.new_context(viewport=size, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("dialog", lambda dialog: problems.append(dialog.message))
        page.goto((made[0] / name).as_uri())
        return page

    yield at
    for context in contexts:
        context.close()
    # The pictures of the hostile study are not there to be shown.
    assert [problem for problem in problems if "ERR_FILE_NOT_FOUND" not in problem] == []
    own = (made[0].as_uri(), "blob:")
    assert requests and [url for url in requests if not url.startswith(own)] == []


def column(page, table, at):
    """What a column shows, from top to bottom."""
    return page.eval_on_selector(
        table,
        "(table, at) => [...table.tBodies[0].rows].map((row) => row.cells[at].innerText.trim())",
        at,
    )


def test_tables_are_sorted_as_numbers_and_back_again(visit):
    page = visit()
    table = "#warnings table"
    before = column(page, table, 4)
    head = page.locator(f"{table} thead th").nth(4)
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert column(page, table, 4) == sorted(before, key=int) != sorted(before, reverse=True)
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert column(page, table, 4) == sorted(before, key=int, reverse=True)
    assert "Sorted by Cases, descending" in page.locator("[role=status]").inner_text()
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") is None and column(page, table, 4) == before


def test_a_head_that_goes_on_over_the_page_is_printed_with_its_words(visit):
    """Chromium leaves a button out where it repeats a table's head on the next page."""
    page = visit()
    assert page.locator("thead button").count() > 20
    page.emulate_media(media="print")
    shown = "nodes => nodes.map((node) => getComputedStyle(node).display)"
    assert set(page.locator("thead button").evaluate_all(shown)) == {"contents"}


def test_small_numbers_signs_and_gaps_are_sorted_by_their_full_value(visit):
    """By the text -2 would come after -10 and <0.001 after 0.9."""
    columns = visit().evaluate(SORTED)
    assert len(columns) > 100 and any("" in values for values in columns)
    for values in columns:
        known = [float(value) for value in values if value]
        assert known == sorted(known)
        assert values[: len(known)] == [value for value in values if value]


def test_a_sorted_table_by_keyboard(visit):
    page = visit()
    page.locator(f"{SUMMARY} thead tr").last.locator("button").nth(1).focus()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    numbers = [float(text.split()[0]) for text in column(page, SUMMARY, 1)]
    assert numbers == sorted(numbers)


def test_a_table_is_kept_as_the_very_file_that_it_was_made_from(visit, made):
    page = visit()
    for section in ("summary", "table1", "stability"):
        button = page.locator(f"#{section} .tools button", has_text="CSV: ").last
        with page.expect_download() as waiting:
            button.evaluate("one => one.click()")
        path = Path(button.text_content().removeprefix("CSV: "))
        assert Path(waiting.value.path()).read_bytes() == path.read_bytes()
        assert waiting.value.suggested_filename.endswith(path.name)
    # The others the same way, without as many downloads.
    held = page.evaluate("JSON.parse(document.getElementById('data').textContent).tables")
    offered = page.locator(".tools button", has_text="CSV: ").all_text_contents()
    assert {text.removeprefix("CSV: ") for text in offered} == set(held) and len(held) > 25
    for path, text in held.items():
        assert Path(path).read_bytes() == text.encode("utf-8")


def test_a_table_without_a_file_is_kept_as_it_is_shown(visit):
    page = visit()
    page.locator("#settings summary").first.click()
    with page.expect_download() as waiting:
        page.locator("#settings .tools").first.get_by_text("CSV of this table").click()
    rows = list(csv.reader(io.StringIO(Path(waiting.value.path()).read_text(encoding="utf-8"))))
    assert rows[0] == ["Key", "Value"] and ["evaluation.decision_threshold", "0.5"] in rows


def test_a_click_on_a_number_leads_to_its_cell_and_up_to_the_patients_file(visit, made):
    page = visit()
    page.locator(f"{SUMMARY} td.number").first.click()
    dialog = page.get_by_role("dialog")
    shown = dialog.inner_text()
    performance = made[1]["input"]["performance"]
    assert performance in shown and "make_performance" in shown
    known = read_json(made[1]["input"]["trace"])["files"]
    assert known[performance]["sha256"] in shown
    line, name = re.search(r"Line (\d+), column (\w+)", shown).groups()
    rows = list(csv.reader(Path(performance).read_text(encoding="utf-8").splitlines()))
    cell = rows[int(line) - 1][rows[0].index(name)]
    assert cell in shown.splitlines() and f"{float(cell):.3f}" == "0.900"
    assert rows[int(line) - 1][:3] == ["nomogram", "cross_validated", "auc"]
    dialog.get_by_role("button", name="features/CT.parquet").click()
    assert "gather_features" in dialog.inner_text() and "phase = CT" in dialog.inner_text()
    dialog.locator("summary").click()
    assert '"spacing_mm": 0.75' in dialog.inner_text()
    dialog.get_by_role("button", name="data/P1/CT.nii.gz").click()
    assert "none: a file that the study began with" in dialog.inner_text()
    for _ in range(2):
        dialog.get_by_role("button", name="Back").click()
    assert performance in dialog.inner_text()
    assert dialog.get_by_role("button", name="Back").is_hidden()


def test_the_source_by_keyboard_alone(visit, made):
    page = visit()
    page.locator("#summary .tools button").first.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Row").select_option("0")
    dialog.get_by_label("Column").select_option("1")
    assert "Radiomics nomogram · Cross-validated" in dialog.inner_text()
    assert "column estimate" in dialog.inner_text() and "0.9" in dialog.inner_text()
    dialog.get_by_role("button", name=made[1]["input"]["performance"]).first.focus()
    page.keyboard.press("Enter")
    assert "make_performance" in dialog.inner_text()
    assert page.evaluate("document.activeElement.id") == "source-back"
    page.keyboard.press("Escape")
    assert dialog.count() == 0
    assert page.evaluate("document.activeElement.closest('.tools') !== null")


def test_a_number_computed_for_the_page_names_its_tables(visit, made):
    page = visit()
    page.locator(f"{SUMMARY} tbody tr").first.locator("td").last.click()
    shown = page.get_by_role("dialog").inner_text()
    assert "Computed for this page from" in shown and made[1]["input"]["performance"] in shown


def test_a_figure_leads_to_its_rule(visit):
    page = visit()
    page.locator("#roc figure .tools button").click()
    assert "make_roc" in page.get_by_role("dialog").inner_text()


def test_contents_follow_the_reader_and_stay_in_sight(visit):
    page = visit()
    page.locator("nav a[href='#calibration']").click()
    page.locator("nav a[aria-current][href='#calibration']").wait_for()
    assert page.locator("nav a[href='#summary']").evaluate(
        "one => one.getBoundingClientRect().top >= 0"
    )


def test_without_script_all_is_there_but_the_controls(visit):
    page = visit(java_script_enabled=False)
    assert page.locator(".tools >> visible=true").count() == 0
    assert page.locator("th button").count() == 0
    words = page.locator("#trace").inner_text()
    assert "evaluation/performance.csv" in words and "make_performance" in words


@pytest.mark.parametrize(("name", "size"), [("study", DESKTOP), ("chinese", PHONE)])
def test_axe_finds_no_barrier(visit, name, size):
    page = visit(f"report/{name}.html", size)
    assert barriers(page) == []
    page.locator("#summary .tools button").first.click()
    assert barriers(page, within="dialog", least=5) == []


@pytest.mark.parametrize("name", ["report/study.html", "report/chinese.html",
                                  "hostile/report/study.html"])  # fmt: skip
def test_nothing_sticks_out_of_a_phone(visit, name):
    page = visit(name, PHONE)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.locator("#summary .tools button").first.click()
    wide = page.get_by_role("dialog").evaluate("one => one.scrollWidth - one.clientWidth")
    assert wide <= 0


def test_hostile_words_stay_words(visit):
    page = visit("hostile/report/study.html")
    assert page.locator("script").count() == 2
    assert page.title().startswith("demo</script>")
    assert page.locator("img[src=x]").count() == 0
    page.locator("#warnings .tools button").first.click()
    assert "Made from" in page.get_by_role("dialog").inner_text()
    assert page.locator("img[src=x]").count() == 0


def test_on_paper_there_are_no_controls_and_no_table_is_folded(visit, tmp_path):
    page = visit()
    page.emulate_media(media="print")
    page.pdf(path=tmp_path / "study.pdf", prefer_css_page_size=True)
    assert (tmp_path / "study.pdf").stat().st_size > 50_000
    for unwanted in ("nav", ".tools", "dialog"):
        assert page.locator(f"{unwanted} >> visible=true").count() == 0
    assert page.locator("details.block:not([open])").count() == 0
    # Paper of A4 less its margins, at 96 points an inch: no table is wider.
    page.set_viewport_size({"width": 695, "height": 1000})
    wide = page.locator("table").evaluate_all(
        "all => all.filter(one => one.offsetWidth > 695).map(one => one.innerText.slice(0, 80))"
    )
    assert wide == []
