"""The HTML pages, a file per noun."""

from apiflask import APIBlueprint, APIFlask
from chartkick.flask import chartkick_blueprint
from flask_bootstrap import Bootstrap5

from web.addressing import shown_address
from web.compression import compress_pages
from web.languages import speak_languages
from web.pages import facts, labels, words
from web.pages.account import account
from web.pages.api_docs import api_docs
from web.pages.audit import audit
from web.pages.checkpoints import checkpoints
from web.pages.compare import compare
from web.pages.corpora import corpora
from web.pages.desk import desk
from web.pages.generation import generation
from web.pages.home import home
from web.pages.jobs import jobs
from web.pages.limits import limits
from web.pages.live import live
from web.pages.models import models
from web.pages.news import news
from web.pages.nodes import nodes
from web.pages.outputs import outputs
from web.pages.people import tell_of_people
from web.pages.preferences import preferences
from web.pages.provider import provider
from web.pages.receivers import receivers
from web.pages.runs import runs
from web.pages.schedules import schedules
from web.pages.script_words import script_words
from web.pages.security import check_token, limit_form, secure_pages
from web.pages.signing import signing
from web.pages.team import team
from web.pages.teams import teams
from web.pages.tokens import tokens
from web.pages.training import training
from web.pages.users import users

pages = APIBlueprint("pages", __name__, enable_openapi=False)
# First: looking for the token reads the form.
pages.before_request(limit_form)
pages.before_request(check_token)
for blueprint in (
    *(home, corpora, training, generation, jobs, live, checkpoints, runs, compare),
    *(desk, outputs, schedules, models, receivers, api_docs, preferences, news, signing),
    *(limits, provider),
    *(account, tokens, team, users, teams, audit, nodes),
):
    pages.register_blueprint(blueprint)


def register_pages(app: APIFlask) -> None:
    """Add the pages and what they need."""
    Bootstrap5(app)
    speak_languages(app)
    secure_pages(app)
    compress_pages(app)
    # Serves Chart.js from its installed package.
    app.register_blueprint(chartkick_blueprint)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(words.FILTERS | labels.FILTERS | facts.FILTERS)
    app.jinja_env.filters["shown_address"] = shown_address
    tell_of_people(app)
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.jinja_env.globals["script_words"] = script_words
    app.register_blueprint(pages)
