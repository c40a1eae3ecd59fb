"""What people do on the pages: sign in and out, look around, write at the desk, send forms."""

import asyncio
import re
from urllib.parse import urlsplit

import httpx

from shared.accounts.rights import Role
from shared.jobs.models import Status
from tests.soak.caller import Caller
from tests.soak.programs import hear, moved
from tests.soak.texts import small_text
from tests.soak.town import Text

FORM_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
PAGES = ("/", "/jobs", "/corpora", "/models", "/schedules", "/receivers", "/jobs?kind=score")
FORMS = ("/desk", "/training/new", "/generation/new", "/corpora/new")
JSON, HTML = {"Accept": "application/json"}, {"Accept": "text/html"}
# As much as the desk writes in one go.
MOST_WRITTEN = 10_000


async def sign_in(caller: Caller) -> None:
    """Sign in through the form, sometimes with a slip of the finger first."""
    page = await caller.ask("sign in", "GET", "/sign-in", {200})
    if page is None or (token := FORM_TOKEN.search(page.text)) is None:
        return
    typed = {"csrf_token": token[1], "name": caller.person.name}
    if caller.rng.random() < 0.2:
        wrong = typed | {"password": "not the password"}
        await caller.ask("sign in", "POST", "/sign-in", {401}, data=wrong)
    typed["password"] = caller.person.password
    answer = await caller.ask("sign in", "POST", "/sign-in", {303}, data=typed)
    if answer is not None and answer.status_code == 303:
        # The session before is forgotten, and its forms with it.
        home = await caller.ask("sign in", "GET", "/", {200})
        found = FORM_TOKEN.search(home.text) if home is not None else None
        caller.form_token = found[1] if found else None


async def sign_out(caller: Caller) -> None:
    """Sign out; from then on the pages lead to the form."""
    await caller.ask("sign out", "POST", "/sign-in/out", {303}, data=_form(caller))
    caller.form_token = None
    await caller.ask("sign out", "GET", "/jobs", {303}, headers=HTML)


async def browse(caller: Caller) -> None:
    """Look at a page or two."""
    pages = PAGES + (FORMS if caller.person.role != Role.VIEWER else ())
    for _ in range(caller.rng.randint(1, 3)):
        await caller.ask("page", "GET", caller.rng.choice(pages), {200})
        await asyncio.sleep(caller.rng.uniform(0.2, 1))


async def watch(caller: Caller) -> None:
    """Open a job's page, and follow it as its script does: by news or by asking."""
    story = caller.town.theirs(caller.person, caller.rng)
    if story is None:
        return
    await caller.ask("page", "GET", f"/jobs/{story.id}", story.answers(200))
    if caller.rng.random() < 0.5:
        await hear(caller, story, f"/jobs/{story.id}/stream", {})
        return
    etag = ""
    for _ in range(3):
        path, seen = f"/jobs/{story.id}/live.json", {"If-None-Match": etag}
        answer = await caller.ask("live", "GET", path, story.answers(200, 304), headers=seen)
        etag = answer.headers.get("ETag", "") if answer is not None else ""
        await asyncio.sleep(0.7)


async def write(caller: Caller) -> None:
    """Have the model go on at the desk, listen, and sometimes stop it."""
    if caller.town.full():
        return
    body = {"checkpoint_id": caller.club.checkpoint, "prompt": "the ", "length": 200}
    length = {"length": MOST_WRITTEN} if caller.rng.random() < 0.3 else {}
    answer = await caller.ask("desk text", "POST", "/desk/texts", {202}, json=body | length,
                              headers=_header(caller))  # fmt: skip
    if answer is None or answer.status_code != 202:
        return
    where = answer.json()
    job_id = where["stream"].split("/")[2]
    story = caller.town.tell({"id": job_id, "kind": "generate"}, caller.person)
    await hear(caller, story, where["stream"], {})
    if length:
        await _move(caller, job_id, "cancel", where["stop"])


async def weigh(caller: Caller) -> None:
    """Ask at the desk how likely a text is."""
    body = {"checkpoint_id": caller.club.checkpoint, "text": small_text(caller.rng)[:300]}
    # Two hundred also where no worker was free.
    await caller.ask("desk score", "POST", "/desk/scores", {200}, json=body,
                     headers=_header(caller))  # fmt: skip


async def send_text(caller: Caller) -> None:
    """Paste a text into the form of a new corpus."""
    typed = {"source": "text", "name": f"pasted {caller.rng.getrandbits(32):x}"}
    typed |= {"text": small_text(caller.rng)} | _form(caller)
    answer = await caller.ask("form", "POST", "/corpora/new", {201}, data=typed, headers=JSON)
    if answer is not None and answer.status_code == 201:
        corpus = urlsplit(answer.json()["location"]).path.split("/")[2]
        caller.club.texts.append(Text(corpus, caller.person.name))


async def press(caller: Caller) -> None:
    """Press one of the buttons of an own job's page."""
    if story := caller.town.mine(caller.person, caller.rng):
        name = caller.rng.choice(["cancel", "pause", "resume"])
        await _move(caller, story.id, name, f"/jobs/{story.id}/{name}")


async def _move(caller: Caller, job_id: str, name: str, path: str) -> None:
    story = caller.town.jobs[job_id]
    before, story.cancelled = story.cancelled, story.cancelled or name == "cancel"
    answer = await caller.ask("button", "POST", path, {303, 409}, data=_form(caller))
    moved(story, name, answer is not None and answer.status_code == 303, before)


async def delete(caller: Caller) -> None:
    """Delete an own job by its form."""
    story = caller.town.mine(caller.person, caller.rng)
    if story is None or story.status not in (Status.SUCCEEDED, Status.CANCELLED, Status.FAILED):
        return
    story.gone = True
    answer = await caller.ask(
        "button", "POST", f"/jobs/{story.id}/delete", {303, 409}, data=_form(caller)
    )
    story.gone = answer is None or answer.status_code == 303


async def be_refused(caller: Caller) -> None:
    """Send forms without their token, and ask as nobody who is signed in."""
    may = caller.person.role != Role.VIEWER
    forged = {400} if may else {403}
    await caller.ask("refused page", "POST", "/corpora/new", forged, data={"name": "forged"})
    async with httpx.AsyncClient(base_url=caller.url, trust_env=False) as nobody:
        own, caller.http = caller.http, nobody
        try:
            await caller.ask("refused page", "GET", "/jobs", {303}, headers=HTML)
            await caller.ask("refused page", "GET", "/jobs/none/live.json", {401}, headers=JSON)
            await caller.ask("refused page", "GET", "/sign-in", {200})
        finally:
            caller.http = own


def _form(caller: Caller) -> dict[str, str]:
    return {"csrf_token": caller.form_token or ""}


def _header(caller: Caller) -> dict[str, str]:
    return {"X-CSRFToken": caller.form_token or ""}
