"""The structure stays as CONTRIBUTING.md says: small folders, short functions, no import cycles."""

from statistics import median

from tests.figures import cycles, files_by_folder, function_lines

MAX_FILES = 16


def test_no_modules_import_each_other() -> None:
    assert cycles() == []


def test_no_folder_has_too_many_files() -> None:
    assert {folder: count for folder, count in files_by_folder("workers").items() if count > MAX_FILES} == {}


def test_functions_are_short() -> None:
    assert median(function_lines()) <= 8
