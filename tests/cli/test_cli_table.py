"""Tables: aligned by what a terminal shows, never cut in a pipe, and nothing in a cell is an instruction."""

import sqlite3
from pathlib import Path

from command import quick, right, write

from judge.cli.common import table


def test_columns_are_as_wide_as_a_terminal_shows_them() -> None:
    assert table([("name", "says"), ("日本語", "a"), ("x", "b")]) == "name    says\n日本語  a\nx       b"


def test_nothing_is_wrapped_or_cut_in_a_pipe() -> None:
    long = "word " * 5000 + "end"
    assert table([("a", "b"), (long, long)]).splitlines()[1] == f"{long}  {long}"


def test_within_a_width_the_last_column_is_wrapped_and_no_other() -> None:
    shown = table([("name", "w " * 30)], width=30).splitlines()
    assert len(shown) > 1
    assert shown[0].startswith("name  w w")
    assert all(line.startswith("      w") and len(line) <= 30 for line in shown[1:])


def test_a_cell_is_shown_as_it_is_and_gives_no_orders() -> None:
    assert table([("[red]x[/red]", ":smile: http://x 12"), ("a\n[/]", "\x1b[31m\tb")]) == (
        "[red]x[/red]  :smile: http://x 12\na [/]         \\u001b[31m b"
    )
    assert table([("  part of it", "1")]) == "  part of it  1"
    assert table([]) == ""


def test_show_prints_what_a_file_says_harmlessly(tmp_path: Path) -> None:
    write(tmp_path, "c.jsonl", right("a", label="incorrect"), right("b"))
    assert quick("run", "c.jsonl", "--run", "r.judge", cwd=tmp_path).code == 0
    connection = sqlite3.connect(tmp_path / "r.judge")
    connection.execute("UPDATE verdicts SET case_id = char(27) || '[31m' || case_id, kind = char(27) || '[2J'")
    connection.execute("UPDATE labels SET case_id = char(27) || '[31m' || case_id")
    connection.execute("UPDATE verdicts SET verdict = replace(verdict, 'by\":\"number', 'by\":\"num\\u001b[2Jber')")
    connection.commit()
    connection.close()
    shown = quick("show", "r.judge", cwd=tmp_path).out
    assert "\\u001b[31ma" in shown
    assert "\x1b" not in shown
    told = quick("show", "r.judge", "\x1b[31ma", cwd=tmp_path).out
    assert "num\\u001b[2Jber" in told
    assert "\x1b" not in told
