"""An atlas as an image of labels, and the names of its regions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stratify.connectome.raw import Regions, column_text, read_regions
from stratify.errors import DataError, Fault, count_of, name_some
from stratify.sheet import Sheet, read_sheet

INDEX_HEADERS = ("index", "roi", "value", "id")
NAME_HEADERS = ("name", "label", "labels", "region")


@dataclass(frozen=True)
class Atlas:
    """An image of labels.

    Parameters
    ----------
    image : Path
        NIfTI, one whole number a region, 0 where there is none.
    name : str
        Letters and digits, for names of files.
    indices : tuple of int
        The number of each region in the image.
    regions : tuple of str
    """

    image: Path
    name: str
    indices: tuple[int, ...]
    regions: tuple[str, ...]


def read_atlas(image: str | Path, labels: str | Path, *, name: str = "") -> Atlas:
    """Read what the numbers of an atlas mean, and check that the image has them.

    Parameters
    ----------
    image : path
        NIfTI.
    labels : path
        A table with the columns ``index`` and ``name`` (a BIDS ``dseg.tsv``; ``roi`` and ``label``
        are known too), or one name a line, in the order of the numbers.
    name : str
        Found from the name of the image, if not given: ``atlas-NAME_...`` or its first part.

    Raises
    ------
    DataError
        If the image is no image of labels, or labels and image do not belong together.
    """
    image, labels = Path(image), Path(labels)
    there = _labels_in(image)
    named = _read_labels(labels, there)
    lacking = [index for index in named if index not in there]
    nameless = sorted(set(there) - set(named))
    if not named or len(lacking) == len(named) or nameless:
        raise DataError(
            Fault(
                where=labels.name,
                met=f"no name for region {name_some(nameless)} of {image.name}"
                if nameless
                else f"none of its {count_of(len(named), 'region')} is in {image.name}",
                wanted="the name of each number in the image",
                way_out="Give the table of labels that belongs to the atlas.",
            )
        )
    regions = tuple(named.values())
    twice = sorted({region for region in regions if regions.count(region) > 1})
    if twice:
        raise DataError(
            Fault(
                where=labels.name,
                met=f"regions named twice: {name_some(twice)}",
                wanted="each region once, by its name",
                way_out="Add a number to the names.",
            )
        )
    return Atlas(image, name or _name_of(image), tuple(named), regions)


def find_centres(atlas: Atlas) -> np.ndarray:
    """Find the centre of each region, in mm of the atlas's space.

    Parameters
    ----------
    atlas : Atlas

    Returns
    -------
    centres : array, shape (n_regions, 3)
        Of a region in both hemispheres, that of its larger part, so that it lies in neither's
        cleft; NaN for a region that the image has not.
    """
    import nibabel
    from nibabel.affines import apply_affine

    image: Any = nibabel.load(atlas.image)
    labels = np.asarray(image.dataobj)
    inside = np.argwhere(labels != 0)
    places = np.asarray(apply_affine(image.affine, inside))
    place_of = {index: k for k, index in enumerate(atlas.indices)}
    known, which = np.unique(labels[tuple(inside.T)], return_inverse=True)
    region = np.array([place_of.get(int(index), -1) for index in known])[which]
    places, region = places[region >= 0], region[region >= 0]

    def count(chosen: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        given = None if weights is None else weights[chosen]
        return np.bincount(region[chosen], given, minlength=len(atlas.indices))

    left, right = places[:, 0] < 0, places[:, 0] > 0
    on_left = count(left) >= count(right)
    kept = ~np.where(on_left[region], right, left)
    size = count(kept).astype(float)
    size[size == 0] = np.nan
    return np.column_stack([count(kept, axis) / size for axis in places.T])


def read_regions_or_atlas(given: str | Path | Sequence[str]) -> Regions:
    """Read a list of regions as `read_regions` does, or the image of an atlas with their centres.

    Parameters
    ----------
    given : path, or sequence of str
        Of an image (``.nii``, ``.nii.gz``), whose table of labels lies beside it, under its name
        or under that of the atlas alone: ``atlas-NAME_dseg.tsv``.

    Raises
    ------
    DataError
        If there is no table of labels, or it does not belong to the image.
    """
    if not isinstance(given, str | Path) or not str(given).lower().endswith((".nii", ".nii.gz")):
        return read_regions(given)
    image = Path(given)
    stem = image.name.split(".nii")[0]
    names = [f"{stem}.tsv", f"atlas-{_name_of(image)}_dseg.tsv", f"{stem}.csv", f"{stem}.txt"]
    found = [image.with_name(name) for name in names if image.with_name(name).is_file()]
    if not found and image.is_file():
        raise DataError(
            Fault(
                where=image.name,
                met="an atlas without the names of its regions",
                wanted=f"its table of labels beside it: {' or '.join(dict.fromkeys(names[:2]))}",
                way_out="Copy the table there; it has the columns index and name.",
            )
        )
    atlas = read_atlas(image, found[0] if found else image)
    return Regions(atlas.regions, coordinates=find_centres(atlas))


def _labels_in(image: Path) -> list[int]:
    import nibabel

    try:
        values = np.asarray(nibabel.load(image).dataobj)  # type: ignore[attr-defined]
    except Exception as error:  # nibabel fails in many ways on what is no image
        raise DataError(_no_atlas(image, f"it cannot be read ({error})")) from None
    if values.ndim != 3 or not np.isfinite(values).all() or (values % 1 != 0).any():
        raise DataError(_no_atlas(image, f"values of shape {values.shape} that are no labels"))
    return [int(value) for value in np.unique(values) if value != 0]


def _no_atlas(image: Path, met: str) -> Fault:
    return Fault(
        where=image.name,
        met=met,
        wanted="a NIfTI image in three dimensions, one whole number a region",
        way_out="Correct the path; probabilistic maps are not supported.",
    )


def _read_labels(labels: Path, there: list[int]) -> dict[int, str]:
    if labels.name.lower().endswith((".tsv", ".csv", ".tsv.gz", ".csv.gz")):
        sheet = read_sheet(labels)
        by_lower = {header.lower(): header for header in sheet.headers}
        index = next((by_lower[one] for one in INDEX_HEADERS if one in by_lower), None)
        name = next((by_lower[one] for one in NAME_HEADERS if one in by_lower), None)
        if index is not None and name is not None:
            return _of_table(sheet, index, name)
    names = read_regions(labels).names
    if len(names) != len(there):
        raise DataError(
            Fault(
                where=labels.name,
                met=f"{count_of(len(names), 'name')} for {count_of(len(there), 'region')}",
                wanted="a name for each region, or a table with the columns index and name",
                way_out="Give the table of labels that belongs to the atlas.",
            )
        )
    return dict(zip(sorted(there), names, strict=True))


def _of_table(sheet: Sheet, index: str, name: str) -> dict[int, str]:
    numbers, wrong = sheet.numbers([index])
    if wrong.any() or np.isnan(numbers).any() or (numbers % 1 != 0).any():
        raise DataError(
            Fault(
                where=f"{sheet.name}: {index}",
                met="cells that are no whole numbers",
                wanted="the number of each region in the image",
                way_out="Correct the table.",
            )
        )
    names = column_text(sheet, name)
    return {
        int(number): str(region)
        for number, region in zip(numbers[:, 0], names, strict=True)
        if number != 0
    }


def _name_of(image: Path) -> str:
    plain = image.name.split(".")[0]
    entity = re.search(r"(?:atlas|seg)-([A-Za-z0-9]+)", plain)
    return entity[1] if entity else re.sub(r"[^A-Za-z0-9]", "", plain)
