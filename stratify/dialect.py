"""The dialects of text tables: encodings, delimiters and decimal commas, told apart and told of."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from stratify.errors import DataError, Fault, count_of

DELIMITER_NAMES = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "vertical bars"}

_ROWS_LOOKED_AT = 50
_DECIMAL = re.compile(r"[+-]?\d+(,\d+)?([eE][+-]?\d+)?")
_PERHAPS_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
_SEPARATOR_LINE = re.compile(rb"\A\"?sep=(.)\"?[ ;,\t]*(\r\n|\r|\n)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text file as UTF-8 without a byte-order mark, and what had to be assumed.

    Parameters
    ----------
    data : bytes
    delimiter : str
    skipped : int
        Lines taken off the top, so that rows keep the numbers a spreadsheet gives them.
    faults : tuple of Fault
        Warnings, one for each thing that was put right.
    """

    data: bytes
    delimiter: str
    skipped: int
    faults: tuple[Fault, ...]


def decode(name: str, data: bytes, delimiter: str) -> Decoded:
    r"""Turn the bytes of a text table into UTF-8 with one kind of line end.

    Nothing is put right silently: each thing assumed is a warning.

    Parameters
    ----------
    name : str
        The file's name, for messages.
    data : bytes
    delimiter : str
        What the file's ending promises.

    Raises
    ------
    DataError
        If the bytes are text in no encoding that is known here.

    Examples
    --------
    >>> found = decode("t.csv", b"\xff\xfei\x00d\x00;\x00x\x00", ",")
    >>> found.data, found.delimiter
    (b'id;x', ';')
    >>> [fault.met for fault in found.faults]
    ['text in UTF-16', 'cells parted by semicolons']
    """
    faults: list[Fault] = []
    data = _to_utf8(name, data, faults)
    data = _without_hidden(name, data, faults)
    data = _with_line_ends(name, data, faults)
    skipped = 0
    said = _SEPARATOR_LINE.match(data)
    if said and said[1].decode("latin-1") in DELIMITER_NAMES:
        data, skipped, delimiter = data[said.end() :], 1, said[1].decode()
        faults.append(
            _assumed(
                name,
                f"a first line that names the delimiter ({DELIMITER_NAMES[delimiter]})",
                "the header in the first line",
                "That line is passed over, and the file read so.",
            )
        )
    else:
        delimiter = _find_delimiter(name, data, delimiter, faults)
    return Decoded(data, delimiter, skipped, tuple(faults))


def _assumed(name: str, met: str, wanted: str, way_out: str) -> Fault:
    return Fault(where=name, met=met, wanted=wanted, way_out=way_out, severity="warning")


def _to_utf8(name: str, data: bytes, faults: list[Fault]) -> bytes:
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
        faults.append(
            _assumed(
                name,
                "a byte-order mark before the header",
                "text in UTF-8 begins with the header",
                "It was taken off, and is no part of the first name.",
            )
        )
    way_out = "In the program that wrote the file, save it again as CSV UTF-8."
    wide = _utf16(data)
    if wide:
        try:
            text = data.decode(wide)
        except UnicodeDecodeError:
            text = "\0"
        if "\0" not in text:
            faults.append(
                _assumed(
                    name,
                    "text in UTF-16",
                    "text in UTF-8",
                    "It was turned into UTF-8; look at a name with an accent.",
                )
            )
            return text.removeprefix("\ufeff").encode("utf-8")
    if b"\0" in data:
        raise DataError(
            Fault(
                where=name,
                met="bytes that no text holds (a damaged UTF-16, or another format under this "
                "name)",
                wanted="text in UTF-8",
                way_out=way_out,
            )
        )
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _from_windows(name, data, error, faults)
    return data


