"""What the columns of a patients' table are likely to be: outcome, predictors, what must stay out.

Each is a guess that the person who knows the study confirms. Standard library only.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from nomoflow.criteria import as_number
from nomoflow.forbidden_columns import compared

OUTCOME_WORDS = (
    "outcome", "diagnosis", "label", "class", "histology", "pathology", "malignan", "benign",
    "metast", "mets", "recurren", "relapse", "response", "progress", "event", "death", "dead",
    "died", "grade", "target", "group", "结局", "诊断", "病理", "良恶性", "恶性", "性质", "标签",
    "分组", "转移", "复发", "死亡", "疗效", "分级",
)  # fmt: skip
POSITIVE = frozenset(
    (
        "1", "yes", "y", "true", "t", "pos", "positive", "+", "present", "malignant", "cancer",
        "dead", "died", "case", "high", "male", "m", "是", "有", "阳性", "恶性", "癌", "死亡",
        "复发", "转移", "男", "高",
    )
)  # fmt: skip
NEGATIVE = frozenset(
    (
        "0", "no", "n", "false", "f", "neg", "negative", "-", "absent", "none", "benign",
        "normal", "alive", "control", "low", "female", "w", "否", "无", "阴性", "良性", "正常",
        "存活", "女", "低",
    )
)  # fmt: skip
CANCER = re.compile(r"carcinom|sarcom|lymphom|melanom|\brcc\b|\w+rcc\b|malign|cancer|癌|肉瘤|恶性")
MISSING = frozenset(
    (
        "na", "n/a", "nan", "null", "none", ".", "-", "/", "?", "unknown", "无", "缺失", "未知",
        "不详",
    )
)  # fmt: skip
UNIT = re.compile(
    r"[(\[（【]\s*([^)\]）】]{1,12})\s*[)\]）】]\s*$|[_ ](mm|cm|ml|kg|years|HU|mm3|cm3)$"
)
AGE, SEX = re.compile(r"(?i)\bage\b|^age|年龄"), re.compile(r"(?i)^(sex|gender)|性别")
UNKNOWN_UNIT = "?"
NUMERIC_SHARE, MOST_LEVELS, FEW_NUMBERS = 0.8, 12, 5
DATE = re.compile(r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?( .*)?|\d{1,2}[./-]\d{1,2}[./-]\d{4}")
READER = re.compile(r"(.+)_[ab]")


@dataclass
class Guess:
    """A study's outcome and predictors as the columns suggest, as config has them.

    outcome : column, positive, negative; None where no column can be one
    gaps : predictors with empty cells; cleared : cells by column that stand for "missing"
    """

    outcome: dict | None = None
    others: list[str] = field(default_factory=list)  # levels of the outcome beyond its two
    predictors: list[dict] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    cleared: dict[str, set[str]] = field(default_factory=dict)
    guesses: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)


def guess_columns(columns: Sequence[str], rows: Sequence[dict[str, str]]) -> Guess:
    """Outcome and predictors among ``columns``; rows are those that have a patient's key."""
    guess = Guess()
    cells = {name: [row[name] for row in rows] for name in columns}
    for name in columns:
        cleared = _missing_words(cells[name])
        if cleared:
            guess.cleared[name] = cleared
            cells[name] = ["" if cell in cleared else cell for cell in cells[name]]
            said = ", ".join(sorted(cleared))
            guess.guesses.append(f"column {name}: {said} among numbers was read as missing")
    _guess_outcome(guess, cells)
    outcome = guess.outcome and cells[guess.outcome["column"]]
    for name in columns:
        if guess.outcome is None or name != guess.outcome["column"]:
            _guess_predictor(guess, name, cells, outcome)
    return guess


def _missing_words(cells: list[str]) -> set[str]:
    """Cells that stand for "missing" in a column of numbers."""
    filled = [cell for cell in cells if cell]
    others = {cell for cell in filled if as_number(cell) is None}
    numbers = len(filled) - sum(cell in others for cell in filled)
    known = all(cell.lower() in MISSING for cell in others)
    return others if others and known and numbers >= NUMERIC_SHARE * len(filled) else set()


def _levels(cells: Iterable[str]) -> list[str]:
    """The values of a column, the most frequent first."""
    counts = Counter(cell for cell in cells if cell)
    return sorted(counts, key=lambda level: (-counts[level], level))


def positive_of(levels: Sequence[str]) -> tuple[str, bool]:
    """Which of two levels is likely the positive one, and whether anything says so."""
    low = {level: level.strip().lower() for level in levels}
    told = [level for level in levels if low[level] in POSITIVE]
    denied = [level for level in levels if low[level] in NEGATIVE]
    if len(told) == 1:
        return told[0], True
    if len(denied) == 1:
        return next(level for level in levels if level not in denied), True
    cancers = [level for level in levels if CANCER.search(low[level])]
    if len(cancers) == 1:
        return cancers[0], True
    return levels[-1], False


