"""The page of hostile inputs tells of those that are tried, and of no others."""

from tests.support.hostile import PAGE, all_cases, with_table


def test_the_table_is_that_of_the_tests() -> None:
    """``make hostile`` was run after the last change."""
    page = PAGE.read_text("utf-8")
    assert with_table(page) == page


def test_every_case_says_what_becomes_of_it() -> None:
    """In words where no status tells it; no cell breaks its table."""
    for area, cases in all_cases().items():
        for case in cases:
            assert case.tries, (area, case.name)
            assert case.answer, (area, case.name)
            assert not set("|\n") & set(case.name + case.tries + case.answer), (area, case.name)
