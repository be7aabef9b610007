"""What can be planted: every rule and code has a plant, ids are one each, edge cases are where they are said to be."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from stdnum.cn import uscc

from exchange.domain.errors import NeedsPerson
from exchange.sample import names
from exchange.sample.catalogue import LAYERS, catalogue
from exchange.sample.world import wished_plants
from tests.oracle.kit import ROOT
from tests.oracle.test_oracle import agreed

DATASETS = agreed().route("131100-cases").datasets
REJECTS = {r.id for c in DATASETS for r in c.rules if r.severity == "reject" and r.comparable}
WARNS = {r.id for c in DATASETS for r in c.rules if r.severity == "warn" and r.comparable}
INFOS = {"LATE_FEE_ONE_DAY", "LATE_FEE_OVER_PRINCIPAL", "LATE_FEE_NO_PRINCIPAL"}


def _listed(name: str) -> set[str]:
    with (ROOT / "schemas/codes" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"] for row in csv.DictReader(file)}


def _agreed_codes() -> set[str]:
    """The codes of docs/reconciliation.md's table."""
    text = (ROOT / "docs/reconciliation.md").read_text(encoding="utf-8")
    return set(re.findall(r"(?m)^\| ([A-Z_]{5,}) \|", text))


CODES, NORMALISED = _agreed_codes(), _listed("normalisation")


def test_every_plant_is_told_in_both_languages() -> None:
    plants = catalogue()
    assert len(plants) > 250
    assert all(plant.zh and plant.en and plant.expected for plant in plants.values())
    assert all(re.search(r"[\u4e00-\u9fff]", plant.zh) for plant in plants.values())
    assert {plant.layer for plant in plants.values() if plant.layer} == set(LAYERS)


def test_every_agreed_code_is_expected_of_some_plant() -> None:
    told = " ".join(plant.expected for plant in catalogue().values())
    assert [code for code in sorted(CODES | INFOS) if code not in told] == []


def test_an_edge_case_stands_for_its_plants() -> None:
    plants, mixed = wished_plants(["E18", "masked"])
    assert [plant.id for plant in plants] == ["fine_in_tax", "surcharge_in_ordinary", "late_fee_in_tax", "masked"]
    assert not mixed


@pytest.mark.parametrize("word", ["E99", "nonsense", "ALL"])
def test_an_unknown_defect_is_refused(word: str) -> None:
    with pytest.raises(NeedsPerson) as caught:
        wished_plants([word])
    assert caught.value.code == 936


def test_codes_are_right_and_nobodys() -> None:
    made = {names.uscc("131103", number) for number in range(1, 3000)}
    assert len(made) == 2999
    assert all(uscc.is_valid(code) for code in made)
    assert all(code[8] == "Y" for code in made)


def test_the_catalogue_is_a_folder_of_modules() -> None:
    """No plant is lost by a module nobody lists."""
    modules = {path.stem for path in (Path(names.__file__).parent).glob("plants_*.py")}
    assert {plant.make.__module__.rpartition(".")[2] for plant in catalogue().values()} <= modules | {"catalogue"}
