"""The database: metadata with a naming convention, engine, sessions, and its own clock."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from datetime import UTC, datetime
from enum import StrEnum
from threading import Lock
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    Float,
    MetaData,
    Text,
    Uuid,
    create_engine,
    event,
    literal_column,
    select,
    text,
)
from sqlalchemy.engine import Connection, Dialect, Engine, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

from shared.errors import StoreAway
from shared.queue import NullTickets, Tickets
from shared.waking import NullWakes, Wakes

if TYPE_CHECKING:
    from shared.stores import Store

DRIVERS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}
WRITE = {"charloom_write": True}
ONE_MOMENT = {"isolation_level": "REPEATABLE READ"}
SLOW_READER = "SET LOCAL idle_in_transaction_session_timeout = '10min'"
# SQLite's pages have 4 KiB: 64 MiB are kept for what will be written next, 16 MiB go at a time.
RESERVE_PAGES, SHRINK_PAGES = 16_384, 4_096
# Of pages a connection keeps so much. SQLite throws all away whenever another process has written,
# and takes a piece of memory for each page again: with its own two megabytes eight readers beside a
# writer had 20 MB free between pieces in use, with this 0.5, and read as much (12 seconds each).
CACHE_KIB = 512

# Stable names, so that a migration can name what it drops.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time in UTC, also where the database knows no zones (SQLite)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The root of all tables."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012  (SQLAlchemy reads it from the class)
        datetime: UtcDateTime(),
        str: Text(),
        float: Float(),
    }


ID = Uuid(as_uuid=False)


class Word(TypeDecorator[str]):
    """One of a few words; where a member of a ``StrEnum`` is compared with, it is in the statement.

    A parameter would keep a plan that is made once for any values from every index whose condition
    has the word.
    """

    impl = Text
    cache_ok = True

    class Comparator(TypeDecorator.Comparator[str]):
        """Writes members down."""

        def operate(self, op: Any, *other: Any, **kwargs: Any) -> Any:
            return super().operate(op, *(_written(value) for value in other), **kwargs)

    comparator_factory = Comparator


def _written(value: Any) -> Any:
    if isinstance(value, StrEnum):
        return literal_column(f"'{value}'", Text())
    return [_written(one) for one in value] if isinstance(value, (tuple, list)) else value


def now() -> datetime:
    """Return this machine's time, for what people read; deadlines use ``database_time``."""
    return datetime.now(UTC)


class database_time(FunctionElement[float]):  # noqa: N801  (it reads as the SQL function it is)
    """Seconds since 1970 on the database's clock, so that nodes' clocks do not matter."""

    type = Float()
    inherit_cache = True


@compiles(database_time, "postgresql")
def _postgresql_time(element: Any, compiler: Any, **kw: Any) -> str:
    return "extract(epoch from clock_timestamp())::float8"


