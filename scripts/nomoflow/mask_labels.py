"""Which label of a mask is meant: by its number, or by the name it has in the file."""

from dataclasses import dataclass

from nomoflow.image_problems import ImageProblem, listed


@dataclass(frozen=True)
class Label:
    """A label, segment or structure of a mask file."""

    number: int
    name: str = ""

    def __str__(self) -> str:
        return f"{self.number} {self.name!r}" if self.name else str(self.number)


def chosen_label(label: str, there: list[Label]) -> Label:
    """The one meant by a number or else a name (capitals count only where two differ by them).

    Raises ImageProblem, which lists the labels that are there, where none or several are meant.
    """
    wanted = str(label).strip()
    found = [one for one in there if wanted.isdigit() and one.number == int(wanted)]
    found = found or [one for one in there if one.name.strip() == wanted]
    found = found or [one for one in there if one.name.strip().lower() == wanted.lower()]
    if len(found) == 1:
        return found[0]
    names = listed(there) if there else "none"
    if found:
        raise ImageProblem(
            "label_ambiguous",
            f"label {wanted} is not the only one of its name in the mask",
            found=f"labels {names}",
            allowed="one label",
            remedy="write its number in the scans table's column label",
        )
    likely = f", such as {there[0].name or there[0].number}," if there else ""
    raise ImageProblem(
        "label_missing",
        f"label {wanted} is not in the mask",
        found=f"labels {names}",
        allowed=f"label {wanted}",
        remedy=f"write the right one{likely} in the scans table's column label",
    )