def _utf16(data: bytes) -> str:
    """Return the name of the UTF-16 a file is in, going by its mark or by its zero bytes."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    start = data[:200]
    even, odd = start[::2].count(0), start[1::2].count(0)
    if len(start) >= 4 and len(data) % 2 == 0:
        if odd > 0.4 * len(start[1::2]) and not even:
            return "utf-16-le"
        if even > 0.4 * len(start[::2]) and not odd:
            return "utf-16-be"
    return ""


def _from_windows(name: str, data: bytes, error: UnicodeDecodeError, faults: list[Fault]) -> bytes:
    line = data.count(b"\n", 0, error.start) + 1
    byte = f"the byte 0x{data[error.start]:02x}"
    try:
        text = data.decode("cp1252")
        shown = data[error.start : error.start + 1].decode("cp1252")
    except UnicodeDecodeError:
        text = ""
    if not text or re.search(r"[\x01-\x08\x0b\x0c\x0e-\x1f]", text):
        raise DataError(
            Fault(
                where=name,
                met=f"line {line} holds {byte}, which is neither UTF-8 nor Latin-1 (the older "
                "Windows encoding)",
                wanted="text in UTF-8",
                way_out="In the program that wrote the file, save it again as CSV UTF-8.",
            )
        ) from None
    faults.append(
        _assumed(
            name,
            f"line {line} holds {byte}, which is not UTF-8",
            f"text in UTF-8; it was read as Latin-1 (Windows-1252), that byte as {shown!r}",
            "See that names and levels with accents are right; if not, save it as CSV UTF-8.",
        )
    )
    return text.encode("utf-8")


HIDDEN_MARKS = "\u200b\u200e\u200f\u2060\ufeff\u00ad"
"""Marks without width: spaces, directions, joiners, byte-order marks and soft hyphens."""


def _without_hidden(name: str, data: bytes, faults: list[Fault]) -> bytes:
    """Take out marks that nobody sees, and that make two names of one."""
    count = 0
    for mark in HIDDEN_MARKS:
        count += data.count(mark.encode())
        data = data.replace(mark.encode(), b"")
    if count:
        faults.append(
            _assumed(
                name,
                f"{count_of(count, 'mark')} without width, such as come with text from web pages",
                "text in which everything can be seen",
                "They were taken out.",
            )
        )
    return data


def _with_line_ends(name: str, data: bytes, faults: list[Fault]) -> bytes:
    """Turn a file with old Mac line ends (a carriage return alone) into one with line feeds."""
    if b"\n" in data or b"\r" not in data:
        return data
    faults.append(
        _assumed(
            name,
            "lines that end as on an old Mac (a carriage return alone)",
            "lines end with a line feed",
            "It was read so; nothing is lost.",
        )
    )
    return data.replace(b"\r", b"\n")


def _find_delimiter(name: str, data: bytes, promised: str, faults: list[Fault]) -> str:
    """Go by the ending, unless another delimiter parts the header and it does not."""
    sample = data[: 1 << 16].decode("utf-8", errors="ignore")
    first = _cells(sample, promised, 1)
    own = len(first[0]) if first else 0
    others = {
        other: len(rows[0]) if (rows := _cells(sample, other, 1)) else 0
        for other in DELIMITER_NAMES
        if other != promised
    }
    likely = max(others, key=others.__getitem__)
    if others[likely] <= own:
        return promised
    # A comma in the header may be a name's own: all rows must agree on the other delimiter.
    if own > 1 and not _agrees(sample, likely, whole=len(data) <= len(sample)):
        return promised
    if own > 2 and _agrees(sample, promised, whole=len(data) <= len(sample)):
        return promised
    faults.append(
        _assumed(
            name,
            f"cells parted by {DELIMITER_NAMES[likely]}",
            f"a file with this ending is parted by {DELIMITER_NAMES[promised]}",
            f"It was read as parted by {DELIMITER_NAMES[likely]}; see that every column is there.",
        )
    )
    return likely


def _agrees(sample: str, delimiter: str, *, whole: bool) -> bool:
    """Tell whether a delimiter parts the first rows into as many cells each."""
    rows = _cells(sample, delimiter, _ROWS_LOOKED_AT)
    return len({len(row) for row in (rows if whole else rows[:-1]) if row}) <= 1


def _cells(text: str, delimiter: str, most: int) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            rows.append(row)
            if len(rows) >= most:
                break
    except csv.Error:  # a cell larger than csv allows: what was read so far says enough
        pass
    return rows


def read_written_numbers(cells: Iterable[str | None]) -> tuple[np.ndarray, str] | None:
    """Read a column's cells as numbers written otherwise, if nothing else can be meant.

    Decimal commas; commas, points, spaces or apostrophes between thousands; digits and signs of
    another script. What a comma is must be told by the column itself: in ``1,234.5`` it stands
    between thousands, in ``1,234`` alone it may be either.

    Parameters
    ----------
    cells : sequence of str or None
        None for a missing cell.

    Returns
    -------
    values : array of float
    how : str
        What was met: ``"decimal commas"``.

    or None, where some cell is no number, or may mean another.

    Examples
    --------
    >>> read_written_numbers(["1,234.5", "980", None])
    (array([1234.5,  980. ,    nan]), 'commas between thousands')
    >>> read_written_numbers(["1.234,5", "980"])
    (array([1234.5,  980. ]), 'points between thousands and decimal commas')
    >>> read_written_numbers(["1 234.5", "\uff19\uff18\uff10"])[1]
    'spaces or apostrophes between thousands, and digits or signs of another script'
    >>> read_written_numbers(["1,234", "12.5"]) is None
    True
    """
    cells = list(cells)
    known = [cell for cell in cells if cell is not None]
    together = "\n".join(known)
    latin = known if together.isascii() else [_to_latin(cell) for cell in known]
    whole = latin
    if _SPACES.search(together):
        whole = [_SPACES.sub("", cell) if _SPACED.fullmatch(cell) else cell for cell in latin]
    found = _find_convention(whole)
    if found is None:
        return None
    plain, commas = found
    how = [
        "spaces or apostrophes between thousands" if whole != latin else "",
        commas,
        "digits or signs of another script" if latin != known else "",
    ]
    values = np.full(len(cells), np.nan)
    values[[cell is not None for cell in cells]] = [float(cell) for cell in plain]
    return values, ", and ".join(filter(None, how))


_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_SPACES = re.compile("[ \u00a0\u2009\u202f'\u2019]")
_SPACED = re.compile("[+-]?[1-9]\\d{0,2}([ \u00a0\u2009\u202f'\u2019]\\d{3})+([.,]\\d+)?")
_COMMA_GROUPS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?")
_POINT_GROUPS = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+(,\d+)?")
_OTHER_SIGNS = str.maketrans("\u2212\uff0d\uff0b\uff0e\uff0c\u066b\u066c", "--+.,.,")


def _to_latin(cell: str) -> str:
    """Write digits and signs of any script as those of ASCII."""
    if cell.isascii():
        return cell
    digits = (str(unicodedata.decimal(mark, mark)) for mark in cell)
    return "".join(digits).translate(_OTHER_SIGNS)


def _find_convention(cells: Sequence[str]) -> tuple[list[str], str] | None:
    """Return cells as plain numbers, and what their commas are; None where it cannot be told."""
    if all(_PLAIN.fullmatch(cell) for cell in cells):
        return list(cells), ""
    commas = read_decimal_commas(cells)
    if commas is not None:
        return [repr(float(c)) for c in commas], "decimal commas"
    if all(_PLAIN.fullmatch(cell) or _COMMA_GROUPS.fullmatch(cell) for cell in cells) and any(
        "," in cell and ("." in cell or cell.count(",") > 1) for cell in cells
    ):
        return [cell.replace(",", "") for cell in cells], "commas between thousands"
    if all(_DECIMAL.fullmatch(cell) or _POINT_GROUPS.fullmatch(cell) for cell in cells) and any(
        "." in cell and ("," in cell or cell.count(".") > 1) for cell in cells
    ):
        plain = [cell.replace(".", "").replace(",", ".") for cell in cells]
        return plain, "points between thousands and decimal commas"
    return None


def read_decimal_commas(cells: Iterable[str | None]) -> np.ndarray | None:
    """Read a column's cells as numbers with decimal commas, if nothing else can be meant.

    A comma is a decimal comma only if every cell of the column is a number with one at most, none
    has a point, and some cell could not be a count of thousands: ``1,234`` alone says neither.

    Parameters
    ----------
    cells : sequence of str or None
        None for a missing cell.

    Returns
    -------
    values : array of float, or None
        None where the column has no decimal commas, or may mean something else.

    Examples
    --------
    >>> read_decimal_commas(["2,5", None, "31"])
    array([ 2.5,  nan, 31. ])
    >>> read_decimal_commas(["1,234", "2,000"]) is None
    True
    """
    cells = list(cells)
    known = [cell for cell in cells if cell is not None]
    with_comma = [cell for cell in known if "," in cell]
    if not with_comma or not all(_DECIMAL.fullmatch(cell) for cell in known):
        return None
    if all(_PERHAPS_THOUSANDS.fullmatch(cell) for cell in with_comma):
        return None
    return np.array([np.nan if c is None else float(c.replace(",", ".")) for c in cells])
