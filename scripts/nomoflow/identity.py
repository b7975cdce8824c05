"""What could name a patient, and where it stands in a text.

Values come from the headers of the images (``identity_headers``), texts from the results
(``identity_outputs``). A value is compared as words: capitals, accents and what stands between the
words do not count, and a word within a longer word is none. Standard library only.

What is looked for, so that neither chance nor a common word raises an alarm and no value is lost:

- A name: each part of three letters or more, and any two parts side by side or joined. A part that
  is also a word of the program's own texts (Cox, Max, Line) counts only beside another part.
- A number or identifier, of four characters or more. Digits alone, up to seven of them, equal a
  count of voxels by chance: they count where the same line or row holds the patient's study key,
  and in file names. The same holds for identifiers made of the program's own words.
- A birth date, in any of the usual ways to write one. Dates up to 1900 stand for "unknown".
- An institution or address, whole. A UID, whole; those of the standard itself name nobody.
- What de-identification writes (ANON, NONE, 0000) is no value.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise

IDENTITY_COLUMNS = ("kind", "severity", "file", "tag", "patient")
IN_OUTPUT, KEY_IS_NAME, KEY_IS_NUMBER = (
    "identity_in_output", "key_is_patient_name", "key_is_patient_number",
)  # fmt: skip
NAME, DATE, NUMBER, PHRASE, UID = "name", "date", "number", "phrase", "uid"
SHORTEST, SHORTEST_PART = 4, 3  # characters of a value, letters of a part of a name
SURE_DIGITS = 8  # so many digits do not meet by chance
UNKNOWN_UNTIL = 1900
WORD = re.compile(r"[^\W_]+")
BETWEEN = r"[\W_]{1,3}"
# Scripts without blanks between words: looked for inside longer texts.
UNSPACED = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")
DIGEST = re.compile(r"(?=.*\d)[0-9a-f]{8,}")
NUMBERED = re.compile(r"([^\W\d_]{3,})\d{1,4}")
OF_THE_STANDARD = "1.2.840.10008."
UIDS = re.compile(r"(?<![\d.])\d+(?:\.\d+){3,}(?![\d.]*\d)")
NOBODY = frozenset(
    (
        "anon", "anonym", "anonymous", "anonymus", "anonymized", "anonymised", "anonymize", "case",
        "deidentified", "identified", "de", "none", "null", "nan", "na", "unknown", "unnamed",
        "noname", "nobody", "no", "name", "not", "available", "applicable", "known", "patient",
        "subject", "test", "phantom", "removed", "redacted", "deleted", "hidden", "empty", "dummy",
    )
)  # fmt: skip
PARTICLES = frozenset(
    (
        "van", "von", "der", "den", "del", "della", "des", "dos", "das", "bin", "ibn", "bint",
        "ben", "abu", "los", "las", "san", "mac", "the", "and", "dr", "med", "prof", "phd", "md",
    )
)  # fmt: skip
LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th", "ð": "d"}
)
UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa"})
MONTHS = {
    month: number
    for number, names in enumerate(
        (
            "jan", "feb fev", "mar mrz", "apr avr", "may mai", "jun juin", "jul juil", "aug aou",
            "sep", "oct okt", "nov", "dec dez",
        ),
        start=1,
    )
    for month in names.split()
}  # fmt: skip
MONTH, NTH = r"([^\W\d_]{3,10})", r"(?:st|nd|rd|th|\.)?"
NOT_DECIMAL = r"(?<!\d)(?<!\d\.)"
DATES = (
    ("ymd", re.compile(NOT_DECIMAL + r"(\d{4})(\d\d)(\d\d)(?!\.?\d)")),
    ("dmy", re.compile(NOT_DECIMAL + r"(\d\d)(\d\d)(\d{4})(?!\.?\d)")),
    ("ymd", re.compile(r"(?<!\d)(\d{4})\s?[-./_年 ]\s?(\d\d?)\s?[-./_月 ]\s?(\d\d?)(?!\d)")),
    ("dmy", re.compile(r"(?<!\d)(\d\d?)[-./_ ]\s?(\d\d?)[-./_ ]\s?(\d{4})(?!\d)")),
    ("dmy", re.compile(r"(?<!\d)(?<!\d[.-])(\d\d)([-./])(\d\d)\2(\d\d)(?![\d.-])")),
    ("dby", re.compile(rf"(?<!\d)(\d\d?){NTH}[-_ ]?{MONTH}\.?,?[-_ ]?(\d{{4}})(?!\d)")),
    ("bdy", re.compile(rf"(?<![^\W\d_]){MONTH}\.?[-_ ](\d\d?){NTH},?[-_ ](\d{{4}})(?!\d)")),
)  # fmt: skip


@dataclass(frozen=True)
class Value:
    """Something in a header that could name a patient: the tag's keyword, the study key, the text.

    kind : name, date, number, phrase or uid; it decides how the value is looked for.
    """

    tag: str
    patient: str
    kind: str
    text: str


def plain(text: str) -> str:
    """Text without capitals, accents and other forms of the same letters."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    kept = "".join(one for one in apart if not unicodedata.combining(one))
    return unicodedata.normalize("NFC", kept).translate(LETTERS)


