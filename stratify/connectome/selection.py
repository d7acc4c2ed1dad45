"""Which of the files of a derivatives folder are the study's: one atlas, one scan a patient."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from stratify.connectome.entities import SCAN_ENTITIES, NamedFile
from stratify.connectome.raw import Wanted
from stratify.errors import DataError, Fault, count_of, did_you_mean, name_some

AVERAGE = "average"

# What may differ between patients, since some studies name sessions by site or date.
_MAY_DIFFER = ("sub", "ses", "run", "acq", "dir", "rec", "ce", "echo")


@dataclass(frozen=True)
class ChosenScans:
    """The files to read, and the ones whose matrices are one patient's to be averaged.

    Parameters
    ----------
    files : tuple of NamedFile
    averaged : bool
    faults : tuple of Fault
    """

    files: tuple[NamedFile, ...]
    averaged: bool
    faults: tuple[Fault, ...]


def choose_atlas(
    files: Sequence[NamedFile], wanted: Wanted, where: str, *, prefer: Sequence[str]
) -> tuple[list[NamedFile], str]:
    """Return the files of one atlas, one ending each, and the atlas's name.

    Raises
    ------
    DataError
        If there are several atlases and none is named, or the one named is not there; or if its
        files are named in the ways of different versions of their producer.
    """
    atlases = Counter(file.entities["atlas"] for file in files)
    atlas = wanted.atlas or (next(iter(atlases)) if len(atlases) == 1 else "")
    if atlas not in atlases:
        raise DataError(
            Fault(
                where=where,
                met=f"the atlases {name_some(sorted(atlases), most=30)}"
                if not atlas
                else f"no atlas {atlas!r}{did_you_mean(atlas, atlases)}; there are "
                f"{name_some(sorted(atlases), most=30)}",
                wanted="one atlas",
                way_out="Name the atlas to read.",
            )
        )
    chosen = [file for file in files if file.entities["atlas"] == atlas]
    ways = Counter(file.named_by for file in chosen)
    if len(ways) > 1:
        raise DataError(
            Fault(
                where=where,
                met=", ".join(
                    f"{count_of(n, 'file')} named {way}-{atlas}" for way, n in ways.items()
                ),
                wanted="files of one version of their producer",
                way_out="Process all patients with one version, or part the folder.",
            )
        )
    return _one_ending(chosen, prefer, where), atlas


def _one_ending(files: Sequence[NamedFile], prefer: Sequence[str], where: str) -> list[NamedFile]:
    """Return the files of one ending that every scan has."""
    scans = {file.scan for file in files}
    there = [end for end in prefer if any(file.ending == end for file in files)]
    for ending in there:
        some = [file for file in files if file.ending == ending]
        if {file.scan for file in some} == scans:
            return some
    raise DataError(
        Fault(
            where=where,
            met=f"files that end in {' and in '.join(there)}, of different scans",
            wanted="one form of file for every scan",
            way_out="Process all patients in the same way, or part the folder.",
        )
    )


def choose_scans(files: Sequence[NamedFile], wanted: Wanted, where: str) -> ChosenScans:
    """Choose one scan a patient, by what the study asks for.

    Raises
    ------
    DataError
        If a patient has several scans and nothing says which, or if scans of different tasks or
        spaces would be mixed.
    """
    asked = _asked(wanted)
    kept = [file for file in files if all(_has(file, k, v) for k, v in asked.items())]
    faults = _without_a_scan(files, kept, asked, where)
    averaged = {
        key for key, value in (("ses", wanted.session), ("run", wanted.run)) if value == AVERAGE
    }
    _refuse_mixture(kept, where)
    by_patient: dict[str, list[NamedFile]] = defaultdict(list)
    for file in kept:
        by_patient[file.entities["sub"]].append(file)
    for patient, some in by_patient.items():
        varying = _varying(some)
        if len(some) > 1 and not (varying and varying <= averaged):
            raise DataError(_several(some, patient, varying - averaged, by_patient, where))
    return ChosenScans(
        tuple(kept), any(len(some) > 1 for some in by_patient.values()), tuple(faults)
    )


def choose_images(files: Sequence[NamedFile], wanted: Wanted, where: str) -> list[NamedFile]:
    """Choose images by what is asked for; a patient may have several scans, each in one space.

    Raises
    ------
    DataError
        If there is none, or a scan is there more than once.
    """
    if not files:
        raise DataError(
            Fault(
                where=where,
                met="no preprocessed image",
                wanted="fMRIPrep's derivatives, with sub-..._desc-preproc_bold.nii.gz",
                way_out="Correct the path.",
            )
        )
    asked = _asked(wanted)
    kept = [file for file in files if all(_has(file, k, v) for k, v in asked.items())]
    _without_a_scan(files, kept, asked, where)
    _refuse_mixture(kept, where)
    by_scan: dict[tuple[tuple[str, str], ...], list[NamedFile]] = defaultdict(list)
    for file in kept:
        by_scan[file.scan].append(file)
    for some in by_scan.values():
        if len(some) > 1:
            patient = some[0].entities["sub"]
            raise DataError(_several(some, patient, _varying(some), {}, where))
    return kept


def _asked(wanted: Wanted) -> dict[str, str]:
    asked = dict(wanted.entities)
    for key, value in (("ses", wanted.session), ("run", wanted.run)):
        if value is not None and value != AVERAGE:
            asked[key] = value.removeprefix(f"{key}-")
    return asked


def _has(file: NamedFile, key: str, value: str) -> bool:
    there = file.entities.get(key, "")
    same_number = there.isdigit() and value.isdigit() and int(there) == int(value)
    return there == value or (key == "run" and same_number)


def _varying(files: Sequence[NamedFile]) -> set[str]:
    keys = {key for file in files for key in file.entities} - {"seg"}
    return {key for key in keys if len({file.entities.get(key) for file in files}) > 1}


def _without_a_scan(
    files: Sequence[NamedFile], kept: Sequence[NamedFile], asked: dict[str, str], where: str
) -> list[Fault]:
    everybody = sorted({file.entities["sub"] for file in files})
    there = {file.entities["sub"] for file in kept}
    lacking = [f"sub-{patient}" for patient in everybody if patient not in there]
    what = ", ".join(f"{key}-{value}" for key, value in asked.items())
    if not kept:
        options = {key: sorted({f.entities.get(key, "none") for f in files}) for key in asked}
        raise DataError(
            Fault(
                where=where,
                met=f"no scan of {what}; there are "
                + "; ".join(f"{k} {name_some(v, most=10)}" for k, v in options.items()),
                wanted="scans of what the study asks for",
                way_out="Correct the session, run or entities asked for.",
            )
        )
    if not lacking:
        return []
    return [
        Fault(
            where=where,
            met=f"no scan of {what} for patient {name_some(lacking)}",
            wanted="a scan of each patient",
            way_out="These patients have no connectivity.",
            summary=f"no scan of {what} for {count_of(len(lacking), 'patient')}",
            patients=tuple(lacking),
            severity="warning",
        )
    ]


def _refuse_mixture(files: Sequence[NamedFile], where: str) -> None:
    """Refuse scans that differ between patients in what makes their connectivity differ."""
    mixed = _varying(files) - set(_MAY_DIFFER)
    by_patient: dict[str, set[tuple[str | None, ...]]] = defaultdict(set)
    keys = sorted(mixed)
    for file in files:
        by_patient[file.entities["sub"]].add(tuple(file.entities.get(key) for key in keys))
    if mixed and len({frozenset(some) for some in by_patient.values()}) > 1:
        values = {key: sorted({f.entities.get(key, "none") for f in files}) for key in keys}
        raise DataError(
            Fault(
                where=where,
                met="files that differ between patients: "
                + "; ".join(f"{key} {name_some(some, most=10)}" for key, some in values.items()),
                wanted="the same for every patient",
                way_out="Choose one, such as entities = {"
                + ", ".join(f'{key} = "{some[0]}"' for key, some in values.items())
                + "}.",
            )
        )


def _several(
    files: Sequence[NamedFile],
    patient: str,
    varying: set[str],
    by_patient: dict[str, list[NamedFile]],
    where: str,
) -> Fault:
    keys = [key for key in (*SCAN_ENTITIES, *sorted(varying)) if key in varying]
    keys = list(dict.fromkeys(keys))
    values = {key: sorted({f.entities.get(key, "none") for f in files}) for key in keys}
    named = {"ses": "session", "run": "run"}
    ways = [
        f'{named[key]} = "{some[0]}" or "{AVERAGE}"'
        if key in named
        else f'entities = {{{key} = "{some[0]}"}}'
        for key, some in values.items()
    ]
    more = max(0, sum(len(some) > 1 for some in by_patient.values()) - 1)
    return Fault(
        where=where,
        met=f"{count_of(len(files), 'scan')} of patient sub-{patient}"
        + (f" (and {more} more patients)" if more else "")
        + ": "
        + "; ".join(f"{key} {name_some(some, most=10)}" for key, some in values.items()),
        wanted="one scan a patient, or a declared average",
        way_out=f"Choose {', and '.join(ways)}." if ways else "Take the copies away.",
        patients=(f"sub-{patient}",),
    )
