"""Inputs as plain data: nothing that was given is lost, a case has one digest, what cannot be read again is refused."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import ConfigDict, Field, JsonValue, computed_field

from judge import Case, File, InputError, Inputs
from judge.canonical import Lossy, canonical
from judge.files import at_most, reading_in


class Square(Inputs):
    type: Literal["square"] = "square"
    side: float


class Cube(Inputs):
    type: Literal["cube"] = "cube"
    side: float


class Shapes(Inputs):
    shape: Square | Cube | None = None
    any: JsonValue = 0
    names: frozenset[str] = frozenset()
    number: float = 1.0
    file: Annotated[File, at_most(100)] | None = None


def written(**given: Any) -> dict[str, JsonValue]:
    return canonical(Shapes(**given))


def test_what_was_given_is_kept_also_where_it_is_a_default() -> None:
    cube, square = written(shape={"type": "cube", "side": 2}), written(shape={"type": "square", "side": 2})
    assert cube == {"shape": {"type": "cube", "side": 2.0}} != square
    assert Case(response="8", inputs=cube).digest != Case(response="8", inputs=square).digest
    assert [written(any=value)["any"] for value in (0, False)] == [0, False]
    assert written() == written(shape=None) == {}


@pytest.mark.parametrize("number", [float("inf"), float("nan"), "1e400"])
def test_what_is_not_finite_is_refused(number: Any) -> None:
    with pytest.raises(Lossy, match="not finite"):
        written(number=number)


def test_names_that_cannot_be_read_again_are_refused() -> None:
    class Renamed(Inputs):
        n: int = Field(validation_alias="number")

    class Computed(Inputs):
        n: int

        @computed_field  # type: ignore[prop-decorator]
        @property
        def twice(self) -> int:
            return 2 * self.n

    for read in (Renamed(number=1), Computed(n=1)):
        with pytest.raises(Lossy, match="another name"):
            canonical(read)


def test_a_set_is_written_in_one_order() -> None:
    code = "from tests.test_canonical import written\nprint(written(names=['b', 'a', 'c', 'd', 'e']))"
    root = Path(__file__).parents[1]
    said = {
        subprocess.run(
            [sys.executable, "-c", code], cwd=root, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True,
            text=True, check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }  # fmt: skip
    assert said == {"{'names': ['a', 'b', 'c', 'd', 'e']}\n"}


SHAPED = {"path": "/etc/hostname", "sha256": "0" * 64, "size": 3}


def test_plain_data_that_looks_like_a_file_is_none() -> None:
    class Anything(Inputs):
        model_config = ConfigDict(extra="allow")

    for given in (Anything(x=SHAPED), Shapes(any={"deep": [SHAPED]})):
        with pytest.raises(Lossy, match="none is expected"):
            canonical(given)


def test_a_file_is_looked_up_where_a_case_is_read_and_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"abc")
    for trusted in ({"file": "f"}, {"file": str(tmp_path / "f")}):
        with pytest.raises(ValueError, match="nowhere else"):
            Shapes(**trusted)
        with reading_in(None), pytest.raises(ValueError, match="no file can be named here"):
            Shapes(**trusted)
    with reading_in(tmp_path):
        read = Shapes(file="f")
    assert read.file and read.file.text() == "abc"
    assert Shapes(**written(file=read.file.model_dump())).file == read.file


@pytest.mark.parametrize("path", ["/proc/self/pagemap", "/dev/zero", "pipe", ".", "loop"])
def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path, path: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    with reading_in(tmp_path), pytest.raises(ValueError):
        Shapes(file=path)


def test_a_file_that_is_written_again_is_another_also_with_the_same_size_and_time(tmp_path: Path) -> None:
    path = tmp_path / "f"
    with reading_in(tmp_path):
        path.write_bytes(b"abc")
        first, seen = Shapes(file="f").file, path.stat()
        path.write_bytes(b"xyz")
        os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))
        second = Shapes(file="f").file
    assert first and second and first.sha256 != second.sha256
    with pytest.raises(InputError, match="changed since the case was read"):
        first.read()


@pytest.mark.parametrize("wrong", [{"inputs": {1: 2, "a": 3}}, {"inputs": 5}, {"tags": "x"}, {"responses": 3}])
def test_a_case_that_is_none_is_a_validation_error(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Case(**{"response": "a"} | wrong) if "responses" not in wrong else Case(**wrong)


def test_a_case_that_is_nested_too_deeply_is_a_validation_error() -> None:
    deep: Any = "x"
    for _ in range(100_000):
        deep = [deep]
    for field in ("inputs", "tags"):
        with pytest.raises(ValueError):
            Case(response="a", **{field: {"x": deep}})


def test_files_alone_count_by_their_content() -> None:
    cases = [{"path": "one", "sha256": "k", "size": 1}, {"path": "two", "sha256": "k", "size": "many"}, {"sha256": "k"}]
    assert len({Case(response="x", inputs={"x": one}).digest for one in cases}) == 3
    elsewhere = {**cases[0], "path": "b"}
    one, other = (Case(response="x", inputs={"x": file}) for file in (cases[0], elsewhere))
    assert one.digest == other.digest
