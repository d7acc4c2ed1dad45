"""Rating scales as data: scoring, bands, thresholds. No item wording is held here."""

from stratify.instruments.bands import severity
from stratify.instruments.change import reliable_change
from stratify.instruments.columns import make_columns, make_item_columns
from stratify.instruments.describe import describe_instruments
from stratify.instruments.drinking import summarise_drinking, summarise_drinking_counts
from stratify.instruments.history import count_adequate_trials, make_msm_parts
from stratify.instruments.read import list_instruments, read_instrument
from stratify.instruments.score import score
from stratify.instruments.scores import Scores
from stratify.instruments.thresholds import Threshold, count_levels_fallen
from stratify.instruments.urine import summarise_urine_screens
from stratify.instruments.values import Instrument, Item, Total

__all__ = [
    "Instrument",
    "Item",
    "Scores",
    "Threshold",
    "Total",
    "count_adequate_trials",
    "count_levels_fallen",
    "describe_instruments",
    "list_instruments",
    "make_columns",
    "make_item_columns",
    "make_msm_parts",
    "read_instrument",
    "reliable_change",
    "score",
    "severity",
    "summarise_drinking",
    "summarise_drinking_counts",
    "summarise_urine_screens",
]
