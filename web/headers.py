"""The headers of every answer: what a browser may do with it, and who may keep it."""

from apiflask import APIFlask
from flask import Response

# Of a page: its scripts and styles come from here, and no other page frames it.
POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)
# Of all else: where a browser takes it for a page after all, nothing of it runs.
NOTHING = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
# What no page asks a browser for.
UNUSED = (
    *("accelerometer", "camera", "display-capture", "geolocation", "gyroscope"),
    *("magnetometer", "microphone", "midi", "payment", "usb"),
)
HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{name}=()" for name in UNUSED),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    # What `frame-ancestors` says, to browsers that do not know it.
    "X-Frame-Options": "DENY",
}
# A year, as browsers' makers advise. Other names under this one are not ours to speak for.
HSTS = "max-age=31536000"
# No cache on the way keeps what is somebody's own, and no browser shows it unasked.
CACHED = "private, no-cache"
# What a page is made from, besides its address.
VARIES = ("Accept-Language", "Cookie")


def add_headers(app: APIFlask, public_url: str | None) -> None:
    """Have every answer of an application carry the headers; a view's own ones stay.

    Browsers are told to come by TLS only where ``public_url`` says that people do.
    """
    headers = dict(HEADERS)
    if public_url and public_url.lower().startswith("https://"):
        headers["Strict-Transport-Security"] = HSTS

    def finish(response: Response) -> Response:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        is_page = response.mimetype == "text/html"
        response.headers.setdefault("Content-Security-Policy", POLICY if is_page else NOTHING)
        response.headers.setdefault("Cache-Control", CACHED)
        if is_page:
            response.vary.update(VARIES)
        return response

    app.after_request(finish)


def bare_headers() -> dict[str, str]:
    """Return the headers of an answer that no application gives."""
    return HEADERS | {"Content-Security-Policy": NOTHING, "Cache-Control": CACHED}
