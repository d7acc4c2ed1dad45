import sys
import time

import pytest

from pipelines.progress import Progress


class Terminal:
    """What rich needs of a terminal, keeping what is written to it."""

    encoding = "utf-8"

    def __init__(self, terminal):
        self.written = ""
        self.terminal = terminal

    def write(self, text):
        self.written += text
        return len(text)

    def flush(self):
        pass

    def isatty(self):
        return self.terminal


@pytest.fixture
def stderr(monkeypatch):
    def replace(*, terminal):
        screen = Terminal(terminal)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setattr(sys, "stderr", screen)
        return screen

    return replace


def wait_for(condition):
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert condition()


def test_nothing_is_shown_where_stderr_is_no_terminal(stderr):
    screen = stderr(terminal=False)
    with Progress(delay=0)("Training", total=2) as step:
        step()
        time.sleep(0.1)
    assert screen.written == ""


def test_quick_work_shows_no_bar(stderr):
    screen = stderr(terminal=True)
    with Progress(delay=60)("Training", total=2) as step:
        step()
    assert screen.written == ""


def test_a_bar_counts_the_steps_also_those_before_it_appeared(stderr):
    screen = stderr(terminal=True)
    with Progress(delay=0.05)("Cross-validating", total=30) as step:
        step()
        wait_for(lambda: "1/30" in screen.written)
        step(4)
        wait_for(lambda: "5/30" in screen.written)
    assert "Cross-validating" in screen.written


def test_work_within_work_has_a_bar_each(stderr):
    screen = stderr(terminal=True)
    progress = Progress(delay=0)
    with progress("Studies", total=7), progress("Folds", total=9):
        wait_for(lambda: "0/7" in screen.written and "0/9" in screen.written)


def test_an_error_passes_through_and_the_terminal_is_given_back(stderr):
    screen = stderr(terminal=True)
    progress = Progress(delay=0)
    with pytest.raises(KeyError), progress("Training", total=3):  # noqa: PT012
        wait_for(lambda: "0/3" in screen.written)
        raise KeyError("fold")
    assert screen.written.rfind("\x1b[?25h") > screen.written.rfind("\x1b[?25l")
