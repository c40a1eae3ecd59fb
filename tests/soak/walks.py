"""Random walks: who does what how often, until it is over."""

import asyncio
from collections.abc import Awaitable, Callable

from shared.accounts.rights import Role
from tests.soak import programs, refusals, visits
from tests.soak.caller import Caller
from tests.soak.people import Way

BOOKS_SECONDS = 2.0
Deed = Callable[[Caller], Awaitable[None]]

READING: dict[Deed, float] = {
    programs.poll: 10, programs.look_around: 4, programs.listen: 5, programs.read_text: 2,
    programs.download: 4, programs.change_tokens: 1, refusals.be_refused: 5,
    refusals.break_off: 2,
}  # fmt: skip
MAKING: dict[Deed, float] = {
    programs.train: 4, programs.generate: 4, programs.score: 2, programs.upload: 3,
    programs.add_version: 1, programs.delete_text: 2, programs.delete_job: 3, programs.move: 5,
    programs.estimate: 1,
}  # fmt: skip
LOOKING: dict[Deed, float] = {
    visits.browse: 6, visits.watch: 6, visits.sign_out: 1, visits.be_refused: 2,
}  # fmt: skip
DOING: dict[Deed, float] = {
    visits.write: 5, visits.weigh: 3, visits.send_text: 1, visits.press: 3, visits.delete: 1,
}  # fmt: skip


def deeds(caller: Caller) -> dict[Deed, float]:
    """Return what somebody does, each with how often."""
    may_make = caller.person.role != Role.VIEWER
    if caller.person.way == Way.SESSION:
        return LOOKING | (DOING if may_make else {})
    return READING | (MAKING if may_make else {})


async def keep_books(callers: list[Caller]) -> None:
    """Ask for all jobs of all teams again and again: so nobody submits what would wait for long."""
    while not callers[0].town.over:
        for caller in callers:
            await programs.look_at_all(caller)
        await asyncio.sleep(BOOKS_SECONDS)


async def walk(caller: Caller, think: float) -> None:
    """Do one thing after the other until the town is told that it is over."""
    weighed = deeds(caller)
    await asyncio.sleep(caller.rng.uniform(0, 2 * think))
    while not caller.town.over:
        if caller.person.way == Way.SESSION and caller.form_token is None:
            await visits.sign_in(caller)
        else:
            (deed,) = caller.rng.choices(list(weighed), list(weighed.values()))
            await deed(caller)
        await asyncio.sleep(caller.rng.expovariate(1 / think))