def words_of(texts: Iterable[str]) -> set[str]:
    """All words of some texts, in the form in which they are compared."""
    return {word for text in texts for word in WORD.findall(plain(text))}


def dates_of(text: str) -> Iterator[str]:
    """The dates of a text (as ``plain`` returns it) as yyyymmdd, in every order they may have."""
    for order, pattern in DATES:
        for found in pattern.finditer(text):
            parts = [part for part in found.groups() if part.isalnum()]
            yield from _readings(order, parts)


def _readings(order: str, parts: list[str]) -> Iterator[str]:
    if "b" in order:
        word = parts[order.index("b")]
        month = next((n for name, n in MONTHS.items() if word.startswith(name)), 0)
        yield from _day(int(parts[2]), month, int(parts[order.index("d")]))
    elif order == "ymd":
        yield from _day(*map(int, parts))
    else:
        one, other, year = map(int, parts)
        years = [1900 + year, 2000 + year] if len(parts[2]) == 2 else [year]
        for full in years:
            yield from _day(full, other, one)
            yield from _day(full, one, other)


def _day(year: int, month: int, day: int) -> Iterator[str]:
    try:
        yield f"{date(year, month, day):%Y%m%d}"
    except ValueError:
        return


@lru_cache(maxsize=4096)
def _pattern(words: tuple[str, ...]) -> re.Pattern:
    whole = BETWEEN.join(map(re.escape, words))
    ends = (r"(?<!\d\.)", r"(?!\.\d)") if all(map(str.isdigit, words)) else ("", "")
    return re.compile(rf"(?<![^\W_]){ends[0]}{whole}(?![^\W_]){ends[1]}")


