"""Presets."""

from shared.specs import PRESETS, TrainingSpec
from tests.integration.api.client import Api


def test_presets_are_listed_with_their_specs(api: Api) -> None:
    """Every preset, with all fields of its spec."""
    page = api.get("/presets").get_json()
    assert {row["name"]: row["spec"] for row in page["data"]} == {
        name: spec.model_dump(mode="json") for name, spec in PRESETS.items()
    }
    assert all(row["description"] for row in page["data"])
    assert page["has_more"] is False


def test_every_field_says_what_it_means_and_takes(api: Api) -> None:
    """A form can be made from the answer alone."""
    fields = {row["name"]: row for row in api.get("/presets").get_json()["fields"]}
    assert fields.keys() == TrainingSpec.model_fields.keys()
    assert all(row["description"] and row["accepted"] for row in fields.values())
    assert fields["epochs"]["bounds"] == {"ge": 1, "le": 10_000}
