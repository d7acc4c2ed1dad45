"""The guides do what they say: files are written, commands and examples run, in order."""

from __future__ import annotations

import doctest
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipelines.cli import cli
from pipelines.settings import describe_settings

ROOT = Path(__file__).parents[2]
GUIDES = sorted((ROOT / "docs" / "guides").glob("*.md"))
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

FENCE = re.compile(r"^```(?P<kind>\w+)(?: (?P<name>\S+))?\n(?P<text>.*?)^```$", re.M | re.S)
EXIT_CODE = re.compile(r"# exits with (\d+)")


@dataclass(frozen=True)
class Block:
    """A fenced block of a document: its language, the file it is, its text, and where it stands."""

    kind: str
    name: str
    text: str
    line: int


def read_blocks(document: Path) -> Iterator[Block]:
    content = document.read_text(encoding="utf-8")
    for match in FENCE.finditer(content):
        line = content[: match.start()].count("\n") + 1
        yield Block(match["kind"], match["name"] or "", match["text"], line)


def read_commands(block: Block) -> list[tuple[str, list[str]]]:
    """Return each command of a console block with the lines of output shown below it."""
    commands: list[tuple[str, list[str]]] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            commands.append((line[2:], []))
        elif line.strip():
            commands[-1][1].append(line)
    return commands


def folded(text: str) -> str:
    return " ".join(text.split())


def shows(line: str, output: str) -> bool:
    """Say whether a line of a guide is in the output; three dots stand for anything."""
    pattern = ".*".join(re.escape(part) for part in folded(line).split("..."))
    return re.search(pattern, folded(output)) is not None


def run_console(block: Block) -> None:
    for command, shown in read_commands(block):
        program, *arguments = shlex.split(command, comments=True)
        assert program == "stratify", f"line {block.line}: only stratify commands are run"
        code = EXIT_CODE.search(command)
        done = CliRunner().invoke(cli, arguments)
        told = f"line {block.line}: {command}\n{done.output}"
        assert done.exit_code == (int(code[1]) if code else 0), told
        for line in shown:
            assert shows(line, done.output), f"not said: {line}\n{told}"


def run_python(block: Block, guide: Path, names: dict[str, object]) -> None:
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    parsed = doctest.DocTestParser().get_doctest(
        block.text, names, guide.name, str(guide), block.line
    )
    said: list[str] = []
    doctest.DocTestRunner(optionflags=flags).run(parsed, out=said.append, clear_globs=False)
    assert not said, "".join(said)
    names.update(parsed.globs)


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """Make MLflow's database once: that takes seconds, and it may be copied."""
    from stratify.tracking import open_store

    return open_store(tmp_path_factory.mktemp("made") / "mlruns").folder / "mlflow.db"


# Warnings that mlflow raises about its own code are none of a guide's business.
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_a_guide_does_what_it_says(guide, database, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mlruns").mkdir()
    shutil.copy(database, "mlruns")
    for name in ("MLFLOW_TRACKING_URI", "STRATIFY_DATA"):
        monkeypatch.delenv(name, raising=False)
    names: dict[str, object] = {}
    for block in read_blocks(guide):
        if block.name:
            Path(block.name).write_text(block.text, encoding="utf-8")
        elif block.kind == "console":
            run_console(block)
        elif block.kind == "python":
            run_python(block, guide, names)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(document):
    content = re.sub(r"`[^`\n]*`", "", document.read_text(encoding="utf-8"))
    links = re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", content)
    for link in map("".join, links):
        if "://" not in link and not link.startswith("#"):
            target = document.parent / link.split("#")[0]
            assert target.exists(), f"{document.name} points to {link}"


def test_the_list_of_settings_is_the_settings_own():
    assert describe_settings() in (ROOT / "docs" / "study-file.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("line", "output", "is_said"),
    [
        ("AUC 0.774  (...)", "the\nAUC 0.774 (95 %\ninterval) of it", True),
        ("... to 0.873", "0.675 to 0.873", True),
        ("AUC 0.774", "AUC 0.775", False),
        ("a.b", "axb", False),
    ],
)
def test_a_line_of_a_guide_must_be_in_the_output(line, output, is_said):
    assert shows(line, output) is is_said
