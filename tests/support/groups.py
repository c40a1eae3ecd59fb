"""Which tests run in one process, one after the other, and which of them begin."""

from xdist.scheduler import LoadScopeScheduling

# The longest first, small ones last: so both processes end at nearly the same time. The load of
# fifty users comes when the browser, which is timed, is through with the shared stack.
TURNS = ("stack", "integration", "soak", "unit", "upgrade", "chaos", "hosts", "fuzz", "e2e")
# These start stacks of their own; all others in their folder share one.
OWN_STACKS = (
    "test_outages.py",
    "test_sealed.py",
    "test_stops.py",
    "test_workers.py",
    "browser/test_every_page.py",
)


def group(name: str) -> str:
    """Return the group of the test with this id: its stack's, its folder's, or its file's."""
    path = name.split("::")[0].removeprefix("tests/")
    folder, _, rest = path.partition("/")
    if folder == "e2e":
        return path if rest in OWN_STACKS else "stack"
    return folder if folder in ("soak", "chaos", "hosts", "fuzz") else path


def turn(name: str) -> tuple[int, str]:
    """Return what tests are sorted by."""
    place = group(name)
    folder = place.split("/")[0]
    return (TURNS.index(folder) if folder in TURNS else len(TURNS), place)


class Groups(LoadScopeScheduling):  # type: ignore[misc]
    """Gives a process a whole group at a time."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)
