"""How much does it cost to ask for a job, beside a route of Flask's that does nothing?

Both are served by gunicorn with the same options on the same cores, and asked by wrk in turn: 16
connections, answers a second. The job is running; it is asked for whole, and with the ``ETag`` of
the last answer, by the installation and by a user. Each answer is held against the database, none
is given by its age.

python benchmarks/polling.py [--seconds 5]
"""

import argparse

import httpx
from pairs import compare, finish
from web_servers import TOKEN, answers_a_second, serving_bare, serving_charloom
from workbench import Workbench, workbench

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.accounts.rights import Right, Role
from shared.accounts.services import add_user
from shared.accounts.teams import set_role
from shared.accounts.tokens import NewToken, make_token
from shared.jobs import services
from tests.support.servers import running_redis

LIMIT = "limit: 1, the same server and framework answering nothing"


def token_of_a_user(bench: Workbench) -> str:
    """Return the secret of a member's token: it is looked up, its user's requests are counted."""
    with bench.db.write() as session:
        user = add_user(session, "ada")
        set_role(session, DEFAULT_TEAM_ID, user, Role.MEMBER)
        return make_token(session, user, NewToken(DEFAULT_TEAM_ID, "t", Right.READ))[1]


def main() -> None:
    """Print both ratios; fail where one is not what is wanted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5)
    seconds = parser.parse_args().seconds
    with workbench() as bench, running_redis() as redis_url:
        job = bench.submit(bench.add_text(b"round and round " * 2000), preset="fast")
        with bench.db.write() as session:
            services.claim(session, "train", "benchmark:1", 3600)
        with serving_charloom(bench, redis_url) as ours, serving_bare() as bare:
            url = f"{ours.url}/api/v1/jobs/{job.id}"
            whole = {"Authorization": f"Bearer {TOKEN}"}
            tag = httpx.get(url, headers=whole, trust_env=False).headers["ETag"]
            known = whole | {"If-None-Match": tag}
            users = known | {"Authorization": f"Bearer {token_of_a_user(bench)}"}

            def nothing() -> float:
                return answers_a_second(f"{bare.url}/jobs/{job.id}", {}, seconds, "200")

            figures = [
                compare("asking for a job", "answers/s",
                        lambda: answers_a_second(url, whole, seconds, "200"), nothing,
                        against="a bare Flask route", wanted=0.5, limit=LIMIT),
                compare("asking for a job that did not change (304)", "answers/s",
                        lambda: answers_a_second(url, known, seconds, "304"), nothing,
                        against="a bare Flask route", wanted=0.7, limit=LIMIT),
                compare("the same with a user's token, counted in Redis", "answers/s",
                        lambda: answers_a_second(url, users, seconds, "304"), nothing,
                        against="a bare Flask route", wanted=0.25, limit=LIMIT),
            ]  # fmt: skip
    finish(*figures)


if __name__ == "__main__":
    main()
