"""The pages of the documentation site: links led right, lists as the builder reads them."""

import importlib.util
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("build_site", ROOT / "tools/build_site.py")
tool = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(tool)


@pytest.fixture(scope="module")
def staged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    tool.stage(ROOT, folder)
    return folder


def test_each_page_is_on_the_site_and_in_its_contents(staged):
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    named = re.findall(r"\w+\.md", str(nav))
    assert len(named) == len(set(named))
    assert {path.name for path in staged.glob("*.md")} == set(named)


def test_every_link_within_leads_to_a_page_or_a_file(staged):
    for page in staged.glob("*.md"):
        for _, link, _ in tool.LINK.findall(page.read_text(encoding="utf-8")):
            place = link.partition("#")[0]
            assert "://" in link or not place or (staged / place).is_file(), (page.name, link)


def test_figures_are_told_by_captions_and_rules(staged):
    page = (staged / "captions.md").read_text(encoding="utf-8")
    rules = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "rules").glob("*.smk"))
    drawn = set(re.findall(r'captioned\("(\w+)"', rules))
    assert len(drawn) > 8
    assert drawn == set(re.findall(r"`figures/(\w+)\.svg`", page))
    assert "rule `draw_icc`, file `figures/icc.svg`\n- drawn from `reliability/icc.csv`" in page


def test_links_of_a_page(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "config").mkdir()
    (tmp_path / "config/mine.yaml").write_text("study: mine\n", encoding="utf-8")
    for name, title in (("README.md", "# Read"), ("docs/a.md", "# Page A"), ("docs/b.md", "# B")):
        (tmp_path / name).write_text(title + "\n", encoding="utf-8")
    names = {"README.md": "index.md", "docs/a.md": "a.md", "docs/b.md": "b.md"}

    def led(text, file="docs/b.md"):
        return tool.relinked(text, file, names, tmp_path, tmp_path / "out")

    assert led("see [a.md](a.md#x), [the start](../README.md)") == (
        "see [Page A](a.md#x), [the start](index.md)"
    )
    assert led("[docs/a.md](docs/a.md)", "README.md") == "[Page A](a.md)"
    assert led("[it](https://example.org/a.md) [here](#there)") == (
        "[it](https://example.org/a.md) [here](#there)"
    )
    assert led("[mine](../config/mine.yaml)") == "[mine](files/config/mine.yaml)"
    assert (tmp_path / "out/files/config/mine.yaml").is_file()
    with pytest.raises(ValueError, match=r"docs/b\.md: a link to gone\.md"):
        led("[it](gone.md)")


def test_lists_keep_what_belongs_to_their_items():
    text = (
        "A list:\n1. **One**\n   goes on\n\n   ```yaml\n   a: 1\n   ```\n\n2. Two\n\nEnd\n   code\n"
    )
    assert tool.indented(text) == (
        "A list:\n\n1. **One**\n    goes on\n\n    ```yaml\n    a: 1\n    ```\n\n2. Two\n\nEnd\n"
        "   code\n"
    )
    assert tool.indented("- a\n  b\n  - c\n") == "- a\n    b\n    - c\n"
    code = "```\n- no list\n  of ours\n```\n"
    assert tool.indented(code) == code


def test_faults_of_a_site(tmp_path):
    pages = {
        "index.html": '<h1 id="top">x</h1><a href="a.html#in">a</a><a href="#top">t</a>'
        '<a href="https://example.org">out</a><img src="data:image/png;base64,x">',
        "a.html": '<p id="in"></p><a href="b.html">b</a><a href="index.html#gone">g</a>'
        '<script src="https://example.org/x.js"></script><link rel="stylesheet" href="s.css">',
    }
    for name, text in pages.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert tool.faults(tmp_path) == [
        "a.html: leads to b.html, which is not there",
        "a.html: leads to index.html#gone, and the page has no such place",
        "a.html: loads https://example.org/x.js",
        "a.html: leads to s.css, which is not there",
    ]
