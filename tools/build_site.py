"""Build the documentation site from README.md, docs/ and what code and captions say.

    uv run python tools/build_site.py

writes it to .cache/site/html (open index.html; no server is needed, nothing is fetched), and checks
every link, place within a page and picture of it. --check only checks a site that is there.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml

ROOT = Path(__file__).resolve().parents[1]
SITE = Path(".cache/site")
# Pages that do not lie in docs/, by their name on the site.
ELSEWHERE = {
    "README.md": "index.md",
    "config/README.md": "config.md",
    "benchmarks/README.md": "benchmarks.md",
    "CHANGELOG.md": "changelog.md",
}
FIGURES = "captions.md"
BUILDER = "zensical"  # reads mkdocs.yml, as MkDocs with Material did, which is no longer developed
# What the builder would fetch from a server for its search to work from the disk; ours is a copy.
SHIM, OWN_SHIM = "https://unpkg.com/iframe-worker/shim", "assets/javascripts/iframe_worker.js"
LINK = re.compile(r"(!?\[[^\]]*\]\()([^)\s]+)(\))")
ITEM = re.compile(r"(?P<mark>[-*] |\d+\. )")
FENCE = re.compile(r"\s*```")


def pages(root: Path) -> dict[str, str]:
    """{file of the project: page of the site}."""
    docs = sorted((root / "docs").glob("*.md"))
    return {path.relative_to(root).as_posix(): path.name for path in docs} | ELSEWHERE


def stage(root: Path, target: Path) -> None:
    """Write the pages as the site's builder takes them: links led to the site's own pages."""
    names = pages(root)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for file, page in names.items():
        text = (root / file).read_text(encoding="utf-8")
        text = indented(relinked(text, file, names, root, target))
        (target / page).write_text(text, encoding="utf-8")
    (target / FIGURES).write_text(figures_page(root), encoding="utf-8")


def relinked(text: str, file: str, names: dict[str, str], root: Path, target: Path) -> str:
    """A page's text with its links as they are on the site; files that it names are copied."""

    titles = {
        name: (root / name).read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
        for name in names
    }

    def lead(match: re.Match) -> str:
        place, mark, anchor = match[2].partition("#")
        if not place or "://" in place or place.startswith("mailto:"):
            return match[0]
        found = os.path.normpath(Path(file).parent / place)
        if found in names:
            shown = re.sub(r"\[[\w/]+\.md\]", f"[{titles[found]}]", match[1])
            return f"{shown}{names[found]}{mark}{anchor}{match[3]}"
        if not (root / found).is_file():
            raise ValueError(f"{file}: a link to {place}, which is no file of the project")
        if found.endswith(".md"):
            raise ValueError(f"{file}: a link to {place}, which is no page of the site")
        copy = target / "files" / found
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / found, copy)
        return f"{match[1]}files/{found}{mark}{anchor}{match[3]}"

    return LINK.sub(lead, text)


def indented(text: str) -> str:
    """Markdown of lists as the site's builder reads it: four blanks, and a blank line before."""
    lines, width, code = [], 0, False
    for line in text.splitlines():
        fence = FENCE.match(line)
        item = ITEM.match(line)
        if not code and item:
            if lines and lines[-1].strip() and not width:
                lines.append("")
            width = len(item["mark"])
        elif not code and line and not line.startswith(" "):
            # A line without blanks ends the list, but for one that goes on in a paragraph.
            width = width if lines and lines[-1].strip() and not fence and line[0] != "#" else 0
        code = code != bool(fence)
        inner = width and line.startswith(" " * width)
        lines.append(" " * (4 - width) + line if inner and width < 4 else line)
    return "\n".join(lines) + "\n"


