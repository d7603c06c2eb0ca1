"""The real peers of the contract suites: a private PostgreSQL cluster. A missing peer fails, it never skips."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

POSTGRES = Path("/usr/lib/postgresql/15/bin")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def as_postgres(*command: str) -> None:
    """PostgreSQL refuses to run as root, so root becomes the user postgres."""
    who = {"user": "postgres", "group": "postgres", "extra_groups": ()} if os.geteuid() == 0 else {}
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", timeout=60, **who)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a fresh cluster, without a database's name."""
    folder = Path(tempfile.mkdtemp(prefix="zegel-pg-"))
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    shutil.chown(folder, user)
    data, port = str(folder / "data"), free_port()
    settings = f"-p {port} -h 127.0.0.1 -k {folder} -c fsync=off -c max_connections=200"
    try:
        as_postgres(str(POSTGRES / "initdb"), "-D", data, "-U", "zegel", "-A", "trust", "-E", "UTF8", "--no-sync")
        as_postgres(str(POSTGRES / "pg_ctl"), "-D", data, "-l", f"{folder}/log", "-w", "-o", settings, "start")
        yield f"postgresql://zegel@127.0.0.1:{port}"
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            as_postgres(str(POSTGRES / "pg_ctl"), "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """An empty database of its own for one test."""
    name = f"t{uuid4().hex}"
    admin = create_engine(
        f"{postgres_server}/postgres".replace("postgresql", "postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield f"{postgres_server}/{name}"
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/zegel.db"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Both databases, still without tables."""
    return str(request.getfixturevalue(f"{request.param}_url"))
