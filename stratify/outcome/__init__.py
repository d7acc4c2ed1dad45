"""Outcomes: response rules, those with a name, what is missing, and the time to relapse."""

from stratify.outcome.auxiliary import choose_auxiliary
from stratify.outcome.early import find_early_rule, tell_early_response
from stratify.outcome.named import RESPONSE_RULES, NamedRule, describe_rules, make_rule, plain
from stratify.outcome.order import require_later
from stratify.outcome.relapse import compute_relapse
from stratify.outcome.rules import (
    FORMS,
    MissingOutcome,
    ResponseRule,
    compute_changes,
    compute_response,
    make_durable,
)

__all__ = [
    "FORMS",
    "RESPONSE_RULES",
    "MissingOutcome",
    "NamedRule",
    "ResponseRule",
    "choose_auxiliary",
    "compute_changes",
    "compute_relapse",
    "compute_response",
    "describe_rules",
    "find_early_rule",
    "make_durable",
    "make_rule",
    "plain",
    "require_later",
    "tell_early_response",
]
