"""What programs do with a token: submit, ask, listen, move, upload, download, delete."""

import asyncio
import time
from typing import Any

import httpx

from shared.jobs.models import ENDED, Status
from tests.soak.caller import Caller
from tests.soak.people import new_token, revoke
from tests.soak.texts import large_text, small_text
from tests.soak.town import Json, Story, Text

# A tenth of a second to two. With the one that diverges as many as a process keeps programs for:
# what is compiled in the warm-up is compiled but once.
SIZES: tuple[Json, ...] = (
    {},
    {"units": 24, "cell": "gru"},
    {"optimizer": "adam", "dropout": 0.2, "epochs": 3},
)
# Each step makes its weights nine times as large: after some forty its loss is no number.
DIVERGING = {"learning_rate": 10.0, "optimizer": "sgd", "weight_decay": 1.0, "epochs": 4}
LISTEN_SECONDS = (0.5, 12.0)
GOOD = {200}


async def poll(caller: Caller) -> None:
    """Ask how a job of the team goes, as patient programs do: with the last ETag."""
    story = caller.town.theirs(caller.person, caller.rng)
    if story is None:
        return
    for _ in range(caller.rng.randint(1, 5)):
        if not await look(caller, story):
            return
        await asyncio.sleep(caller.rng.uniform(0.3, 1.5))


async def look(caller: Caller, story: Story) -> bool:
    """Ask for a job once; tell whether it is there and goes on."""
    etag = caller.etags.get(story.id)
    headers = {"If-None-Match": etag} if etag else {}
    answer = await caller.api("poll", "GET", f"/jobs/{story.id}", story.answers(200, 304),
                              headers=headers)  # fmt: skip
    if answer is None:
        return True
    if answer.status_code == 200:
        caller.etags[story.id] = answer.headers["ETag"]
        story.status = answer.json()["status"]
    return story.open


async def look_at_all(caller: Caller) -> None:
    """Ask for all of the team's jobs that go on, at once."""
    stories = {story.id: story for story in caller.town.waiting(caller.person.team_id)}
    if not stories:
        return
    path = f"/jobs?ids={','.join(stories)}"
    answer = await caller.api("poll many", "GET", path, GOOD)
    for row in answer.json()["data"] if answer is not None else []:
        stories[row["id"]].status = row["status"]


async def look_around(caller: Caller) -> None:
    """Ask for one of the lists."""
    ids = ",".join([job.id for job in caller.town.jobs.values()][-5:])
    paths = ["/jobs?limit=20", "/jobs?kind=train&status=succeeded", "/corpora", "/models",
             "/workers", "/presets", "/schedules"]  # fmt: skip
    paths += [f"/jobs?ids={ids}"] if ids else []
    await caller.api("list", "GET", caller.rng.choice(paths), GOOD)


async def train(caller: Caller) -> None:
    """Submit a training; some of them diverge, some are sent twice."""
    if caller.town.full():
        return await look_around(caller)
    diverges = caller.rng.random() < 0.05
    size = DIVERGING if diverges else caller.rng.choice(SIZES)
    body = {"corpus_id": caller.club.corpus, "preset": "tiny", "sample_length": 30} | size
    body["rng_seed"] = caller.rng.randrange(2**31)
    end = Status.FAILED if diverges else Status.SUCCEEDED
    return await _submit(caller, "train", "/training-jobs", body, end)


async def generate(caller: Caller) -> None:
    """Submit a generation job."""
    if caller.town.full():
        return await look_around(caller)
    rng = caller.rng
    long = {"context": "state", "length": rng.choice([2000, 20_000, 100_000])}
    spec = long if rng.random() < 0.8 else {"context": "window", "length": 300}
    more = {"count": rng.randint(1, 3), "temperature": rng.choice([0.5, [0.3, 1.0]])}
    body = {"checkpoint_id": caller.club.checkpoint, "rng_seed": rng.randrange(2**31)}
    return await _submit(caller, "generate", "/generation-jobs", body | spec | more)


