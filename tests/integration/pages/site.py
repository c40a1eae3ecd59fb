"""A visitor of the pages, who sends forms as a browser does."""

import io
import re
from html import unescape
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Page:
    """An answer, and what a visitor sees of it."""

    def __init__(self, answer: TestResponse):
        self.answer = answer
        self.status = answer.status_code
        self.html = answer.get_data(as_text=True)

    @property
    def text(self) -> str:
        """What stands on the page, without the tags."""
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", self.html)).split())

    @property
    def location(self) -> str:
        """Where a redirect leads."""
        return str(self.answer.headers["Location"])

    def error(self, field: str) -> str | None:
        """Return what stands beside a field that was refused."""
        found = re.search(rf'id="{field}-error">(.*?)</p>', self.html, re.DOTALL)
        return unescape(found[1]) if found else None

    def errors(self) -> set[str]:
        """Return the fields that an error stands beside."""
        return set(re.findall(r'class="field-error" id="([\w.]+)-error"', self.html))

    def value(self, field: str) -> str | None:
        """Return what an input, a text area or a select holds."""
        if area := re.search(
            rf'<textarea[^>]* name="{field}"[^>]*>\n?(.*?)</textarea>', self.html, re.DOTALL
        ):
            return unescape(area[1])
        if select := re.search(rf'<select[^>]* name="{field}".*?</select>', self.html, re.DOTALL):
            chosen = re.search(r'<option value="([^"]*)" selected', select[0])
            return unescape(chosen[1]) if chosen else ""
        found = re.search(rf'<input[^>]* name="{field}"[^>]* value="([^"]*)"', self.html)
        return unescape(found[1]) if found else None

    def checked(self, field: str) -> str | None:
        """Return the value of the chosen radio button or the ticked box."""
        found = re.search(rf'<input[^>]* name="{field}"[^>]* value="([^"]*)"\s*checked', self.html)
        return unescape(found[1]) if found else None


class Site:
    """Opens pages and sends their forms."""

    def __init__(self, client: FlaskClient):
        self.client = client

    def get(self, path: str, **options: Any) -> Page:
        """Open a page."""
        return Page(self.client.get(path, **options))

    def submit(self, path: str, page: str | None = None, **fields: Any) -> Page:
        """Send a form: the one of ``page``, or of the same address."""
        token = self.token(page or path)
        return Page(self.client.post(path, data={"csrf_token": token} | fields))

    def upload(self, path: str, data: bytes, file_name: str = "a.txt", **fields: Any) -> Page:
        """Send a form with a file."""
        return self.submit(path, source="file", file=(io.BytesIO(data), file_name), **fields)

    def token(self, path: str) -> str:
        """Return the token of the form at ``path``."""
        found = TOKEN.search(self.get(path).html)
        assert found, f"no form at {path}"
        return found[1]
