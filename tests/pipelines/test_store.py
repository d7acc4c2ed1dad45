import pytest

from pipelines.store import choose_store


@pytest.mark.parametrize(
    ("named", "of_study", "environment", "expected"),
    [
        (None, "mlruns", None, ("mlruns", None)),
        (None, "elsewhere", None, ("elsewhere", None)),
        (None, "elsewhere", "http://127.0.0.1:5000", ("mlruns", "http://127.0.0.1:5000")),
        ("here", "elsewhere", "http://127.0.0.1:5000", ("here", None)),
        ("https://127.0.0.1", "elsewhere", None, ("mlruns", "https://127.0.0.1")),
        (None, "sqlite:////data/runs.db", None, ("mlruns", "sqlite:////data/runs.db")),
    ],
)
def test_the_command_line_comes_before_the_environment_and_that_before_the_study(
    named, of_study, environment, expected
):
    assert choose_store(named, of_study, environment) == expected
