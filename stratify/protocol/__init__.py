"""The treatment as columns: what is recorded of TMS and ketamine, and which safety screens."""

from stratify.protocol.read import read_protocol, read_screens
from stratify.protocol.values import MISSING, POSITIVE, RECORDED, ProtocolColumn, Report, Screen

__all__ = [
    "MISSING",
    "POSITIVE",
    "RECORDED",
    "ProtocolColumn",
    "Report",
    "Screen",
    "read_protocol",
    "read_screens",
]
