import numpy as np
import pandas as pd

from stratify.tracking import digest_rows


def make_rows(**changes):
    frame = pd.DataFrame(
        {
            "age": [41.0, 52.0, np.nan],
            "score": [0.1 + 0.2, -0.0, 3.0],
            "sex": pd.Categorical(["f", "m", None], categories=["f", "m"]),
        },
        index=["a", "b", "c"],
    )
    return frame.assign(**changes)


def test_equal_rows_have_equal_digests_whatever_the_patient_is_called():
    one = digest_rows(make_rows())
    assert one == digest_rows(make_rows().set_axis(["x", "y", "z"]))
    assert len(set(one)) == 3
    assert one[1:] == digest_rows(make_rows().iloc[1:])


def test_another_value_and_another_level_have_other_digests():
    one = digest_rows(make_rows())
    assert digest_rows(make_rows(age=[41.0, 52.0, 60.0]))[2] != one[2]
    other = pd.Categorical(["m", "m", None], categories=["f", "m"])
    assert digest_rows(make_rows(sex=other))[0] != one[0]


def test_what_another_program_writes_of_a_number_is_the_same_number():
    one = digest_rows(make_rows())
    assert digest_rows(make_rows(score=[0.3, 0.0, 3.0])) == one
    wider = pd.Categorical(["f", "m", None], categories=["f", "m", "x"])
    assert digest_rows(make_rows(sex=wider)) == one
