"""Workers: which processes there are to take jobs."""

from datetime import datetime
from typing import Self

from apiflask import APIBlueprint
from flask import url_for
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.db import database_time
from shared.workers import models as rows
from shared.workers.queries import jobs_of, list_workers
from web.api.inputs import PageQuery, takes
from web.api.schemas import Answer, Listed, row_fields
from web.context import services, team_id

workers = APIBlueprint("workers", __name__, url_prefix="/api/v1/workers", tag="Workers")


class Worker(Answer):
    """A process that takes jobs from queues."""

    id: str
    name: str = Field(description="The machine's name and the process' number, as in jobs.")
    queues: list[str]
    device: str = Field(description="What it computes with: `cpu`, or `gpu` and its number.")
    alive: bool = Field(description="Whether it was seen within a lease's time.")
    job_id: str | None = Field(description="The job that it runs.")
    speed: float | None = Field(
        description="Floating-point operations a second in products of matrices, measured at its "
        "start by those that train on a processor."
    )
    memory: int | None = Field(description="Bytes of the machine's memory that it may hold.")
    device_memory: int | None = Field(description="Bytes of its card's memory.")
    started_at: datetime
    seen_at: datetime
    links: dict[str, str]

    @classmethod
    def of(cls, row: rows.Worker, job_id: str | None, since: float) -> Self:
        """Return a worker as it is told; it is alive if it was seen ``since`` a time."""
        fields = row_fields(row, cls, "alive", "job_id", "links")
        links = {"job": url_for("jobs.show", job_id=job_id)} if job_id else {}
        return cls(**fields, alive=row.seen_time >= since, job_id=job_id, links=links)


class WorkerPage(Listed):
    """Workers, oldest first."""

    data: list[Worker]

    @classmethod
    def read(cls, session: Session, query: PageQuery) -> Self:
        """Return a page of workers, each with the job that it runs."""
        found = list_workers(session, after=query.after, limit=query.limit)
        jobs = jobs_of(session, team_id(), found.data)
        since = session.scalars(select(database_time())).one() - services().settings.lease_seconds
        data = [Worker.of(row, jobs.get(row.name), since) for row in found.data]
        return cls(data=data, has_more=found.has_more)


@workers.get("")
@takes(workers, PageQuery, "query")
@workers.output(WorkerPage)
def index(query: PageQuery) -> WorkerPage:
    """List the worker processes, oldest first.

    One that ends as it should goes at once; one that was killed stays for a day, not alive.
    """
    with services().db.read() as session:
        return WorkerPage.read(session, query)
