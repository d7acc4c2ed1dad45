"""What cross-validation fits in a fold, and the classifiers of single tables it is made of."""

from __future__ import annotations

from stratify.model.average import AveragedClassifier
from stratify.model.classifier import ResponderClassifier
from stratify.model.stack import StackedClassifier

FoldClassifier = ResponderClassifier | StackedClassifier | AveragedClassifier
"""What cross-validation fits in a fold."""


def parts_of(classifier: FoldClassifier) -> list[tuple[ResponderClassifier, float]]:
    """Return the classifiers of single tables that a classifier is made of, with their weights."""
    if isinstance(classifier, StackedClassifier):
        weights = [float(weight) for weight in classifier.weights_]
        return list(zip(classifier.parts_, weights, strict=True))
    if isinstance(classifier, AveragedClassifier):
        share = 1 / len(classifier.parts_)
        return [(one, share * w) for part in classifier.parts_ for one, w in parts_of(part)]
    return [(classifier, 1.0)]
