"""How the web server is served where a test cannot wait a minute: as it is, but for its patience.

``gunicorn --config python:tests.support.hurried``
"""

import web.slow
from web.serving import *  # noqa: F403

TAKING_SECONDS = 2
web.slow.TAKING_SECONDS = TAKING_SECONDS
