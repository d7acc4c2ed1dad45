"""The two classes of an outcome."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.multiclass import type_of_target


def encode_classes(y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the two classes in order, and y as 0 and 1.

    Raises
    ------
    ValueError
        If y is a number rather than a class, or has not exactly two classes.

    Examples
    --------
    >>> encode_classes(np.array(["no", "yes", "no"]))
    (array(['no', 'yes'], dtype='<U3'), array([0, 1, 0]))
    """
    kind = type_of_target(y, input_name="y", raise_unknown=True)
    if kind == "continuous":
        raise ValueError(f"Unknown label type: {kind}. Responders are a class, not a number.")
    classes, encoded = np.unique(y, return_inverse=True)
    if len(classes) != 2:
        raise ValueError(
            f"Only binary classification is supported. The type of the target is {kind}; "
            f"it has {len(classes)} class{'' if len(classes) == 1 else 'es'} and two are wanted."
        )
    return classes, encoded
