from __future__ import annotations

from pathlib import Path

from stratify.connectome import ATLASES, describe_networks, read_table


def test_the_page_of_networks_is_what_the_tables_say():
    page = Path(__file__).parents[3] / "docs" / "networks.md"
    assert page.read_text(encoding="utf-8") == describe_networks()


def test_every_line_of_every_table_is_on_the_page():
    page = describe_networks()
    for key in (*ATLASES, "synonyms"):
        table = read_table(key)
        assert f"## {table.name}\n" in page
        for rule in table.rules:
            for name in rule.names or (rule.pattern,):
                assert f"`{name}`".replace("|", "\\|") in page
