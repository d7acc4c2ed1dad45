import pandas as pd
import pytest
import skops.io
from made_sites import EDGES, make_scans

from stratify.model.store import TRUSTED_TYPES
from stratify.preprocess import ColumnImputer, ComBat, ConfoundRemover

SCANS = make_scans({"Bochum": 30, "Essen": 25, "Szeged": 20})
LONE = pd.concat([SCANS, SCANS.iloc[:1].assign(site="Graz")]).assign(dead=0.0)


@pytest.mark.parametrize(
    "step",
    [
        ColumnImputer(EDGES),
        ColumnImputer(EDGES, "site mean", site="site"),
        ConfoundRemover(["age", "sex"], columns=EDGES),
        ComBat("site", ["age", "sex"], columns=[*EDGES, "dead"]),
        ComBat("site", columns=EDGES, unseen="reference", reference="Essen"),
    ],
)
def test_a_stored_step_holds_trusted_types_only_and_works_as_before(step, tmp_path):
    """With a lone patient and a dead column, so that there is something to warn of."""
    step.fit(LONE)
    skops.io.dump(step, tmp_path / "step.skops")
    untrusted = skops.io.get_untrusted_types(file=tmp_path / "step.skops")
    assert set(untrusted) <= set(TRUSTED_TYPES)
    again = skops.io.load(tmp_path / "step.skops", trusted=untrusted)
    pd.testing.assert_frame_equal(again.transform(LONE), step.transform(LONE))
    if isinstance(step, ComBat):
        assert again.warnings_ == step.warnings_
        assert again.warnings_


def test_an_adapted_harmoniser_can_be_stored(tmp_path):
    known, new = SCANS[SCANS["site"] != "Essen"], SCANS[SCANS["site"] == "Essen"]
    adapted = ComBat("site", ["age"], columns=EDGES).fit(known).adapt(new)
    skops.io.dump(adapted, tmp_path / "step.skops")
    untrusted = skops.io.get_untrusted_types(file=tmp_path / "step.skops")
    assert set(untrusted) <= set(TRUSTED_TYPES)
    again = skops.io.load(tmp_path / "step.skops", trusted=untrusted)
    pd.testing.assert_frame_equal(again.transform(SCANS), adapted.transform(SCANS))
