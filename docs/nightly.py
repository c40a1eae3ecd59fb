"""Train, wait, write, download: with nothing but Python's standard library.

    nightly.py CORPUS FILE [FIELD=VALUE ...]

CORPUS is a corpus' id, FILE is where the text goes, and fields are those of a training job, as
preset=fast or epochs=3. CHARLOOM_URL (http://127.0.0.1:8000) is the service's address,
CHARLOOM_TOKEN or the file CHARLOOM_TOKEN_FILE (var/token) its token.
"""

import json
import os
import shutil
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

Json = dict[str, Any]

API = os.environ.get("CHARLOOM_URL", "http://127.0.0.1:8000").rstrip("/") + "/api/v1"
SECONDS, LENGTH = 2, 2000
DEFAULTS: Json = {"preset": "fast"}
ENDED = ("succeeded", "failed", "cancelled")


def token() -> str:
    """Return the API's token."""
    file = os.environ.get("CHARLOOM_TOKEN_FILE", "var/token")
    return os.environ.get("CHARLOOM_TOKEN") or Path(file).read_text().strip()


def ask(path: str, body: Json | None = None, tag: str = "") -> Any:
    """Return the open answer to a request, or None where it is as it was at the tag (304)."""
    headers = {"Authorization": f"Bearer {token()}"} | ({"If-None-Match": tag} if tag else {})
    data = None
    if body is not None:
        data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
    try:
        request = urllib.request.Request(API + path, data, headers)  # noqa: S310
        return urllib.request.urlopen(request, timeout=60)  # noqa: S310
    except urllib.error.HTTPError as error:
        if error.code == 304:
            return None
        sys.exit(f"{path}: {error.read().decode()}")


def wait(job: Json) -> Json:
    """Return the job when it has succeeded; an unchanged one costs next to nothing."""
    tag = ""
    while job["status"] not in ENDED:
        time.sleep(SECONDS)
        answer = ask(f"/jobs/{job['id']}", tag=tag)
        if answer is not None:
            tag, job = answer.headers["ETag"], json.load(answer)
    if job["status"] != "succeeded":
        sys.exit(f"job {job['id']} {job['status']}: {job['error']}")
    return job


def main(corpus: str, file: str, *fields: str) -> None:
    """Train on the corpus, and write a text with the best checkpoint to the file."""
    wanted: Json = {"corpus_id": corpus} | DEFAULTS
    for name, _, value in (field.partition("=") for field in fields):
        wanted[name] = value if value.isalpha() else json.loads(value)
    job = wait(json.load(ask("/training-jobs", wanted)))
    checkpoints = json.load(ask(f"/jobs/{job['id']}/checkpoints"))["data"]
    best = next(checkpoint["id"] for checkpoint in checkpoints if checkpoint["best"])
    text = wait(json.load(ask("/generation-jobs", {"checkpoint_id": best, "length": LENGTH})))
    with ask(f"/jobs/{text['id']}/output.txt") as answer, open(file, "wb") as target:
        shutil.copyfileobj(answer, target)
    print(f"{file}: written by checkpoint {best}")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
