"""Train, wait, write, download: with nothing but Python's standard library.

    nightly.py CORPUS FILE [FIELD=VALUE ...]

CORPUS is a corpus' id, FILE is where the text goes, and fields are those of a training job, as
preset=fast or epochs=3. CHARLOOM_URL (http://127.0.0.1:8000) is the service's address,
CHARLOOM_TOKEN or the file CHARLOOM_TOKEN_FILE (var/token) its token.
"""

import http.client
import json
import os
import shutil
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any

Json = dict[str, Any]

URL = os.environ.get("CHARLOOM_URL", "http://127.0.0.1:8000").rstrip("/")
API = URL.removesuffix("/api/v1") + "/api/v1"
SECONDS, TRIES, LENGTH = 2, 5, 2000
DEFAULTS: Json = {"preset": "fast"}
ENDED = ("succeeded", "failed", "cancelled")


def token() -> str:
    """Return the API's token."""
    file = os.environ.get("CHARLOOM_TOKEN_FILE", "var/token")
    try:
        return os.environ.get("CHARLOOM_TOKEN") or Path(file).read_text().strip()
    except OSError as error:
        sys.exit(f"no token in {file}: {error.strerror}; CHARLOOM_TOKEN_FILE names another file")


def ask(path: str, body: Json | None = None, tag: str = "") -> Any:
    """Return the open answer to a request, or None where it is as it was at the tag (304)."""
    headers = {"Authorization": f"Bearer {token()}"} | ({"If-None-Match": tag} if tag else {})
    data = None
    if body is not None:
        # With its key a job is submitted once, however often it is sent.
        headers |= {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
        data = json.dumps(body).encode()
    return answer(urllib.request.Request(API + path, data, headers))  # noqa: S310


def answer(request: urllib.request.Request, tries: int = TRIES) -> Any:
    """Return the open answer; a service that is busy (503) is asked again when it says so."""
    try:
        return urllib.request.urlopen(request, timeout=60)  # noqa: S310
    except urllib.error.HTTPError as error:
        if error.code == 304:
            return None
        pause = error.headers.get("Retry-After", "")
        if error.code != 503 or not pause.isdigit() or tries == 1:
            sys.exit(f"{request.selector}: {reason(error)}")
        time.sleep(int(pause))
        return answer(request, tries - 1)
    except urllib.error.URLError as error:
        sys.exit(f"no answer from {API}: {error.reason}")


def reason(error: urllib.error.HTTPError) -> str:
    """Return why a request was refused, in a line."""
    try:
        problem = json.load(error)
        fields = [f"{wrong['field']}: {wrong['message']}" for wrong in problem["errors"]]
        return "; ".join(fields) or str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        return f"the server answered {error.code}"


def wait(job: Json) -> Json:
    """Return the job when it has succeeded; an unchanged one costs next to nothing."""
    tag = ""
    while job["status"] not in ENDED:
        time.sleep(SECONDS)
        news = ask(f"/jobs/{job['id']}", tag=tag)
        if news is not None:
            tag, job = news.headers["ETag"], json.load(news)
    if job["status"] != "succeeded":
        error = job["error"] or {"message": "it did not finish"}
        sys.exit(f"job {job['id']} {job['status']}: {error['message']}")
    return job


def field(word: str) -> tuple[str, Any]:
    """Return the field of a word FIELD=VALUE; a value that is no JSON is text."""
    name, equals, value = word.partition("=")
    if not equals:
        sys.exit(f"{word}: accepted is FIELD=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def main(corpus: str, file: str, *fields: str) -> None:
    """Train on the corpus, and write a text with the best checkpoint to the file."""
    wanted: Json = {"corpus_id": corpus} | DEFAULTS | dict(map(field, fields))
    job = wait(json.load(ask("/training-jobs", wanted)))
    checkpoints = json.load(ask(f"/jobs/{job['id']}/checkpoints"))["data"]
    best = next(checkpoint["id"] for checkpoint in checkpoints if checkpoint["best"])
    text = wait(json.load(ask("/generation-jobs", {"checkpoint_id": best, "length": LENGTH})))
    with ask(f"/jobs/{text['id']}/output.txt") as whole, open(file, "wb") as target:
        shutil.copyfileobj(whole, target)
    print(f"{file}: written by checkpoint {best}")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except (OSError, ValueError, http.client.HTTPException) as error:
        sys.exit(f"nightly.py: {error}")
