"""What stands on a command line: several values after one option, fields, and how it all ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from cli.child import ROOT
from cli.commands.options import parsed, settings, spread
from cli.commands.session import find_token
from cli.main import main
from shared.errors import UserError
from tests.support.servers import free_port
from tests.support.web import Answer, sends, serving

NO_JOBS = sends(b'{"data": [], "has_more": false}')


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("j -t 0.4 0.8 --length 5", "j -t 0.4 -t 0.8 --length 5"),
        ("-t 0.4 0.8 1e-1 last", "-t 0.4 -t 0.8 -t 1e-1 last"),
        ("-t=0.4 0.8 j", "-t=0.4 -t 0.8 j"),
        ("-t 0.4 -t 0.8 .5", "-t 0.4 -t 0.8 -t .5"),
        ("-t -1 j 0.8", "-t -1 j 0.8"),
        ("-t x 0.8", "-t x -t 0.8"),
        ("--length 5 6", "--length 5 6"),
        ("-t 1 -- 2 -t 3", "-t 1 -- 2 -t 3"),
        ("-t", "-t"),
    ],
)
def test_several_numbers_after_one_option(typed: str, read: str) -> None:
    """Each number that follows is another value; the first other word ends them."""
    assert spread(typed.split(), ["-t"]) == read.split()


def test_fields_are_read_as_json_where_they_are() -> None:
    """Numbers, null, booleans and lists; everything else is text."""
    words = ["a=1", "b=0.5", "c=null", "d=true", "e=adam", "f=", "g=x=y", "h=[1]", 'i="1"']
    assert parsed(words, "--set") == {
        "a": 1, "b": 0.5, "c": None, "d": True, "e": "adam", "f": "", "g": "x=y", "h": [1],
        "i": "1",
    }  # fmt: skip


def test_a_field_that_there_is_not() -> None:
    """The nearest one is named, and the recipe's fields: not those that have options."""
    with pytest.raises(
        UserError, match=r"--set epoch: .*did you mean epochs\? accepted: window, "
    ) as found:
        settings(["epoch=2"])
    assert "corpus_id" not in str(found.value)
    with pytest.raises(
        UserError, match=r"--generate zzz: there is no such field; accepted: .*length"
    ):
        settings(["zzz=1"], "--generate")
    assert settings(["epochs=2", "window=9"]) == {"epochs": 2, "window": 9}


@pytest.mark.parametrize("word", ["epochs", "=3", ""])
def test_a_field_without_a_value(word: str) -> None:
    """It is shown with what is accepted."""
    with pytest.raises(click.UsageError, match="accepted is FIELD=VALUE"):
        settings([word])


