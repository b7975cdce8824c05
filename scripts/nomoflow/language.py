"""The language that figures and pages speak, and their fixed texts in it.

Texts stand in the code in English; `chinese.TEXTS` has the same in Chinese. What a study itself
says (labels, levels, reasons) is in no catalogue and stays as it was written.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from nomoflow.chinese import TEXTS as CHINESE
from nomoflow.chinese_report import TEXTS as CHINESE_REPORT

CATALOGUES: dict[str, dict[str, str]] = {"en": {}, "zh": CHINESE_REPORT | CHINESE}
_SPOKEN: ContextVar[str] = ContextVar("language", default="en")


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Everything said inside is said in this language (a key of ``CATALOGUES``)."""
    if language not in CATALOGUES:
        raise ValueError(f"language {language!r}; allowed are {', '.join(CATALOGUES)}")
    token = _SPOKEN.set(language)
    try:
        yield
    finally:
        _SPOKEN.reset(token)


def spoken() -> str:
    """The language spoken now."""
    return _SPOKEN.get()


def say(text: str, **values: object) -> str:
    """An English text in the language spoken now, its {holes} filled in.

    A text that is in no catalogue, as a study's own words are, is said as it is.
    """
    said = CATALOGUES[_SPOKEN.get()].get(text, text)
    return said.format(**values) if values else said
