"""Pages and what they load are sent compressed; the API's answers and downloads as they are."""

from apiflask import APIFlask
from flask import Response, request
from flask_compress import Compress

KINDS = ["text/html", "text/css", "text/javascript", "application/javascript", "image/svg+xml"]


def compress_pages(app: APIFlask) -> None:
    """Compress the pages of an application, and the files that belong to them."""
    app.config.update(
        COMPRESS_MIMETYPES=KINDS,
        # Files that a browser has already are not sent again.
        COMPRESS_STREAMING_ENDPOINT_CONDITIONAL=["static", "bootstrap.static", "chartkick.static"],
        COMPRESS_REGISTER=False,
    )
    compress = Compress(app)

    def only_pages(response: Response) -> Response:
        # Programs poll the API: it does not pay for what it never uses.
        if request.path.startswith("/api/v1/") or response.mimetype not in KINDS:
            return response
        return compress.after_request(response)

    app.after_request(only_pages)
