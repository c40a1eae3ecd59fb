"""``charloom demo``: the main job, through the same stack that ``charloom up`` runs."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from cli.addresses import free_port
from cli.child import kill_group, spawn
from cli.client import Client, Json
from cli.folder import DataFolder, open_folder
from cli.progress import Watcher, duration
from cli.stack import READY
from cli.supervisor import GRACE
from shared.errors import InternalError, UserError
from shared.specs import PRESETS

START_SECONDS = 180
PRESET, EPOCHS = "fast", 3
SPEC = PRESETS[PRESET]
# Enough steps to measure a speed by; the first epoch also pays for compiling the model.
TRIAL_WINDOWS = 80 * SPEC.batch_size
# A demo keeps to its folder, whatever else this machine is set up for.
FOREIGN = (
    *("CHARLOOM_DATABASE_URL", "CHARLOOM_DATABASE_URL_FILE"),
    *("CHARLOOM_TOKEN", "CHARLOOM_TOKEN_FILE"),
)


def run_demo(data: Path, seconds: float) -> None:
    """Train for about ``seconds``, write text, say where it all is. Raises ``CharloomError``."""
    os.umask(0o077)
    console, folder = Console(highlight=False), open_folder(data)
    with running_stack(folder, console) as client:
        corpus = take_text(client, console)
        windows = measure(client, corpus, seconds, console)
        console.print(
            f"Training the preset '{PRESET}' for about {duration(seconds)}: {EPOCHS} epochs of "
            f"{windows:,} windows each.",
            soft_wrap=True,
        )
        job = client.train(
            corpus["id"], name="demo", preset=PRESET, epochs=EPOCHS, max_windows=windows
        )
        Watcher(client, console).watch(job)
        write_text(client, job, folder, console)
        console.print("Stopping the service ...")
    console.print(_farewell(folder), soft_wrap=True)


@contextmanager
def running_stack(folder: DataFolder, console: Console) -> Iterator[Client]:
    """Run ``charloom up`` on a free port and the folder, its output in a log file."""
    port, log = free_port(), folder.path / "demo.log"
    console.print(f"Starting the service; its log is {log}", soft_wrap=True)
    up = [sys.executable, "-m", "cli", "up", "--port", str(port), "--data", str(folder.path)]
    env = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    with log.open("wb") as output:
        process = spawn(up, env, output, signal.SIGTERM)
    try:
        _wait(process, log)
        url = f"http://127.0.0.1:{port}"
        console.print(f"It answers at {url} until the demo ends.")
        with Client(url, folder.token_file.read_text(encoding="utf-8").strip()) as client:
            yield client
    finally:
        _end(process)


def take_text(client: Client, console: Console) -> Json:
    """Return a corpus of real text: Shakespeare, or where it does not come, Python's reference."""
    try:
        corpus = client.add_corpus("shakespeare", builtin="shakespeare")
        console.print("Text: 'shakespeare', fetched from the address that the article names.")
    except UserError as error:
        corpus = client.add_corpus("python-reference", builtin="python-reference")
        console.print(
            Text(f"Text: 'python-reference', because 'shakespeare' did not come ({error})."),
            soft_wrap=True,
        )
    version = corpus["latest_version"]
    console.print(
        f"{version['characters']:,} characters, {version['vocabulary_size']} different ones."
    )
    return corpus


def measure(client: Client, corpus: Json, seconds: float, console: Console) -> int:
    """Return how many windows an epoch may have, by what this machine does in a short trial."""
    console.print("Measuring this machine with a short trial ...")
    job = client.train(
        corpus["id"], name="demo: how fast is this machine", epochs=2, sample_length=0,
        max_windows=TRIAL_WINDOWS, preset=PRESET,
    )  # fmt: skip
    Watcher(client, Console(quiet=True)).watch(job)
    rate = client.rows(job["id"], "epochs")[-1]["characters_per_second"]
    return windows_for(rate, seconds)


def windows_for(rate: float, seconds: float) -> int:
    """Return the windows of each epoch at ``rate`` characters a second, in whole batches."""
    each = SPEC.window if SPEC.loss_at == "every" else 1
    return max(1, round(rate / each * seconds / EPOCHS / SPEC.batch_size)) * SPEC.batch_size


def write_text(client: Client, job: Json, folder: DataFolder, console: Console) -> None:
    """Write text with the best checkpoint; keep text and model as files."""
    best = client.best_checkpoint(job["id"])
    console.print(f"Writing 1,000 characters with the best checkpoint (epoch {best['epoch']}).")
    generation = client.generate(best["id"], length=1000, temperature=0.6, name="demo text")
    done = Watcher(client, console).watch(generation)
    text, model = folder.path / "demo.txt", folder.path / "demo.keras"
    client.download(f"/jobs/{done['id']}/output.txt", text)
    client.download(f"/checkpoints/{best['id']}/model.keras", model)
    written = Text(text.read_text(encoding="utf-8"))
    console.print(Panel(written, title="generated text", title_align="left"))


def _wait(process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until the stack says that it is ready. Raises ``InternalError``."""
    deadline = time.monotonic() + START_SECONDS
    while READY not in (said := log.read_text(encoding="utf-8", errors="replace")):
        if process.poll() is not None:
            reason = said.strip().removeprefix("Error: ") or f"see {log}"
            raise InternalError(f"the service did not start: {reason}")
        if time.monotonic() > deadline:
            raise InternalError(f"the service was not ready in {START_SECONDS} s; see {log}")
        time.sleep(0.2)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(GRACE + 10)
    except subprocess.TimeoutExpired:
        kill_group(process.pid)
        process.wait()


def _farewell(folder: DataFolder) -> Text:
    path = folder.path
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return Text(
        f"\nDone. All of it is in {shown}:\n"
        "  demo.txt     the generated text\n"
        "  demo.keras   the model, for keras.saving.load_model\n"
        "  charloom.db  texts, jobs, checkpoints and samples\n"
        "  demo.log     what the service said\n"
        f"Go on in the browser: {_program()} up --data {shown}"
    )


def _program() -> str:
    """Return how this user can call ``charloom``: ``make demo`` puts it on no ``PATH``."""
    if shutil.which("charloom"):
        return "charloom"
    called = Path(sys.argv[0])
    return sys.argv[0] if called.name == "charloom" else f"{Path(sys.executable).name} -m cli"
