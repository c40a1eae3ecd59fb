"""The application factory: settings, extensions, blueprints, errors."""

import secrets

from apiflask import APIFlask
from werkzeug.middleware.proxy_fix import ProxyFix

from shared import tables  # noqa: F401  (the queries need every table)
from shared.db import Database
from shared.jobs.marks import Marks
from shared.logs import configure_logs
from shared.queue import BackgroundTickets, CeleryTickets, Tickets, make_celery
from shared.settings import Settings, load_settings
from shared.stores import open_store
from shared.waking import Doorbell, RedisWakes
from web.access import guard
from web.api import register_api
from web.api.inputs import SPEC_BYTES
from web.at_once import limit_at_once
from web.context import Services
from web.errors import register_errors
from web.fleet import Fleets
from web.headers import add_headers
from web.health import health
from web.limiting import limit_requests
from web.listeners import Listeners
from web.metrics import metrics
from web.noting import note_requests
from web.pages import register_pages
from web.provider import keep_provider
from web.sessions import LazySessions
from web.signed_in import keep_sessions
from web.watched import watch_requests


def create_app(settings: Settings | None = None, tickets: Tickets | None = None) -> APIFlask:
    """Return the application. Tests pass their own settings and tickets.

    Raises ``SettingsError`` for malformed settings.
    """
    settings = settings or load_settings()
    configure_logs(settings)
    app = APIFlask(
        __name__,
        title="charloom",
        version="1",
        spec_path="/api/v1/openapi.json",
        docs_path=None,
        static_folder="static",
    )
    app.config.update(
        SECRET_KEY=settings.signing_key() or secrets.token_hex(),
        MAX_CONTENT_LENGTH=settings.max_upload_bytes,
        # The pages that take a text allow more: see web/pages/security.py.
        MAX_FORM_MEMORY_SIZE=SPEC_BYTES,
        # A health check on the server's own machine knows no other name of it.
        TRUSTED_HOSTS=[*settings.hosts(), "127.0.0.1"],
        BOOTSTRAP_SERVE_LOCAL=True,
    )
    app.session_interface = LazySessions()
    app.extensions["charloom"] = _services(settings, tickets)
    if settings.proxies:
        hops = settings.proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops
        )
    register_errors(app)
    watch_requests(app, settings)
    add_headers(app, settings.public_url)
    limit_requests(app, settings)
    limit_at_once(app)
    guard(app)
    note_requests(app)
    keep_sessions(app, settings)
    register_api(app)
    register_pages(app)
    keep_provider(app, settings)
    app.register_blueprint(health)
    app.register_blueprint(metrics)
    return app


def _services(settings: Settings, tickets: Tickets | None) -> Services:
    tickets = tickets or BackgroundTickets(CeleryTickets(make_celery(settings)))
    db = Database(
        settings.database_url, tickets, RedisWakes(settings.redis_url), open_store(settings)
    )
    listeners = Listeners(db, lambda: Doorbell(settings.redis_url))
    return Services(settings, db, listeners, Marks(db), Fleets(db, settings.lease_seconds))
