"""``charloom checkpoint import`` against the real application and a real worker."""

import json
from pathlib import Path

import pytest

from tests.integration.cli.conftest import Charloom
from tests.support.model_files import VOCABULARY, bundle_file, model_file


@pytest.mark.usefixtures("worker")
def test_a_file_and_its_characters(charloom: Charloom, tmp_path: Path) -> None:
    """In a pipe the checkpoint's id; an import's job stands for its checkpoint, as in training."""
    model, text = tmp_path / "m.keras", tmp_path / "v.json"
    model.write_bytes(model_file())
    text.write_text(json.dumps(list(VOCABULARY)))
    words = ("--vocabulary", str(text), "--name", "theirs")
    found = charloom("checkpoint", "import", str(model), *words).stdout.strip()
    (job,) = json.loads(charloom("job", "list", "--kind", "import", "--json").stdout)
    assert job["name"] == "theirs"
    target = tmp_path / "again.keras"
    charloom("download", job["id"], "-o", str(target))
    assert target.read_bytes().startswith(b"PK")
    charloom("model", "promote", "x", job["id"])
    charloom("generate", found, "--prompt", "ab", "--length", "20", "--follow")


@pytest.mark.usefixtures("worker")
def test_what_is_refused(charloom: Charloom, tmp_path: Path) -> None:
    """With what was wrong, on standard error; a file that is not there, too."""
    wrong = tmp_path / "wrong.keras"
    wrong.write_bytes(b"no model")
    done = charloom("checkpoint", "import", str(wrong), code=1)
    assert "no .keras file" in done.stderr
    assert "cannot be read" in charloom("checkpoint", "import", "/there/is/none", code=1).stderr


def test_it_need_not_be_waited_for(charloom: Charloom, tmp_path: Path) -> None:
    """Then the answer is the job."""
    path = tmp_path / "bundle.zip"
    path.write_bytes(bundle_file())
    job = charloom("checkpoint", "import", str(path), "--no-wait").stdout.strip()
    assert json.loads(charloom("job", "show", job, "--json").stdout)["kind"] == "import"