def test_where_the_token_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Options go first, then the variables, then the folder ``var``."""
    monkeypatch.chdir(tmp_path)
    for place in ("var", "other"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "token").write_text(f"of {place}\n", encoding="utf-8")
    (tmp_path / "file").write_text("of file\n", encoding="utf-8")
    assert find_token(None, None) == ("of var", "var/token")
    monkeypatch.setenv("CHARLOOM_TOKEN_FILE", "file")
    assert find_token(None, None) == ("of file", "file")
    monkeypatch.setenv("CHARLOOM_TOKEN", "of variable")
    assert find_token(None, None) == ("of variable", "CHARLOOM_TOKEN")
    assert find_token(None, Path("other"))[0] == "of other"
    assert find_token(Path("file"), Path("other"))[0] == "of file"


@pytest.mark.parametrize("data", [b"", b"\xff\xfe"])
def test_no_token(tmp_path: Path, data: bytes) -> None:
    """The message names the place and every way to name another."""
    path = tmp_path / "token"
    if data:
        path.write_bytes(data)
    with pytest.raises(UserError) as caught:
        find_token(path, None)
    text = str(caught.value)
    assert str(path) in text
    assert all(way in text for way in ("charloom up", "--data", "--token-file", "CHARLOOM_TOKEN"))


def run(*words: str, url: str) -> Result:
    """Run a command against an address."""
    return CliRunner().invoke(main, words, env={"CHARLOOM_URL": url, "CHARLOOM_TOKEN": "t"})


def test_a_server_that_is_not_there_is_exit_code_3() -> None:
    """One line names the address and how to start it; standard output stays empty."""
    url = f"http://127.0.0.1:{free_port()}"
    done = run("job", "list", "--json", url=url)
    assert (done.exit_code, done.stdout) == (3, "")
    assert url in done.stderr
    assert "charloom up" in done.stderr
    assert done.stderr.count("\n") == 1


@contextmanager
def answered(answer: Answer) -> Iterator[str]:
    """Serve an answer; yield the address to name."""
    with serving(answer) as url:
        yield url.rpartition("/")[0]


def test_a_server_that_fails_is_exit_code_3() -> None:
    """As where there is none."""
    with answered(sends(b"oops", 500)) as url:
        done = run("job", "list", url=url)
    assert (done.exit_code, done.stderr) == (3, "Error: the server answered 500\n")


def test_a_refusal_is_exit_code_1_and_a_wrong_word_2() -> None:
    """Also where the token is refused, whose place is named."""
    problem = b'{"detail": "no", "code": "unauthorized", "status": 401, "errors": []}'
    with answered(sends(problem, 401)) as url:
        done = run("job", "list", url=url)
        assert (done.exit_code, done.stdout) == (1, "")
        assert done.stderr == "Error: the service refuses the token of CHARLOOM_TOKEN: no\n"
        assert run("job", "lost", url=url).exit_code == 2
        assert run("job", "list", "--kind", "x", url=url).exit_code == 2
        assert run("generate", url=url).exit_code == 2
        assert run("corpus", "add", "x", url=url).exit_code == 2


def test_the_address_may_stand_before_and_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one behind goes first, and both before the variable."""
    with answered(NO_JOBS) as url:
        # Not before: the server might be given the same port.
        nowhere = f"http://127.0.0.1:{free_port()}"
        assert run("job", "list", url=url).exit_code == 0
        assert run("job", "list", "--url", url, url=nowhere).exit_code == 0
        assert run("--url", url, "job", "list", url=nowhere).exit_code == 0
        assert run("--url", nowhere, "job", "list", "--url", url, url=nowhere).exit_code == 0
        assert run("--url", url, "job", "list", "--url", nowhere, url=url).exit_code == 3


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str) -> None:
    """The script is click's own, and asks this command."""
    done = CliRunner().invoke(main, ["completion", shell])
    assert done.exit_code == 0
    assert "_CHARLOOM_COMPLETE" in done.stdout


def test_completion_completes() -> None:
    """What the script asks for is answered."""
    env = {"_CHARLOOM_COMPLETE": "bash_complete", "COMP_WORDS": "charloom job e", "COMP_CWORD": "2"}
    done = CliRunner().invoke(main, [], prog_name="charloom", env=env)
    assert done.stdout == "plain,events\n"


def test_ctrl_c_ends_following_with_exit_code_130(tmp_path: Path) -> None:
    """The job goes on, and that is said; there is no traceback."""
    asked = tmp_path / "asked"

    def answer(request: BaseHTTPRequestHandler) -> None:
        following = "events" in request.path
        body = b'{"data": [], "has_more": false}' if following else JOB
        sends(body)(request)
        if following:
            asked.touch()

    with answered(answer) as url:
        words = [sys.executable, "-m", "cli", "job", "events", "j1", "--follow"]
        env = os.environ | {"CHARLOOM_URL": url, "CHARLOOM_TOKEN": "t"}
        process = subprocess.Popen(
            words, cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        deadline = time.monotonic() + 30
        while not asked.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert err == "\nNo longer followed; job j1 goes on.\n"


JOB = b'{"id": "j1", "kind": "train", "status": "running", "progress": {"fraction": 0}}'
