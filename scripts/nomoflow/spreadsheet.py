"""Cells of our tables as a spreadsheet program opens them: text stays text.

A cell that begins with =, @, a tab, or with + or - and is no number, would be computed when the
table is opened (OWASP, "CSV injection"). It is written with an apostrophe before it, which such a
program takes as "text", and read without. Numbers, signs alone (+, ++, -) and a number with its
unit (-1024 HU) stay as they are; study keys begin with a letter or digit. Standard library only.
"""

import re

FORMULA = re.compile(
    r"'*(?:[=@\t\r\n＝＠]|[+\-＋－](?!(?:[\d.,]+(?:[eE][+-]?\d+)?(?:[ %][\w/%. ]*)?|[+\-]*)\Z))"
)


def guarded(cell):
    """A cell as it is written; what is no text is left alone."""
    return f"'{cell}" if isinstance(cell, str) and FORMULA.match(cell) else cell


def unguarded(cell):
    """A cell as it was before it was written."""
    return cell[1:] if isinstance(cell, str) and cell[:1] == "'" and FORMULA.match(cell) else cell