def figures_page(root: Path) -> str:
    """Every figure with its caption, the rule that draws it and the tables behind it."""
    lines = [
        "# Captions",
        "",
        "Each figure as the report captions it, with the rule that draws it and the tables that it"
        " is drawn from ([Results](results.md)). How they look: [Figures](figures.md).",
    ]
    for path in sorted((root / "rules").glob("*.smk")):
        for rule in re.split(r"^rule ", path.read_text(encoding="utf-8"), flags=re.M)[1:]:
            name = re.search(r'captioned\("(\w+)"\)', rule)
            if not name:
                continue
            caption = (root / f"report/captions/{name[1]}.rst").read_text(encoding="utf-8")
            taken = rule.partition("input:")[2].partition("output:")[0]
            tables = sorted(set(re.findall(r'([\w{}/]+\.(?:csv|json))"', taken)))
            shown = [re.sub(r".*\{\{?study\}?\}/", "", table) for table in tables]
            lines += [
                "",
                f"## {re.split('[.:;]', ' '.join(caption.split()))[0]}",
                "",
                f"{' '.join(caption.split())}",
                "",
                f"- rule `{rule.partition(':')[0]}`, file `figures/{name[1]}.svg`",
            ]
            lines += [f"- drawn from {', '.join(f'`{table}`' for table in shown)}"] * bool(shown)
    return "\n".join(lines) + "\n"


def build(root: Path) -> Path:
    """Build the site; its folder. Raises CalledProcessError where the builder finds a fault."""
    stage(root, root / SITE / "pages")
    settings = yaml.safe_load((root / "mkdocs.yml").read_text(encoding="utf-8"))
    named = set(re.findall(r"[\w]+\.md", str(settings["nav"])))
    there = {path.name for path in (root / SITE / "pages").glob("*.md")}
    if named != there:
        raise ValueError(
            f"mkdocs.yml: nav lacks {sorted(there - named)}, and names {sorted(named - there)},"
            " which are not there"
        )
    shutil.rmtree(root / SITE / "html", ignore_errors=True)
    command = [sys.executable, "-m", BUILDER, "build", "--strict", "--config-file", "mkdocs.yml"]
    subprocess.run(command, cwd=root, check=True)
    html = root / SITE / "html"
    shutil.copyfile(root / "tools/site/iframe_worker.js", html / OWN_SHIM)
    for path in html.rglob("*.html"):
        up = "../" * (len(path.relative_to(html).parts) - 1)
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(SHIM, up + OWN_SHIM), encoding="utf-8")
    return html


class Page(HTMLParser):
    """What a page of the site has to be found by, what it leads to, and what it loads."""

    def __init__(self, text: str):
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Note the places and links of one element."""
        given = dict(attrs)
        self.ids |= {given[key] for key in ("id", "name") if given.get(key)}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if tag in ("script", "img", "iframe", "source") and given.get("src"):
            self.loaded.append(given["src"])
        if tag == "link" and given.get("rel") in ("stylesheet", "icon", "preconnect", "preload"):
            self.loaded.append(given.get("href") or "")


def faults(html: Path) -> list[str]:
    """Links that lead nowhere, and what a page would fetch from elsewhere."""
    read = {
        path.resolve(): Page(path.read_text(encoding="utf-8"))
        for path in sorted(html.rglob("*.html"))
        if "files" not in path.relative_to(html).parts
    }
    found = []
    for path, page in read.items():
        if path.name == "404.html":
            continue  # its links begin at the server's root
        where = path.relative_to(html.resolve())
        for link in [*page.links, *page.loaded]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                if link in page.loaded and parts.scheme != "data":
                    found.append(f"{where}: loads {link}")
                continue
            goal = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            goal = goal / "index.html" if goal.is_dir() else goal
            if not goal.is_file():
                found.append(f"{where}: leads to {link}, which is not there")
            elif parts.fragment and goal in read and unquote(parts.fragment) not in read[goal].ids:
                found.append(f"{where}: leads to {link}, and the page has no such place")
    return found


def main(arguments: list[str] | None = None) -> int:
    """Run the tool; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="only check the site that is there")
    chosen = parser.parse_args(arguments)
    try:
        html = ROOT / SITE / "html" if chosen.check else build(ROOT)
    except (ValueError, subprocess.CalledProcessError) as error:
        print(f"build_site: {error}", file=sys.stderr)
        return 1
    wrong = faults(html)
    print("\n".join([*wrong, f"{len(wrong)} fault(s) in the links of {html.relative_to(ROOT)}"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
