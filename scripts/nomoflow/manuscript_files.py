"""Tables for a manuscript as Word and Excel files, the same bytes each time.

Every cell is text: a label that begins with an equals sign is never computed. No file tells who
made it, or when.
"""

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

from nomoflow.manuscript import Table

FONT, EASTERN = "Times New Roman", "SimSun"
SIZE, SMALL = 10, 9  # pt
PAGE, MARGIN = (297, 210), 20  # mm
LETTER, GAP = 1.65, 5  # mean width of a letter of 10 pt, room between columns, mm
THICK, THIN = 12, 4  # rules of a three-line table, eighths of a point
# What XML 1.0 cannot hold.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_CORE = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/'
    'core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator>nomoflow'
    "</dc:creator></cp:coreProperties>"
)
_NEVER = (1980, 1, 1, 0, 0, 0)  # the earliest date that a ZIP file can hold


def printable(text: str) -> str:
    """A text without what no document can hold."""
    return _FORBIDDEN.sub("\ufffd", text)


def write_docx(tables: Sequence[Table], path: str | Path) -> None:
    """One landscape page or more: title, three-line table, notes."""
    from docx import Document
    from docx.enum.section import WD_ORIENT
    from docx.oxml.ns import qn
    from docx.shared import Mm, Pt

    document = Document()
    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = map(Mm, PAGE)
    for side in ("left_margin", "right_margin", "top_margin", "bottom_margin"):
        setattr(section, side, Mm(MARGIN))
    style = document.styles["Normal"]
    style.font.name, style.font.size = FONT, Pt(SIZE)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), EASTERN)
    style.paragraph_format.space_after = Pt(0)
    for place, table in enumerate(tables):
        title = document.add_paragraph()
        title.paragraph_format.page_break_before = place > 0
        title.paragraph_format.space_after = Pt(4)
        title.paragraph_format.keep_with_next = True
        title.add_run(printable(table.title)).bold = True
        _docx_table(document, table)
        for note in table.notes:
            said = document.add_paragraph().add_run(printable(note))
            said.font.size = Pt(SMALL)
    document.save(path)
    _settle(path)


def _docx_table(document, table: Table) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement
    from docx.shared import Mm

    grid = document.add_table(rows=0, cols=len(table.heads))
    grid.autofit = False
    widths = column_widths(table)
    for column, width in zip(grid.columns, widths, strict=True):
        column.width = Mm(width)
    for number, line in enumerate([table.heads, *table.rows]):
        cells = grid.add_row().cells
        # A row stays on one page, a head within the table with the row below it.
        grid.rows[-1]._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
        for one, width in zip(cells, widths, strict=True):
            one.width = Mm(width)
        heading = len(line) == 1 and number > 0
        cell = cells[0].merge(cells[-1]) if heading else None
        for place, text in enumerate(line):
            own = cell if heading else cells[place]
            paragraph = own.paragraphs[0]
            run = paragraph.add_run(printable(text))
            run.bold, run.italic = number == 0 or None, heading or None
            paragraph.paragraph_format.keep_with_next = heading or None
            if place and not heading:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        if number == 0:  # repeated where the table goes on over a page
            grid.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
            _rule(cells, "top", THICK)
            _rule(cells, "bottom", THIN)
        if number == len(table.rows):
            _rule(cells, "bottom", THICK)


def column_widths(table: Table) -> list[float]:
    """Width of each column in mm: its longest text, as far as the page is wide.

    The first column, of the longest texts, gives way where they do not fit.
    """
    lines = [line for line in (table.heads, *table.rows) if len(line) > 1]
    widths = [LETTER * max(map(len, column)) + GAP for column in zip(*lines, strict=True)]
    beyond = sum(widths) - (PAGE[0] - 2 * MARGIN)
    if beyond > 0:
        widths[0] = max(widths[0] - beyond, 30)
    return widths


def _rule(cells, edge: str, weight: int) -> None:
    """A line above or below the cells of a row."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    for one in dict.fromkeys(cell._tc for cell in cells):
        properties = one.get_or_add_tcPr()
        borders = properties.find(qn("w:tcBorders"))
        if borders is None:
            borders = OxmlElement("w:tcBorders")
            properties.append(borders)
        line = OxmlElement(f"w:{edge}")
        line.set(qn("w:val"), "single")
        line.set(qn("w:sz"), str(weight))
        borders.append(line)


def write_xlsx(tables: Sequence[Table], path: str | Path) -> None:
    """A sheet for each table, named Table 1, Table 2 and so on; all cells are text."""
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Border, Font, Side
    from openpyxl.utils import get_column_letter

    book = Workbook()
    book.remove(book.active)
    for count, table in enumerate(tables, 1):
        sheet = book.create_sheet(f"Table {count}")
        sheet.page_setup.orientation, sheet.page_setup.fitToWidth = "landscape", 1
        sheet.page_setup.fitToHeight = 0
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
        body = [[table.title], table.heads, *table.rows, *([note] for note in table.notes)]
        last = 2 + len(table.rows)
        for row, line in enumerate(body, 1):
            for column, text in enumerate(line, 1):
                cell = sheet.cell(row, column)
                cell.value = printable(text)
                cell.data_type, cell.quotePrefix = "s", True  # a text, whatever it begins with
                in_table = 2 <= row <= last
                cell.font = Font(
                    name=FONT, size=SIZE if row <= last else SMALL, bold=row <= 2,
                    italic=in_table and len(line) == 1,
                )  # fmt: skip
                cell.alignment = Alignment(
                    horizontal="center" if in_table and column > 1 else "left", vertical="top",
                    wrap_text=in_table and len(line) > 1,
                )  # fmt: skip
        for row, edge, weight in (
            (2, "top", "medium"), (2, "bottom", "thin"), (last, "bottom", "medium")
        ):  # fmt: skip
            for column in range(1, len(table.heads) + 1):
                cell = sheet.cell(row, column)
                lines = {"top": cell.border.top, "bottom": cell.border.bottom}
                cell.border = Border(**lines | {edge: Side(style=weight)})
        sheet.freeze_panes = "B3"
        for column in range(1, len(table.heads) + 1):
            longest = max(len(line[column - 1]) for line in (table.heads, *table.rows)
                          if len(line) > 1)  # fmt: skip
            width = min(max(longest + 2, 8), 80)
            sheet.column_dimensions[get_column_letter(column)].width = width
        # A note is as wide as the table, and as high as its lines.
        wide = sum(one.width for one in sheet.column_dimensions.values())
        for row, note in enumerate(table.notes, last + 1):
            sheet.merge_cells(
                start_row=row, end_row=row, start_column=1, end_column=len(table.heads)
            )
            sheet.cell(row, 1).alignment = Alignment(vertical="top", wrap_text=True)
            sheet.row_dimensions[row].height = 12.5 * -(-len(note) // max(int(wide * 1.1), 1))
    book.save(path)
    _settle(path)


def _settle(path: str | Path) -> None:
    """Write the file anew: no dates, no names, the same order of its parts."""
    with zipfile.ZipFile(path) as made:
        parts = {name: made.read(name) for name in made.namelist()}
    parts["docProps/core.xml"] = _CORE.encode("utf-8")
    first = "[Content_Types].xml"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as kept:
        for name in sorted(parts, key=lambda name: (name != first, name)):
            told = zipfile.ZipInfo(name, date_time=_NEVER)
            told.compress_type, told.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            kept.writestr(told, parts[name])
