"""Which field each column of a REDCap export is: by its name or, in a labelled one, by its label.

A labelled export repeats labels: two forms may ask the same question, and each form ends with a
column ``Complete?``. Its columns stand in the order of the data dictionary, though, so that a
repeated label is told by its neighbours: a column is a field if it can be no other while all
columns keep that order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stratify.cohort.redcap.fields import Field, make_plain

EVENT = ("redcap_event_name", "Event Name")
INSTRUMENT = ("redcap_repeat_instrument", "Repeat Instrument")
INSTANCE = ("redcap_repeat_instance", "Repeat Instance")
OF_REDCAP = (
    "redcap_data_access_group",
    "Data Access Group",
    "redcap_survey_identifier",
    "Survey Identifier",
)
OF_FORMS = ("Complete?", "Survey Timestamp")
"""What a labelled export calls a form's own columns."""

CHECKBOX = re.compile(r"^(?P<field>.+?)___(?P<code>.+)$")
_QUOTED_CHOICE = re.compile(r" \(choice='(.*)'\)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Names:
    """What the columns of an export are.

    Parameters
    ----------
    fields : mapping of str to str
        The field, ``field___code`` or REDCap's own name of each column.
    unclear : tuple of str
        Columns whose label several fields share, and whose neighbours do not tell which it is.
    unknown : tuple of str
        Columns that the data dictionary does not name.
    labelled : bool
        Whether the columns are named by labels.
    """

    fields: Mapping[str, str]
    unclear: tuple[str, ...]
    unknown: tuple[str, ...]
    labelled: bool


def make_key(label: str) -> str:
    r"""Return what two spellings of one label have in common.

    Examples
    --------
    >>> make_key('<i>Effects</i>  (choice=\'Nausea\')') == make_key("Effects (choice=Nausea)")
    True
    """
    return _QUOTED_CHOICE.sub(r" (choice=\1)", make_plain(label).replace('"', ""))


def name_columns(titles: Mapping[str, str], fields: Mapping[str, Field]) -> Names:
    """Find the field of each column.

    Parameters
    ----------
    titles : mapping of str to str
        What the file calls each column, in its order.
    fields : mapping of str to Field
        In the order of the data dictionary.
    """
    expected = _expect(fields)
    raw = {name for name, _ in expected}
    by_label: dict[str, list[int]] = {}
    for k, (_, label) in enumerate(expected):
        by_label.setdefault(label, []).append(k)
    keys = {header: make_key(title) for header, title in titles.items()}
    labelled = sum(key in by_label for key in keys.values()) > sum(h in raw for h in titles)
    found: dict[str, str] = {}
    if labelled:
        places = {header: by_label.get(key, []) for header, key in keys.items()}
        found = {header: expected[k][0] for header, k in _place(places).items()}
    for header, title in titles.items():
        box = CHECKBOX.match(title)
        if header not in found and (title in raw or (box and box["field"] in fields)):
            found[header] = title
    left = [header for header in titles if header not in found]
    unclear = [h for h in left if labelled and by_label.get(keys[h]) and titles[h] not in OF_FORMS]
    own = (*EVENT, *INSTRUMENT, *INSTANCE, *OF_REDCAP, *OF_FORMS)
    unknown = [
        header
        for header in left
        if header not in unclear
        and titles[header] not in own
        and not header.endswith(("_complete", "_timestamp"))
    ]
    return Names(
        {header: found.get(header, header) for header in titles},
        tuple(unclear),
        tuple(unknown) if fields else (),
        labelled,
    )


def _expect(fields: Mapping[str, Field]) -> list[tuple[str, str]]:
    """Return name and label of each column a whole export may have, in its order."""
    expected: list[tuple[str, str]] = []
    listed = list(fields.values())
    for k, one in enumerate(listed):
        if k > 0 and listed[k - 1].form != one.form:
            expected.append((f"{one.form}_timestamp", "Survey Timestamp"))
        if one.kind == "checkbox":
            boxes = one.boxes.items()
            expected += [(name, make_key(f"{one.label} (choice={c})")) for name, c in boxes]
        elif one.kind != "descriptive":
            expected.append((one.name, make_key(one.label)))
        if k == 0:  # the record's identifier stands before everything else
            expected.append((f"{one.form}_timestamp", "Survey Timestamp"))
        if k == len(listed) - 1 or listed[k + 1].form != one.form:
            expected.append((f"{one.form}_complete", "Complete?"))
    return expected


def _place(places: Mapping[str, Sequence[int]]) -> dict[str, int]:
    """Return the place of each column that can have no other, if all keep their order."""
    known = {header: at for header, at in places.items() if at}
    first = _place_early(known)
    last = _place_early({h: [-k for k in reversed(at)] for h, at in reversed(known.items())})
    if len(first) < len(known):
        # Another order than the dictionary's: only labels of one field tell which it is.
        return {header: at[0] for header, at in known.items() if len(at) == 1}
    return {header: k for header, k in first.items() if -last[header] == k}


def _place_early(places: Mapping[str, Sequence[int]]) -> dict[str, int]:
    """Give each column the first place that is free to it, as far as that goes."""
    found: dict[str, int] = {}
    before: int | None = None
    for header, at in places.items():
        free = [k for k in at if before is None or k > before]
        if not free:
            break
        found[header] = before = free[0]
    return found
