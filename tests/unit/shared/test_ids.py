"""Ids are UUIDv7 strings in canonical form."""

from uuid import UUID

import pytest

from shared.ids import is_id, new_id


def test_new_ids_are_version_seven() -> None:
    """An id is a UUIDv7 in its canonical, lower-case form."""
    made = new_id()
    assert UUID(made).version == 7
    assert is_id(made)


def test_ids_sort_by_the_time_they_were_made() -> None:
    """Later ids are greater, also within one millisecond."""
    made = [new_id() for _ in range(2000)]
    assert made == sorted(made)
    assert len(set(made)) == 2000


@pytest.mark.parametrize(
    "other",
    [
        "",
        "1",
        "0190163D-8694-739B-AEA5-966C26F8AD91",
        "0190163d8694739baea5966c26f8ad91",
        "{0190163d-8694-739b-aea5-966c26f8ad91}",
        "0190163d-8694-739b-aea5-966c26f8ad91\n",
        "' OR 1=1 --",
    ],
)
def test_only_the_canonical_form_is_an_id(other: str) -> None:
    """Any other spelling names nothing."""
    assert not is_id(other)
