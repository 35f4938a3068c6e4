"""What is printed to be copied works in the folder it was printed in."""

from pathlib import Path

import pytest

from returns_assets.operations.console import here


def test_paths_are_as_a_shell_in_this_folder_takes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert here(tmp_path / "var" / "demo.env") == "var/demo.env"
    assert here(tmp_path / "returns") == "./returns"  # a bare name would be looked for in PATH
    assert here(tmp_path.parent / "other" / "x") == str(tmp_path.parent / "other" / "x")
    assert here(Path("my files/x")) == "'my files/x'"
