"""What the workflow's own tables say in words (methods, notes, warnings), in the language spoken.

Tables are written in English. Their sentences hold numbers and names, so that a catalogue can only
know them by their pattern: "{n} scan[s] have no ICC", where [s] may be there or not. What fills a
hole is said by a pattern of its own, or stays as it is.
"""

import re
from functools import cache

from nomoflow.chinese_report import SENTENCES as CHINESE
from nomoflow.language import say, spoken

SENTENCES: dict[str, dict[str, str]] = {"en": {}, "zh": CHINESE}
# What a hole may hold, by how its name begins: no blank, a remark's whole, or no more than a part.
_INSIDE = {"word": r"[^;\s]+", "reason": "[^;]+?", "": "(?:(?!: )[^;])+?"}
_BETWEEN = ("; ", ": ")  # parts of a remark, translated one by one where the whole is not known


def hear(text: str | None) -> str | None:
    """A text of a table in the language spoken now; as it is where no pattern knows it."""
    if not text or not SENTENCES.get(spoken()):
        return text
    return _heard(text, spoken())


@cache
def _heard(text: str, language: str) -> str:
    for pattern, answer in _patterns(language):
        if found := pattern.fullmatch(text):
            holes = found.groupdict().items()
            return answer.format(**{name: _heard(inside, language) for name, inside in holes})
    for between in _BETWEEN:
        if between in text:
            parts = [_heard(part, language) for part in text.split(between)]
            return say(between).join(parts) if parts != text.split(between) else text
    return text


@cache
def _patterns(language: str) -> list[tuple[re.Pattern, str]]:
    """Those with the most fixed words first, so that a general one does not take its place."""
    found = SENTENCES[language]
    ordered = sorted(found, key=lambda english: -len(re.sub(r"{.*?}|\[s\]", "", english)))
    return [(_compiled(english), found[english]) for english in ordered]


def _compiled(english: str) -> re.Pattern:
    parts = re.split(r"{(\w+)}", english)
    holes = map(_hole, parts[::2], parts[1::2])
    return re.compile("".join(holes) + _fixed(parts[-1]))


def _fixed(words: str) -> str:
    return re.escape(words).replace(re.escape("[s]"), "s?")


def _hole(before: str, name: str) -> str:
    kind = next((kind for kind in _INSIDE if kind and name.startswith(kind)), "")
    return f"{_fixed(before)}(?P<{name}>{_INSIDE[kind]})"