def _guess_outcome(guess: Guess, cells: dict[str, list[str]]) -> None:
    levels = {name: _levels(column) for name, column in cells.items()}
    two = [name for name in cells if len(levels[name]) == 2 and not SEX.search(name)]
    named = {name: _rank(name) for name in cells if _rank(name) is not None}
    likely = sorted((name for name in two if name in named), key=named.get)
    several = [
        name for name in sorted(named, key=named.get)
        if 2 < len(levels[name]) <= MOST_LEVELS and len(levels[name]) * 3 <= len(cells[name])
    ]  # fmt: skip
    ranked = likely or several or two[-1:]
    if not ranked:
        guess.open.append(
            "the outcome: no column holds two values; add one, and name it in cohort.outcome"
        )
        return
    name = ranked[0]
    chosen = levels[name][:2]
    positive, sure = positive_of(chosen)
    negative = next(level for level in chosen if level != positive)
    guess.outcome = {"column": name, "positive": positive, "negative": negative}
    guess.others = levels[name][2:]
    counts = Counter(cells[name])
    text = (
        f"outcome: column {name}, positive {positive} ({counts[positive]}), negative {negative}"
        f" ({counts[negative]}); CONFIRM both, the model gives the probability of `positive`"
    )
    guess.guesses.append(text)
    if not sure:
        guess.open.append(
            f"which level of {name} is the positive one: nothing in {' and '.join(chosen)} tells;"
            f" {positive} was taken"
        )
    if guess.others:
        guess.open.append(
            f"{name} has more than two levels: patients with {', '.join(guess.others)} are excluded"
        )
    if name not in named or len(likely) > 1:
        others = [one for one in (likely if name in named else two) if one != name]
        if others:
            guess.open.append(f"the outcome could also be {', '.join(others)}")


def _rank(name: str) -> int | None:
    """The place of a column's name among the words for outcomes; None where it is none."""
    word = compared(name)
    return next((i for i, known in enumerate(OUTCOME_WORDS) if known in word), None)


def _guess_predictor(guess: Guess, name: str, cells: dict, outcome: list[str] | None) -> None:
    """One column as a predictor, or the reason why it is none."""
    column = cells[name]
    filled, levels = [cell for cell in column if cell], _levels(column)
    reader = READER.fullmatch(name)
    if reader and reader[1] in cells:
        return  # a single reader's finding; the consensus is the predictor
    if len(levels) < 2:
        guess.open.append(f"column {name} is no predictor: it has {len(levels)} value(s)")
    elif outcome and _says_the_same(column, outcome):
        guess.open.append(f"column {name} is no predictor: it says what the outcome says")
    elif all(DATE.fullmatch(cell) for cell in filled):
        guess.open.append(f"column {name} is no predictor: it holds dates")
    elif len(levels) == 2 and _rank(name) is not None:
        guess.open.append(f"column {name} is no predictor: it looks like another outcome")
    elif len(levels) == 2:
        positive, sure = positive_of(sorted(levels))
        guess.predictors.append({"name": name, "kind": "binary", "positive": positive})
        negative = next(level for level in levels if level != positive)
        doubt = "" if sure else "; CONFIRM which level is coded 1"
        guess.guesses.append(
            f"predictor {name}: {positive} against {negative}{doubt}"
        )  # fmt: skip
    elif all(as_number(cell) is not None for cell in filled):
        guess.predictors.append(_continuous(guess, name, levels))
    else:
        guess.open.append(
            f"column {name} is no predictor: {len(levels)} different texts; make it a number or a"
            " column of two levels if it should be one"
        )
        return
    if guess.predictors and guess.predictors[-1]["name"] == name and len(filled) < len(column):
        guess.gaps.append(name)


def _continuous(guess: Guess, name: str, levels: list[str]) -> dict:
    found = UNIT.search(name)
    unit = (found[1] or found[2]).strip() if found else "years" if AGE.search(name) else ""
    unit = "years" if unit == "岁" else unit
    predictor = {"name": name, "kind": "continuous", "unit": unit or UNKNOWN_UNIT}
    if unit == "years":
        predictor["per"] = 10
    guess.guesses.append(f"predictor {name}: a number" + (f" in {unit}" if unit else ""))
    if not unit:
        guess.open.append(f"the unit of {name}: write it in place of {UNKNOWN_UNIT!r}")
    if len(levels) <= FEW_NUMBERS:
        said = ", ".join(sorted(levels, key=float))
        guess.open.append(f"{name} has few values ({said}): is it a number, or codes of groups?")
    return predictor


def _says_the_same(column: list[str], outcome: list[str]) -> bool:
    pairs = {(one, other) for one, other in zip(column, outcome, strict=True) if one and other}
    alone = len({one for one, _ in pairs}) == len(pairs) == len({other for _, other in pairs})
    return alone and len(pairs) == 2
