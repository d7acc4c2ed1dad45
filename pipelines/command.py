"""What every command does: print what came of it, or tell in words what is wrong.

Only click and the like are imported here, so that ``stratify --help`` answers at once.
"""

from __future__ import annotations

import contextlib
import errno
import json
import math
import sys
from typing import TYPE_CHECKING, Any, Protocol

import click

if TYPE_CHECKING:
    from stratify.errors import Fault

WRONG_DATA = 1
BUG = 70
STOPPED = 130
MOST_FAULTS = 20


class Result(Protocol):
    """What a pipeline returns: itself as plain values, and in words."""

    def to_dict(self) -> dict[str, Any]: ...  # noqa: D102
    def words(self) -> str: ...  # noqa: D102


class Command(click.Command):
    """A command that tells what is wrong in words, and exits with the code that says so."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; see the exit codes in ``stratify --help``."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, BrokenPipeError):
            raise
        except KeyboardInterrupt:
            click.echo("\nStopped." if sys.stderr.isatty() else "Stopped.", err=True)
            ctx.exit(STOPPED)
        except Exception as error:
            _tell(error, ctx)
            ctx.exit(WRONG_DATA if _is_users(error) else BUG)


def _is_users(error: Exception) -> bool:
    """Whether it is something the user can mend: data, settings, or a disk that refuses."""
    from stratify.errors import StratifyError

    refusals = (
        errno.EACCES,
        errno.EPERM,
        errno.EROFS,
        errno.ENOSPC,
        errno.EDQUOT,
        errno.ENOTDIR,
        errno.EISDIR,
        errno.EFBIG,
    )
    return isinstance(error, StratifyError) or (
        isinstance(error, OSError) and error.errno in refusals
    )


def _tell(error: Exception, ctx: click.Context) -> None:
    """Print an error: the user's in words, ours with its traceback."""
    if not _is_users(error):
        import traceback

        traceback.print_exception(error)
        click.echo(
            "\nThis is a fault of stratify, not of your data. Please report it with the lines "
            "above, once you have seen that they hold nothing about a patient.",
            err=True,
        )
    elif ctx.params.get("as_json", False):
        _print_json({"error": _error_as_dict(error)})
    else:
        everywhere = "stratify check STUDY tells" if ctx.info_name == "train" else "--json tells"
        for line in _lines(error, everywhere):
            click.echo(line, err=True)


def _error_as_dict(error: Exception) -> dict[str, Any]:
    from stratify.errors import SettingsError

    faults = [fault.to_dict() for fault in getattr(error, "faults", ())]
    kind = "settings" if isinstance(error, SettingsError) else "data" if faults else "other"
    return {"kind": kind, "message": str(error), "faults": faults}


def _lines(error: Exception, everywhere: str) -> list[str]:
    if isinstance(error, OSError):
        return [f"{error.filename2 or error.filename or 'a file'}: {error.strerror}"]
    faults: tuple[Fault, ...] = getattr(error, "faults", ())
    if not faults:
        return [str(error)]
    lines = [str(fault) for fault in faults[:MOST_FAULTS]]
    if len(faults) > MOST_FAULTS:
        lines.append(f"({len(faults) - MOST_FAULTS} more; {everywhere} them all)")
    return lines


def print_result(result: Result, *, as_json: bool) -> None:
    """Print a result in words, or as one JSON object."""
    if as_json:
        _print_json(result.to_dict())
    else:
        click.echo(result.words())


def _print_json(values: dict[str, Any]) -> None:
    click.echo(json.dumps(_plain(values), ensure_ascii=False, allow_nan=False))


def _plain(value: Any) -> Any:
    """Return a value as JSON knows it: null for what is not a finite number, text for paths."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if hasattr(value, "tolist"):  # numpy's numbers and arrays
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | None) else str(value)


def keep_stdout_for_json(as_json: bool) -> contextlib.AbstractContextManager[object]:
    """Keep stdout for the one object: whatever a library prints meanwhile goes to stderr."""
    return contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext()
