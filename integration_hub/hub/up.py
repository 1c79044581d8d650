"""The hub from one command: `python -m integration_hub.hub.up` is what `make run` starts.

Keys are made once, the database is brought up to date, the demo company is filled and connected to the sandbox, then
web, worker, beat and sandbox run in one tree until Ctrl-C. With a program's name (`… up web`) only that one runs, in
this process: what a container or a service manager wants. Nothing here loads Django; the tree stays small.
"""

import fcntl
import json
import os
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import environ

from integration_hub.hub import keys
from integration_hub.hub.processes import Child, Program, Tree, die_with
from integration_hub.sandbox.clients import client

BASE = Path(__file__).resolve().parent.parent.parent
PREPARE_SECONDS = 600.0  # migrations of a large database take their time
# The checks were made when the database was prepared; they load the code of every page: 25 MB nobody needs here.
SMALL = {"CELERY_SKIP_CHECKS": "1"}
START_SECONDS = 60.0  # a program that does not answer by then is said not to have started


class Refused(Exception):
    """The hub cannot start here; the message says why and what to do."""


@dataclass(frozen=True)
class Place:
    """Where this hub runs, as the environment and `.env` say."""

    host: str
    port: int
    sandbox_port: int
    var: Path
    sqlite: bool

    @property
    def sandbox(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def web(self) -> str:
        """Where this machine reaches the web program."""
        return f"http://127.0.0.1:{self.port}"


def read_place() -> Place:
    if os.environ.get("HUB_ENV_FILE", "1") != "0" and (BASE / ".env").is_file():
        environ.Env.read_env(str(BASE / ".env"))
    database = os.environ.get("DATABASE_URL", "")
    return Place(
        host=os.environ.get("HOST", "127.0.0.1"),
        port=_port("PORT", 8000),
        sandbox_port=_port("SANDBOX_PORT", 9000),
        var=Path(os.environ.get("VAR_DIR") or BASE / "var"),
        sqlite=not database or database.startswith("sqlite"),
    )


def _port(name: str, default: int) -> int:
    text = os.environ.get(name) or str(default)
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise Refused(f"{name} is {text!r}. Set it to a number from 1 to 65535.")
    return int(text)


def set_defaults(place: Place) -> None:
    """What the programs read from the environment, where nothing else was said: every provider is its simulator, which
    knows this hub by a demo id."""
    os.environ.setdefault("PUBLIC_URL", f"http://localhost:{place.port}")
    if place.host == "127.0.0.1" and os.environ["PUBLIC_URL"].startswith("http://localhost:"):
        # Whoever enters an address sits at this machine: it may lead to this machine, to the sandbox say.
        os.environ.setdefault("ALLOWED_PRIVATE_HOSTS", "127.0.0.1")
    os.environ.setdefault("HUB_BEAT", "inside" if place.sqlite else "alone")
    if sys.stdout.isatty():  # a line for each call would carry the logins out of sight before they are read
        os.environ.setdefault("LOG_FORMAT", "console")
        os.environ.setdefault("LOG_LEVEL", "WARNING")
    os.environ.setdefault("LOG_FORMAT", "json")
    for folder in sorted((BASE / "providers").iterdir()):
        if (folder / "sandbox.py").is_file():
            for kind in ("API", "OAUTH"):
                os.environ.setdefault(f"{folder.name.upper()}_{kind}_URL", f"{place.sandbox}/{folder.name}")
            introduce(folder.name, place)


def introduce(key: str, place: Place) -> None:
    """The id and secret the simulator knows, where people would sign in at it and nobody gave others."""
    name = key.upper()
    if os.environ[f"{name}_OAUTH_URL"].startswith(place.sandbox) and not os.environ.get(f"{name}_CLIENT_ID"):
        os.environ[f"{name}_CLIENT_ID"], os.environ[f"{name}_CLIENT_SECRET"] = client(key)


# --- the programs ----------------------------------------------------------------------------------------------------
def programs(place: Place) -> dict[str, Program]:
    python = sys.executable
    celery = (python, "-m", "celery", "--app", "integration_hub.celery", "--quiet")
    # SQLite has one writer: one process, few threads. PostgreSQL: threads that stalling clients cannot use up.
    workers, threads = ("1", "8") if place.sqlite else ("2", "32")
    table = (
        Program(
            "web",
            (
                *(python, "-m", "granian", "--interface", "wsgi", "--host", place.host, "--port", str(place.port)),
                *("--workers", os.environ.get("WEB_WORKERS", workers)),
                *("--blocking-threads", os.environ.get("WEB_THREADS", threads)),
                *("--no-ws", "--http", "1", "--log-level", "error"),
                *("--respawn-failed-workers", "--workers-kill-timeout", "8"),
                "integration_hub.wsgi:application",
            ),
            {"HUB_PROCESS": "web", "HUB_DIES_WITH_SERVER": "1"},
        ),
        # No gossip, mingle or heartbeat: workers need not know each other, their work is claimed in the database.
        Program(
            "worker",
            (*celery, "worker", "--loglevel", "WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat"),
            # Celery fears pickled tasks run as root; ours are JSON without content.
            {"HUB_PROCESS": "worker", "PYTHONWARNINGS": "ignore:You're running the worker", **SMALL},
        ),
        Program("beat", (*celery, "beat", "--loglevel", "WARNING", "--pidfile="), {"HUB_PROCESS": "beat", **SMALL}),
        Program(
            "sandbox",
            (
                *(python, "manage.py", "sandbox", "--port", str(place.sandbox_port)),
                *("--state", str(place.var / "sandbox.json")),
            ),
            {"HUB_PROCESS": "command"},
            last=True,
        ),
    )
    return {program.name: program for program in table}


def become(table: dict[str, Program], name: str) -> None:
    """This process turns into the program of that name."""
    if name not in table:
        raise Refused(f"There is no program {name!r}. Choose from: {', '.join(table)}.")
    program = table[name]
    os.environ.update(program.env)
    os.execv(program.command[0], list(program.command))  # noqa: S606 - our own table above


# --- the start -------------------------------------------------------------------------------------------------------
def refuse_taken(place: Place) -> None:
    for name, host, port in (("PORT", place.host, place.port), ("SANDBOX_PORT", "127.0.0.1", place.sandbox_port)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise Refused(
                    f"Port {port} cannot be used: {error.strerror}. Stop the program that has it, "
                    f"or choose another: make run {name}={port + 1}"
                ) from None


def only_one(place: Place) -> IO[str]:
    """A lock on var/: two hubs on one folder would share a database and its one beat. Held while the file is open."""
    place.var.mkdir(parents=True, exist_ok=True)
    lock = (place.var / "run.lock").open("a+", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise Refused(f"A hub already runs on {place.var}. Stop it first, or set VAR_DIR to another folder.") from None
    return lock


def answers(url: str) -> Callable[[], bool]:
    """Whether anything that speaks HTTP answers there."""

    def ask() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own address
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False

    return ask


def prepare(place: Place, tree: Tree) -> bool:
    """Database, files, demo company, logins: one process of its own, so that the tree needs no Django."""
    options = ("--address", os.environ["PUBLIC_URL"], "--sandbox", place.sandbox)
    child = Child(Program("prepare", (sys.executable, "manage.py", "prepare", *options), {"HUB_PROCESS": "command"}))
    child.start()
    finished = tree.wait_for(lambda: not child.running(), PREPARE_SECONDS)
    child.sweep()
    return finished and child.process is not None and child.process.returncode == 0


def welcome(place: Place) -> str:
    run = json.loads((place.var / "run.json").read_text(encoding="utf-8"))
    people = [f"  {role:9}{run[role]['username']}  password  {run[role]['password']}" for role in ("admin", "staff")]
    return "\n".join(
        (
            "",
            f"The hub runs at {run['address']}",
            *people,
            f"  API      Authorization: Bearer {run['token']}",
            f"  sandbox  {run['sandbox']['address']} stands in for the providers",
            "",
            f"The same is in {place.var / 'run.json'}. Ctrl-C stops everything.",
            *(["Only warnings follow; LOG_LEVEL=INFO make run shows every call."] if _is_quiet() else []),
        )
    )


def _is_quiet() -> bool:
    return os.environ.get("LOG_LEVEL", "").upper() == "WARNING"


def run(place: Place) -> int:
    """The whole hub until a signal; the exit status."""
    os.umask(0o077)  # what is written here is the owner's: database, keys, logins
    refuse_taken(place)
    lock = only_one(place)
    if made := keys.ensure(place.var):
        say(f"Made {' and '.join(made)} and keep them in {place.var / keys.FILE}")
    tree = Tree(programs(place).values(), say)
    tree.catch_signals()
    try:
        tree.start("sandbox")
        if not prepare(place, tree):
            return 0 if tree.stops else 1
        tree.start("web", "worker", *(["beat"] if os.environ["HUB_BEAT"] != "inside" else []))
        if not tree.wait_for(answers(f"{place.web}/healthz"), START_SECONDS) and not tree.stops:
            raise Refused("The web program did not answer within a minute; its messages above say why.")
        if not tree.stops:
            say(welcome(place))
        tree.watch()
        return 0
    finally:
        tree.stop()
        lock.close()


def say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    os.chdir(BASE)
    if os.environ.get("MAKELEVEL"):  # make waits for us; when it is killed, nobody could stop the tree any more
        die_with(os.getppid())
    try:
        place = read_place()
        if arguments:
            become(programs(place), arguments[0])
        set_defaults(place)
        return run(place)
    except Refused as refused:
        say(str(refused))
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