async def _submit(
    caller: Caller, kind: str, path: str, body: Json, end: str = Status.SUCCEEDED
) -> None:
    key = {"Idempotency-Key": f"{caller.person.name} {caller.rng.getrandbits(64):x}"}
    first = await caller.api(kind, "POST", path, {202}, json=body, headers=key)
    if first is None or first.status_code != 202:
        return
    story = caller.town.tell(first.json(), caller.person, end)
    if caller.rng.random() < 0.2:
        again = await caller.api(kind, "POST", path, {202}, json=body, headers=key)
        if again is not None and again.status_code == 202 and again.json()["id"] != story.id:
            caller.tally.complain(f"{kind}: sent twice, made twice: {story.id}")


async def score(caller: Caller) -> None:
    """Ask how likely a text is, and wait for the answer."""
    text = small_text(caller.rng)[: caller.rng.randint(20, 800)]
    path = f"/checkpoints/{caller.club.checkpoint}/score"
    answer = await caller.api("score", "POST", path, {200, 202}, json={"text": text})
    if answer is not None and answer.status_code == 202:
        caller.town.tell(answer.json(), caller.person)


async def listen(caller: Caller) -> None:
    """Listen to a job for a while and go without a word, perhaps to come again."""
    story = caller.town.theirs(caller.person, caller.rng)
    if story is None:
        return
    headers = {"Authorization": f"Bearer {caller.person.token}"}
    seen = await hear(caller, story, f"/api/v1/jobs/{story.id}/events", headers)
    if seen and caller.rng.random() < 0.4:
        await hear(caller, story, f"/api/v1/jobs/{story.id}/events", headers, seen)


async def hear(
    caller: Caller, story: Story, path: str, headers: dict[str, str], seen: int = 0
) -> int:
    """Listen to a job's events behind ``seen``; return the last one that came."""
    until = time.monotonic() + caller.rng.uniform(*LISTEN_SECONDS)
    last = headers | {"Last-Event-ID": str(seen)}
    try:
        async with (
            asyncio.timeout_at(asyncio.get_running_loop().time() + until - time.monotonic()),
            caller.stream("listen", path, story.answers(200, 204), last) as answer,
        ):
            if answer.status_code == 200:
                async for line in answer.aiter_lines():
                    seen = _heard(caller, story, line, seen)
    except TimeoutError:
        pass
    except httpx.TransportError as error:
        caller.broke("listen", path, error)
    return seen


def _heard(caller: Caller, story: Story, line: str, seen: int) -> int:
    if not line.startswith("id: "):
        return seen
    number = int(line[4:])
    if number != seen + 1:
        caller.tally.complain(f"listen: event {number} of {story.id} came behind {seen}")
    return number


async def upload(caller: Caller) -> None:
    """Add a corpus: a small one as JSON, or a file of some megabytes."""
    name = f"text {caller.rng.getrandbits(32):x}"
    if caller.rng.random() < 0.75:
        body = {"name": name, "text": small_text(caller.rng)}
        answer = await caller.api("upload", "POST", "/corpora", {201}, json=body)
    else:
        file = {"file": ("large.txt", large_text(caller.rng), "text/plain")}
        answer = await caller.api(
            "upload MB", "POST", "/corpora", {201}, data={"name": name}, files=file
        )
    if answer is not None and answer.status_code == 201:
        caller.club.texts.append(Text(answer.json()["id"], caller.person.name))


async def add_version(caller: Caller) -> None:
    """Add a version to a corpus of the user's."""
    if text := _own_text(caller):
        path, body = f"/corpora/{text.id}/versions", {"text": small_text(caller.rng)}
        await caller.api("version", "POST", path, {200, 201}, json=body)


async def read_text(caller: Caller) -> None:
    """Read a corpus, or a part of it, or its report."""
    corpus = caller.club.corpus
    ranged = {"Range": f"bytes={caller.rng.randint(0, 5000)}-{caller.rng.randint(6000, 9000)}"}
    asked: list[tuple[str, dict[str, str], set[int]]] = [
        (f"/corpora/{corpus}/text", {}, {200}),
        (f"/corpora/{corpus}/text", ranged, {206}),
        (f"/corpora/{corpus}/report", {}, {200}),
        (f"/corpora/{corpus}", {}, {200}),
    ]
    path, headers, expected = caller.rng.choice(asked)
    await caller.api("read text", "GET", path, expected, headers=headers)


