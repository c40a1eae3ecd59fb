"""Which refusals are noted."""

from web.noting import MOST_IN_ALL, MOST_OF_AN_ADDRESS, Refusals


def test_noise_hides_no_guesses() -> None:
    """Refusals of another kind, of one address or of many, leave room for those of passwords."""
    refusals = Refusals()
    for number in range(2 * MOST_IN_ALL):
        refusals.admit(f"192.0.2.{number % 50}", "jobs.index")
    for _ in range(MOST_OF_AN_ADDRESS):
        assert refusals.admit("192.0.2.7", "signing.password") is not None
    assert refusals.admit("192.0.2.7", "signing.password") is None
