"""Guides are run as a whole, commands and examples in order, by ``tests/docs/test_guides.py``."""

collect_ignore_glob = ["guides/*.md"]