async def download(caller: Caller) -> None:
    """Download what a job left, a model, or a bundle."""
    kind = caller.rng.choice(["train", "generate", "model"])
    if kind == "model":
        part = caller.rng.choice(["model.keras", "bundle.zip"])
        path = f"/checkpoints/{caller.club.checkpoint}/{part}"
        await caller.api("download", "GET", path, GOOD)
    elif story := caller.town.theirs(caller.person, caller.rng, kind):
        files = ["output.txt", "output.jsonl", "output.zip", "outputs"]
        samples = ["samples.txt", "samples.jsonl", "samples", "epochs", "checkpoints", "events"]
        part = caller.rng.choice(samples if kind == "train" else files)
        answer = await caller.api("download", "GET", f"/jobs/{story.id}/{part}", {200, 404})
        # Only what is not there may be missing: texts of a job that wrote none, a deleted job.
        if answer is not None and answer.status_code == 404 and not story.gone:
            await look(caller, story)


async def delete_text(caller: Caller) -> None:
    """Delete a corpus of the user's."""
    if text := _own_text(caller):
        # First: others' requests that come meanwhile find it or not.
        text.gone = True
        await caller.api("delete text", "DELETE", f"/corpora/{text.id}", {204})


async def delete_job(caller: Caller) -> None:
    """Delete an own job, if it has ended."""
    story = caller.town.mine(caller.person, caller.rng)
    if story is None:
        return
    if story.open:
        await look(caller, story)
    was, story.gone = story.open, True
    answer = await caller.api("delete job", "DELETE", f"/jobs/{story.id}", {204, 409})
    story.gone = answer is None or answer.status_code != 409
    if not story.gone and not was and story.status in ENDED:
        caller.tally.complain(f"delete job: {story.id} was {story.status}, and was not deleted")


async def move(caller: Caller) -> None:
    """Cancel, pause, resume or retry an own job, whatever it is doing."""
    story = caller.town.mine(caller.person, caller.rng)
    if story is None:
        return
    name = caller.rng.choice(["cancel", "pause", "pause", "resume", "resume", "retry"])
    name = "resume" if story.paused and caller.rng.random() < 0.7 else name
    before, story.cancelled = story.cancelled, story.cancelled or name == "cancel"
    answer = await caller.api(name, "POST", f"/jobs/{story.id}/{name}", {200, 409})
    took = answer is not None and answer.status_code == 200
    moved(story, name, took, before)


def moved(story: Story, name: str, took: bool, cancelled_before: bool) -> None:
    """Note what a move changes of how a job may end; ``took`` whether it was taken."""
    if not took:
        story.cancelled = cancelled_before
        return
    if name == "retry":
        story.cancelled, story.status = False, Status.QUEUED
    if name == "pause":
        story.paused = True
    if name in ("resume", "retry", "cancel"):
        story.paused = False


async def change_tokens(caller: Caller) -> None:
    """Make a token, use it, revoke it; from then on it is refused."""
    token_id, secret = await asyncio.to_thread(new_token, caller.db, caller.person)
    await caller.api("token", "GET", "/jobs?limit=1", GOOD, token=secret)
    await asyncio.to_thread(revoke, caller.db, caller.person, token_id)
    await caller.api("token", "GET", "/jobs?limit=1", {401}, token=secret)
    caller.club.revoked = secret


def _own_text(caller: Caller) -> Text | None:
    texts = [t for t in caller.club.texts if t.maker == caller.person.name and not t.gone]
    return caller.rng.choice(texts) if texts else None


async def estimate(caller: Caller) -> None:
    """Ask what a run would take."""
    body: dict[str, Any] = {"corpus_id": caller.club.corpus, "preset": "fast"}
    await caller.api("estimate", "POST", "/estimates", GOOD, json=body)
