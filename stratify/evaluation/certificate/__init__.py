"""The leakage certificate: what was kept apart, read off what was really used."""

from stratify.evaluation.certificate.make import check_table, make_certificate
from stratify.evaluation.certificate.preparation import EncodersChecked
from stratify.evaluation.certificate.shipped import check_shipped
from stratify.evaluation.certificate.values import Certificate, Check

__all__ = [
    "Certificate",
    "Check",
    "EncodersChecked",
    "check_shipped",
    "check_table",
    "make_certificate",
]