@compiles(database_time, "sqlite")
def _sqlite_time(element: Any, compiler: Any, **kw: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


class octets(FunctionElement[int]):  # noqa: N801  (it reads as the SQL function it is)
    """How many bytes of UTF-8 a text has: SQLite has a function for that only from 3.43."""

    type = BigInteger()
    inherit_cache = True


@compiles(octets, "postgresql")
def _postgresql_octets(element: Any, compiler: Any, **kw: Any) -> str:
    return f"octet_length({compiler.process(element.clauses, **kw)})"


@compiles(octets, "sqlite")
def _sqlite_octets(element: Any, compiler: Any, **kw: Any) -> str:
    return f"length(cast({compiler.process(element.clauses, **kw)} as blob))"


def database_now(session: Session) -> datetime:
    """Return the time by the database's clock."""
    return datetime.fromtimestamp(session.scalars(select(database_time())).one(), UTC)


def database_bytes(session: Session) -> int:
    """Return how much room the database takes on its disk."""
    asked = {
        "sqlite": "select page_count * page_size from pragma_page_count(), pragma_page_size()",
        "postgresql": "select pg_database_size(current_database())",
    }
    return int(session.scalar(text(asked[session.get_bind().dialect.name])) or 0)


class Database:
    """An engine and its two kinds of transaction. Make one a process, after the fork.

    ``store`` takes the bytes of blobs; without one they are kept here.
    """

    def __init__(
        self,
        url: str,
        tickets: Tickets | None = None,
        wakes: Wakes | None = None,
        store: "Store | None" = None,
    ):
        self.store = store
        self.engine = make_engine(url)
        self.tickets, self.wakes = tickets or NullTickets(), wakes or NullWakes()
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        self._reading: ContextVar[Session | None] = ContextVar("reading", default=None)
        # SQLite has one writer at a time: who waits for his turn shall hold no connection of those
        # that readers need.
        sqlite = self.engine.dialect.name == "sqlite"
        self._turn: AbstractContextManager[Any] = Lock() if sqlite else nullcontext()
        # PostgreSQL would show each statement of a page what others changed since the one before.
        self._reader = self.engine if sqlite else self.engine.execution_options(**ONE_MOMENT)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a transaction that only reads, all of it of the moment when it began to.

        On SQLite it takes no lock that others wait for.
        What was read stays readable behind the block: closing rolls back and expires nothing,
        while ``rollback`` would empty every row. A read within a read shares its connection: where
        each took another, as many as there are connections would wait for each other.
        """
        outer = self._reading.get()
        with self._sessions(bind=outer.connection() if outer else self._reader) as session:
            token = self._reading.set(session)
            try:
                yield session
            finally:
                self._reading.reset(token)

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """Open a transaction that sees one moment of the database for as long as it lasts.

        Reads within it share its connection, and so its moment.
        """
        with self.engine.connect() as connection:
            if self.engine.dialect.name == "postgresql":
                connection = connection.execution_options(**ONE_MOMENT, postgresql_readonly=True)
            with self._sessions(bind=connection) as session:
                if self.engine.dialect.name == "postgresql":
                    # Who writes to a slow disk between two rows is not frozen.
                    session.execute(text(SLOW_READER))
                token = self._reading.set(session)
                try:
                    yield session
                finally:
                    self._reading.reset(token)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a transaction that commits at the block's end, or rolls back on an error.

        Tickets and wakes that the block asked for go out after the commit, never before.
        """
        with self._turn, self._sessions() as session:
            session.connection(execution_options=WRITE)
            yield session
            session.commit()
            wanted: set[str] = session.info.pop("tickets", set())
            woken: set[str] = session.info.pop("wakes", set())
            counted: list[Callable[[], None]] = session.info.pop("counts", [])
        for queue in sorted(wanted):
            self.tickets.send(queue)
        for job_id in woken:
            self.wakes.wake(job_id)
        for count in counted:
            count()

    def shrink(self) -> None:
        """Give some of the space that deleted rows left back to the disk; keep a reserve.

        PostgreSQL does so by itself. A little at a time, for it holds the write lock.
        """
        if self.engine.dialect.name != "sqlite":
            return
        with self.engine.connect() as connection:
            free = int(connection.exec_driver_sql("PRAGMA freelist_count").scalar() or 0)
        pages = min(free - RESERVE_PAGES, SHRINK_PAGES)
        if pages <= 0:
            return
        raw = self.engine.raw_connection()
        try:
            # It frees a page each time the statement is stepped on, which only this does.
            raw.cursor().executescript(f"PRAGMA incremental_vacuum({pages})")
        finally:
            raw.close()

    def close(self) -> None:
        """Close the pooled connections."""
        self.engine.dispose()


def is_away(error: BaseException) -> bool:
    """Tell whether an error says that the database, or the store of blobs, cannot work right now.

    Whatever it was asked.
    """
    if isinstance(error, (OperationalError, InterfaceError, PoolTimeout, StoreAway)):
        return True
    # Also a session that the server ended, as after too long a pause inside a transaction.
    return isinstance(error, DBAPIError) and error.connection_invalidated


def want_ticket(session: Session, queue: str) -> None:
    """Ask for a ticket on ``queue`` once the transaction of ``session`` has committed."""
    session.info.setdefault("tickets", set()).add(queue)


def want_wake(session: Session, job_id: str) -> None:
    """Have a job's listeners woken once the transaction of ``session`` has committed."""
    session.info.setdefault("wakes", set()).add(job_id)


def want_count(session: Session, count: Callable[[], None]) -> None:
    """Have something counted once the transaction of ``session`` has committed."""
    session.info.setdefault("counts", []).append(count)


def make_engine(url: str) -> Engine:
    """Return an engine whose transactions begin as this service needs them."""
    address = make_url(url)
    address = address.set(drivername=DRIVERS.get(address.drivername, address.drivername))
    if address.get_backend_name() == "sqlite":
        engine = create_engine(address, connect_args={"timeout": 15})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    # A frozen process must not hold its rows for ever.
    options = "-c idle_in_transaction_session_timeout=15000 -c timezone=UTC"
    return create_engine(
        address, pool_pre_ping=True, connect_args={"options": options, "connect_timeout": 5}
    )


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own BEGIN is deferred, which fails with "locked" under load: we emit ours.
    connection.isolation_level = None
    cursor = connection.cursor()
    # Must come before the first table: afterwards only a VACUUM would make it so, and the pragma
    # would wait for the lock of whoever writes.
    if cursor.execute("PRAGMA page_count").fetchone()[0] == 0:
        cursor.execute("PRAGMA auto_vacuum = INCREMENTAL")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("charloom_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
