"""Words in the names of image files: which patient, which phase, whose mask.

Standard library only.
"""

import re
from collections.abc import Iterable

MASK_WORDS = frozenset(
    (
        "mask", "masks", "maske", "seg", "segm", "segs", "segmentation", "segmentations", "label",
        "labels", "labelmap", "labelmaps", "roi", "rois", "voi", "gtv", "ctv", "contour",
        "contours", "annotation", "annotations", "delineation", "rtstruct", "掩膜", "掩码", "标注",
        "勾画", "分割", "轮廓",
    )
)  # fmt: skip
IMAGE_WORDS = frozenset(
    (
        "image", "images", "img", "imgs", "volume", "scan", "scans", "data", "dicom", "dcm",
        "nifti", "nii", "nrrd", "original", "orig", "raw", "图像", "影像", "原图",
    )
)  # fmt: skip
# Of several structures in a folder, the one that is studied.
LESION_WORDS = frozenset(
    ("tumor", "tumour", "lesion", "mass", "cancer", "nodule", "gtv", "肿瘤", "病灶", "肿块", "结节")
)
# In the order in which they are taken; names in other scripts get the first, English, one.
PHASES = (
    ("unenhanced", "plain", "noncontrast", "nonenhanced", "native", "nc", "平扫", "平扫期"),
    ("arterial", "art", "ap", "动脉期", "动脉"),
    ("corticomedullary", "cmp", "corticomed", "皮髓质期", "皮髓期", "皮质期"),
    ("venous", "portal", "portalvenous", "pv", "pvp", "vp", "静脉期", "门静脉期", "门脉期"),
    ("nephrographic", "nephro", "np", "实质期", "肾实质期"),
    ("excretory", "excret", "ep", "排泄期", "肾盂期", "分泌期"),
    ("delayed", "delay", "dp", "延迟期"),
    ("CT",), ("PET", "pt", "suv"), ("MR", "mri"), ("T1", "t1w", "t1ce", "t1c", "t1gd"),
    ("T2", "t2w"), ("FLAIR",), ("DWI",), ("ADC",), ("DCE",),
)  # fmt: skip
PHASE_OF = {word.lower(): i for i, words in enumerate(PHASES) for word in words}
READER = re.compile(
    r"(?:reader|rater|obs|observer|r|doctor|doc|radiologist|医生|医师|读者)?([ab12甲乙])"
    r"(?:session|round|time|s|t|v)?([12])?"
)
AGAIN = frozenset(
    (
        "repeat", "repeated", "retest", "reread", "again", "second", "2nd", "session2", "重复",
        "复测", "第二次", "再次",
    )
)  # fmt: skip
TOKEN = re.compile(r"[a-zA-Z0-9]+|[^\W_a-zA-Z0-9]+")
NUMBERED_MASK = re.compile(r"(mask|seg|label|roi)([12ab])")


def tokens(stem: str) -> list[list[str]]:
    """The words of a path, part by part; a mask's number is a word of its own."""
    parts = []
    for part in stem.split("/"):
        words: list[str] = []
        for word in TOKEN.findall(part):
            numbered = NUMBERED_MASK.fullmatch(word.lower())
            words += numbered.groups() if numbered else [word]
        parts.append(words)
    return parts


def squeezed(text: str) -> str:
    """A key without capitals and marks, as it is compared."""
    return "".join(TOKEN.findall(text)).lower()


def runs(parts: list[list[str]], longest: int = 8) -> dict[str, tuple[int, int, int]]:
    """{words joined: (part, from, to)} of all words side by side; the first place of each."""
    found: dict[str, tuple[int, int, int]] = {}
    for i, words in enumerate(parts):
        for start in range(len(words)):
            for end in range(start + 1, min(len(words), start + longest) + 1):
                found.setdefault("".join(words[start:end]).lower(), (i, start, end))
    return found


def numbers(parts: list[list[str]]) -> list[tuple[int, tuple[int, int, int]]]:
    """Whole numbers among the words, alone or behind letters (P001), with their places."""
    return [
        (int(match[1]), (i, j, j + 1))
        for i, words in enumerate(parts)
        for j, word in enumerate(words)
        if (match := re.fullmatch(r"[^\W\d]*(\d+)", word))
    ]


def rest(parts: list[list[str]], place: tuple[int, int, int]) -> list[str]:
    """The words that are left without the patient's, each once."""
    i, start, end = place
    words = [w for j, one in enumerate(parts) for k, w in enumerate(one)
             if j != i or not start <= k < end]  # fmt: skip
    # The patient's words often stand both in the folder's and in the file's name.
    again = squeezed("".join(parts[i][start:end]))
    for j in range(len(words)):
        for k in range(len(words), j, -1):
            if "".join(words[j:k]).lower() == again:
                del words[j:k]
                break
    return list({word.lower(): word for word in reversed(words)}.values())[::-1]


def is_mask(words: Iterable[str]) -> bool:
    """Whether a name says that the file is a mask."""
    return any(word.lower() in MASK_WORDS for word in words)


def bare(words: Iterable[str]) -> list[str]:
    """Words that are neither of masks nor of images in general."""
    return [word for word in words if word.lower() not in MASK_WORDS | IMAGE_WORDS]


def phase_words(words: list[str]) -> list[str]:
    """The words that are known to name a phase; all of them where none is."""
    return [word for word in words if word.lower() in PHASE_OF] or words


def phase_name(words: list[str]) -> str:
    """A phase's name of the words of a file: the words that are known to be one, or all of them.

    In letters, digits and underscores, a letter first, as config asks; "" of nothing.
    """
    named = [
        word if word.isascii() else PHASES[PHASE_OF[word.lower()]][0]
        for word in phase_words(words)
        if word.isascii() or word.lower() in PHASE_OF
    ]
    text = re.sub(r"\W", "_", "_".join(named))
    if not text:
        return "phase" if words else ""
    return text if text[0].isalpha() and text != "combined" else f"phase_{text}"


def phase_rank(name: str) -> tuple[int, str]:
    """Phases in the order in which they are taken; unknown ones last, by name."""
    ranks = [PHASE_OF[word] for word in name.lower().split("_") if word in PHASE_OF]
    return min(ranks, default=len(PHASES)), name


def reading(words: list[str]) -> str | None:
    """Whose mask it is, by the words beside the phase's: a1, b1 or a2; None if they do not tell."""
    if not words:
        return "a1"
    lower = [word.lower() for word in words]
    again = [word for word in lower if word in AGAIN]
    who = READER.fullmatch("".join(word for word in lower if word not in AGAIN))
    if who is None or re.fullmatch(r"\d\d", "".join(lower)):
        return "a2" if again and len(again) == len(lower) else None
    first = {"1": "a", "2": "b", "甲": "a", "乙": "b"}.get(who[1], who[1])
    found = first + ("2" if again else who[2] or "1")
    return found if found in ("a1", "b1", "a2") else None
