"""The bill of materials of the image, and the licences in it."""

import json

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.integration.image.bill_of_materials import bill_of_materials
from tests.integration.image.build import Image
from tests.integration.image.build_image import ROOT
from tests.integration.image.licences import READ_BY_A_PERSON, Licence, licences, refused


@pytest.fixture(scope="module")
def bill(image: Image) -> str:
    return bill_of_materials(image)


def test_it_is_valid_cyclonedx(bill: str) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill) is None


def test_it_is_the_same_for_the_same_packages(bill: str, second_image: Image) -> None:
    assert bill == bill_of_materials(second_image)


def test_it_has_what_is_locked_and_nothing_else(bill: str) -> None:
    components = json.loads(bill)["components"]
    found = {
        f"{component['name'].lower().replace('_', '-').replace('.', '-')}=={component['version']}"
        for component in components
    }
    locked = {
        line.split()[0]
        for line in (ROOT / ".requirements-image.lock").read_text().splitlines()
        if "==" in line.split(" ")[0]
    }

    assert len(found) > 70
    assert found - locked == set()


def test_it_names_libraries_that_were_compiled_into_wheels(bill: str) -> None:
    (cryptography,) = [component for component in json.loads(bill)["components"] if component["name"] == "cryptography"]

    assert "openssl" in {component["name"] for component in cryptography["components"]}


def test_each_licence_is_allowed(bill: str) -> None:
    assert [reason for reason in map(refused, licences(bill)) if reason] == []


def test_no_exception_is_out_of_use(bill: str) -> None:
    assert READ_BY_A_PERSON.keys() - {licence.package for licence in licences(bill)} == set()


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("", "names no licence"),
        ("GPL-3.0-only", "not among ALLOWED"),
        ("MIT AND GPL-3.0-only", "not among ALLOWED"),
        ("GPL-3.0-only WITH Classpath-exception-2.0", "not among ALLOWED"),
    ],
)
def test_other_licences_are_refused(expression: str, reason: str) -> None:
    assert reason in str(refused(Licence("some-package", expression)))


def test_one_allowed_alternative_is_enough() -> None:
    assert refused(Licence("some-package", "GPL-3.0-only OR MIT")) is None
