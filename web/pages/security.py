"""What protects the pages: the token of every form."""

from apiflask import APIFlask
from flask import current_app, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import SecurityError

from web.api.inputs import SPEC_BYTES, check_whole
from web.api.texts import MULTIPART
from web.context import services
from web.messages import _

# The forms that take a text, as a file or as a field; and all that take a file.
OF_TEXTS = ("pages.corpora.create", "pages.corpora.create_version")
OF_FILES = (*OF_TEXTS, "pages.checkpoints.create")


def secure_pages(app: APIFlask) -> None:
    """Set up the forms' tokens, and whether a page has links."""
    # Only the pages check it: the API has a token of its own.
    app.config.setdefault("WTF_CSRF_CHECK_DEFAULT", False)
    # For ever: a job's page stays open for as long as the job runs, and its buttons must work.
    app.config.setdefault("WTF_CSRF_TIME_LIMIT", None)
    CSRFProtect(app)
    app.register_error_handler(CSRFError, _refused)
    app.context_processor(_links)


def check_token() -> None:
    """Refuse what is posted without the token of a form. Raises ``CSRFError``."""
    current_app.extensions["csrf"].protect()


def limit_form() -> None:
    """Take large forms only where a file may come, and that only in parts.

    A form of the other kind is read at once: tens of millions of fields are gigabytes.
    """
    large = services().settings.max_upload_bytes
    if request.mimetype == MULTIPART and request.endpoint in OF_FILES:
        if request.endpoint in OF_TEXTS:
            # A pasted text is a form field: as large as an upload may be.
            request.max_form_memory_size = large
    else:
        request.max_content_length = min(large, SPEC_BYTES)
        if request.mimetype != MULTIPART and request.form:
            check_whole()


def _links() -> dict[str, bool]:
    """Tell whether a page can have links: not where it was asked for by a refused host name."""
    return {"linked": not isinstance(request.routing_exception, SecurityError)}


def _refused(error: CSRFError) -> ResponseReturnValue:
    g.refused_form = True
    detail = _(
        "This form was not sent from a page of this service, or the service was set up anew "
        "since the page was opened. Go back, reload the page and send the form again. "
        "(%(reason)s)",
        reason=error.description,
    )
    title = _("The form was refused")
    return render_template("error.html", status=400, title=title, detail=detail), 400
