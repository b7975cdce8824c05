"""Type of the figures: its fonts, how wide a text is, and where its lines break."""

import logging
import re
from functools import cache
from pathlib import Path

import matplotlib
from matplotlib import font_manager
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

LATIN = "DejaVu Sans"  # comes with matplotlib: the same shapes on every machine
# Families with Chinese letters, the best first, and how their files begin.
CHINESE = {
    "Noto Sans CJK SC": "NotoSansCJK",
    "Noto Sans CJK JP": "NotoSansCJK",
    "Noto Sans SC": "NotoSansSC",
    "Source Han Sans SC": "SourceHanSans",
    "Source Han Sans CN": "SourceHanSansCN",
    "PingFang SC": "PingFang",
    "Microsoft YaHei": "msyh",
    "WenQuanYi Micro Hei": "wqy-microhei",
    "WenQuanYi Zen Hei": "wqy-zenhei",
    "SimHei": "simhei",
    "Droid Sans Fallback": "DroidSansFallback",
}  # fmt: skip
_RANGES = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"  # letters between which a line may break
_PARTS = re.compile(rf"[{_RANGES}][，。、；：）]?|[^ \n{_RANGES}]+|[ \n]+")


# A bold text asks every family for a bold face; that one of Chinese letters has none is no matter.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)


class NoFont(ValueError):
    """No font with Chinese letters on this machine."""


@cache
def chinese_font() -> str | None:
    """The best family with Chinese letters that is installed; None without one."""
    known = {font.name for font in font_manager.fontManager.ttflist}
    for family in CHINESE:
        if family in known:
            return family
    # matplotlib's list may be older than the font.
    for path in sorted(font_manager.findSystemFonts()):
        if Path(path).name.lower().startswith(tuple(s.lower() for s in CHINESE.values())):
            font_manager.fontManager.addfont(path)
    known = {font.name for font in font_manager.fontManager.ttflist}
    return next((family for family in CHINESE if family in known), None)


def families(language: str) -> list[str]:
    """Font families of a language's figures; a letter comes from the first that has it.

    A study's own labels may be Chinese in English figures too, so the second family is always
    asked for where there is one. Raises NoFont where the language needs it.
    """
    found = chinese_font()
    if language == "zh" and found is None:
        raise NoFont(
            "report.language is zh, but no font with Chinese letters is installed; allowed are "
            f"{', '.join(CHINESE)}: install one (Debian: apt-get install fonts-noto-cjk or "
            "fonts-droid-fallback), or set report.language to en"
        )
    return [LATIN, found] if found else [LATIN]


def text_width(text: str, size: float) -> float:
    """Width of a line of text in mm at a size in pt, without a renderer."""
    properties = FontProperties(family=matplotlib.rcParams["font.family"], size=size)
    return text_to_path.get_text_width_height_descent(text, properties, False)[0] * 25.4 / 72


def wrapped(text: str, width: float, size: float) -> list[str]:
    """The lines of a text that are at most ``width`` mm wide; a longer word is broken."""
    lines = [""]
    for part in _PARTS.findall(text):
        if text_width((lines[-1] + part).rstrip(), size) <= width:
            lines[-1] += part if lines[-1] else part.lstrip()
            continue
        lines.append("")
        for letter in part.lstrip():
            if lines[-1] and text_width(lines[-1] + letter, size) > width:
                lines.append("")
            lines[-1] += letter
    return [line.rstrip() for line in lines if line.strip()] or [""]