class Finder:
    """Looks for the values of all patients in a text, in one pass.

    values : of the headers. keys : the study keys. own_words : of the program's and the config's
    texts, as ``words_of`` returns them.
    """

    def __init__(self, values: Iterable[Value], keys: Iterable[str], own_words: set[str]):
        self._own = own_words
        self._marks: dict[tuple, set] = defaultdict(set)  # words: (tag, patient)
        self._weak: dict[tuple, set] = defaultdict(set)
        self._unspaced: dict[str, set] = defaultdict(set)
        self._dates: dict[str, set] = defaultdict(set)
        self._uids: dict[str, set] = defaultdict(set)
        for value in values:
            getattr(self, f"_add_{value.kind}")(value.text, (value.tag, value.patient))
        self._index: dict[str, list] = defaultdict(list)
        for words in dict.fromkeys([*self._marks, *self._weak]):
            self._index[max(words, key=len)].append(words)
        self._keys = {key: _key_pattern(key) for key in sorted(set(keys))}
        self.rows = list(self._take_out_keys())
        for store in (self._marks, self._unspaced, self._dates, self._uids):
            for value, marks in store.items():
                store[value] = _shared(marks)
        told = sorted(self._unspaced, key=len, reverse=True)
        self._inside = re.compile("|".join(map(_spread, told))) if told else None

    def _add_name(self, text: str, mark: tuple) -> None:
        for group in text.split("="):
            spaced = "^" in group or " " in group.strip()
            parts = WORD.findall(plain(" ".join(group.split("^")[:3])))
            if UNSPACED.search("".join(parts)):
                self._add_unspaced(parts, mark)
            elif any(map(str.isdigit, "".join(parts))) and not spaced:
                self._add_number(group, mark)  # a pseudonym, such as STS_019
            else:
                for one in {group.lower(), group.lower().translate(UMLAUTS)}:
                    self._add_parts(WORD.findall(plain(" ".join(one.split("^")[:3]))), mark)

    def _add_parts(self, parts: list[str], mark: tuple) -> None:
        parts = [p for p in parts if p.isalpha() and (p not in NOBODY or len(p) < SHORTEST_PART)]
        known = {*self._own, *PARTICLES}
        alone = [part for part in parts if len(part) >= SHORTEST_PART and part not in known]
        for part in alone:
            self._marks[part,].add(mark)
        for one, other in pairwise(parts):
            if len(one + other) >= SHORTEST:
                self._marks[one, other].add(mark)
                self._marks[other, one].add(mark)
                for joined in {one + other, other + one} - self._own:
                    self._marks[joined,].add(mark)

    def _add_unspaced(self, parts: list[str], mark: tuple) -> None:
        whole = "".join(parts)
        known = any(whole in word for word in self._own if not word.isascii())
        for part in [whole] * (len(whole) >= 2 and not known) + [p for p in parts if len(p) >= 3]:
            self._unspaced[part].add(mark)

    def _add_number(self, text: str, mark: tuple) -> None:
        words = tuple(WORD.findall(plain(text)))
        whole = "".join(words)
        # Fewer than four digits are no identifier; 0000 and 9999 stand for "none".
        if len(whole) < SHORTEST or len(set(whole)) == 1 or _is_nobody(words):
            return
        few = whole.isdigit() and len(whole) < SURE_DIGITS and not _is_padded(words)
        (self._weak if few or set(words) <= self._own else self._marks)[words].add(mark)

    def _add_phrase(self, text: str, mark: tuple) -> None:
        words = tuple(WORD.findall(plain(text)))
        if UNSPACED.search("".join(words)):
            self._add_unspaced(list(words), mark)
        elif len("".join(words)) < SHORTEST or _is_nobody(words):
            return
        elif len(words) >= 3 or not set(words) <= self._own:
            self._marks[words].add(mark)

    def _add_date(self, text: str, mark: tuple) -> None:
        digits = re.sub(r"\D", "", text)[:8]
        if len(digits) == 8 and int(digits[:4]) > UNKNOWN_UNTIL:
            for day in _day(int(digits[:4]), int(digits[4:6]), int(digits[6:])):
                self._dates[day].add(mark)

    def _add_uid(self, text: str, mark: tuple) -> None:
        if UIDS.fullmatch(text) and len(text) >= 10 and not text.startswith(OF_THE_STANDARD):
            self._uids[text].add(mark)

    def _take_out_keys(self) -> Iterator[dict]:
        """Values that a study key consists of, or holds: told once, and looked for no more."""
        found: set[tuple] = set()
        for key in self._keys:
            text = plain(key)
            words = _words(text)
            for phrase in [p for word in words for p in self._index.get(word, []) if {*p} <= words]:
                if len(phrase) == 1 or _pattern(phrase).search(text):
                    number = any(map(str.isdigit, "".join(phrase)))
                    marks = self._marks.pop(phrase, set()) | self._weak.pop(phrase, set())
                    found |= {(mark, number) for mark in marks}
            for one in [one for one in self._unspaced if one in text]:
                found |= {(mark, False) for mark in self._unspaced.pop(one)}
            for day in {*dates_of(text)} & self._dates.keys():
                found |= {(mark, False) for mark in self._dates.pop(day)}
        for (tag, patient), number in sorted(found):
            named = not number and ("Name" in tag or "Physician" in tag or "Date" in tag)
            yield {
                "kind": KEY_IS_NAME if named else KEY_IS_NUMBER,
                "severity": "problem" if named else "warning",
                "file": "", "tag": tag, "patient": patient,
            }  # fmt: skip

    def found(self, text: str) -> set[tuple[str, str]]:
        """(tag, study key) of each value that stands in a text; its lines are rows."""
        text = plain(text)
        words = _words(text)
        hits: set[tuple[str, str]] = set()
        for word in words & self._index.keys():
            for phrase in self._index[word]:
                if set(phrase) <= words:
                    hits |= self._judged(phrase, text)
        if self._dates:
            for day in dates_of(text):
                hits |= self._dates.get(day, set())
        if self._uids:
            for uid in UIDS.findall(text):
                hits |= self._uids.get(uid, set())
        if self._inside is not None and not text.isascii():
            for one in self._inside.findall(text):
                hits |= self._unspaced["".join(WORD.findall(one))]
        return hits

    def _judged(self, phrase: tuple, text: str) -> set[tuple[str, str]]:
        hits = set()
        if phrase in self._marks and (
            (len(phrase) == 1 and not phrase[0].isdigit()) or _pattern(phrase).search(text)
        ):
            hits |= self._marks[phrase]
        if phrase in self._weak:
            for place in _pattern(phrase).finditer(text):
                end = text.find("\n", place.end())
                line = text[text.rfind("\n", 0, place.start()) + 1 : None if end < 0 else end]
                hits |= {mark for mark in self._weak[phrase] if self._names(mark[1], line)}
        return hits

    def _names(self, key: str, line: str) -> bool:
        return (self._keys.get(key) or _key_pattern(key)).search(line) is not None

    def found_in_name(self, name: str) -> set[tuple[str, str]]:
        """As ``found``, of a file's name or path; there a number needs no study key beside it.

        A name of up to four digits and no more is a batch's.
        """
        hits = self.found(name)
        for part in name.split("/"):
            stem = plain(part.split(".")[0])
            if not re.fullmatch(r"\d{1,4}", stem):
                for phrase, marks in self._weak.items():
                    if "".join(phrase).isdigit() and _pattern(phrase).search(stem):
                        hits |= marks
        return hits


