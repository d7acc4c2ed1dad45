import pytest

from stratify.datasets import make_cohort


@pytest.fixture(scope="session")
def small():
    """Sixty patients, as most tests want them."""
    return make_cohort(patients=60, regions=12)


@pytest.fixture(scope="session")
def large():
    """Enough patients to see the truth: the cheapest connectivity, two thousand a small arm."""
    return make_cohort(patients=8000, regions=12)
