"""The tables that the SQL tests query, and the folder of their cases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

CASES = Path(__file__).parent.parent / "cases"
TABLES: dict[str, Any] = {
    "people": {
        "columns": [["id", "INTEGER"], ["name", "TEXT"], ["city", "TEXT"], ["born", "DATE"], ["salary", "DOUBLE"]],
        "rows": [
            [1, "Ann", "Oslo", "1990-02-28", 52000.5],
            [2, "Bob", "Oslo", "1985-12-31", None],
            [3, "Çelik", "Ankara", "2000-02-29", 61000],
            [4, "", None, None, 0],
            [5, "東", "Tokyo", "1999-07-04", 61000],
        ],
    },
    "orders": {
        "columns": [["id", "INTEGER"], ["person", "INTEGER"], ["day", "DATE"], ["total", "DOUBLE"], ["item", "TEXT"]],
        "rows": [
            [1, 1, "2024-01-31", 10.5, "pen"],
            [2, 1, "2024-02-29", 20, "book"],
            [3, 3, "2024-02-29", 5.25, "pen"],
            [4, 9, "2024-03-01", 7, None],
            [5, 3, "2023-12-31", 0, "cup"],
        ],
    },
}