def _words(text: str) -> set[str]:
    """The words of a text, and those that have a few digits at their end without them."""
    words = set(WORD.findall(text))
    ends = {word: NUMBERED.fullmatch(word) for word in words if not DIGEST.match(word)}
    return words | {end[1] for end in ends.values() if end}


def _shared(marks: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """A value that several patients have in one tag, such as an institution, names none alone."""
    tags = [tag for tag, _ in marks]
    return {(tag, patient if tags.count(tag) == 1 else "") for tag, patient in marks}


def _spread(value: str) -> str:
    return r"[\W_]{0,3}".join(map(re.escape, value))


def _key_pattern(key: str) -> re.Pattern:
    return re.compile(rf"(?<![^\W_]){re.escape(plain(key))}(?![^\W_])")


def _is_nobody(words: tuple[str, ...]) -> bool:
    return all(word in NOBODY or (word.isdigit() and len(word) < SHORTEST) for word in words)


def _is_padded(words: tuple[str, ...]) -> bool:
    return len(words) == 1 and words[0].startswith("0") and len(words[0]) > SHORTEST


def of_file(name: str, hits: Iterable[tuple[str, str]]) -> list[dict]:
    """Rows with ``IDENTITY_COLUMNS`` for what was found in a file."""
    return [
        {
            "kind": IN_OUTPUT, "severity": "problem", "file": name, "tag": tag, "patient": patient,
        }
        for tag, patient in sorted(hits)
    ]  # fmt: skip


def complaint(rows: list[dict], most: int = 12) -> str:
    """What to say of rows with ``IDENTITY_COLUMNS``; empty where none is a problem."""
    wrong = [row for row in rows if row["severity"] == "problem"]
    if not wrong:
        return ""
    said = [
        "    {file}: {tag} of {patient}".format(
            file=row["file"] or "cohort.participants, study key",
            tag=row["tag"],
            patient=row["patient"] or "several patients",
        )
        for row in wrong[:most]
    ]
    more = [f"    and {len(wrong) - most} more"] if len(wrong) > most else []
    count = "1 place" if len(wrong) == 1 else f"{len(wrong)} places"
    return "\n".join(
        [
            f"The results name patients in {count}; they must not leave this computer:",
            *said,
            *more,
            "What comes from the images' headers stands there by its tag; it came into the results"
            " by a table of the study, a folder's or file's name, a label's name, or free text.\n"
            "Remedy: take it out of the participants table, rename the folder, file or label in"
            " the scans table, give other study keys, or de-identify the images; then run again.",
        ]
    )
