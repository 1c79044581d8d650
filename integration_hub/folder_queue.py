"""The queue of a hub without Redis: kombu's folder of files, made safe against readers that are too quick.

kombu opens a message's file, locks it and writes; its reader takes no lock, so it now and then reads an empty file, and
that ends the whole worker. Here a message gets its name when it is whole, and a broken one is dropped with a word: what
it would have said is a row that the next sweep finds.
"""

import contextlib
import logging
import os
import select
import time
import uuid
from functools import cached_property
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps, loads

log = logging.getLogger(__name__)
SCHEME = "folder"
LOOK = 1.0  # seconds after which a waiting worker looks into the folder by itself: the bell wakes it before
BLIND = 0.05  # the same where no bell can be heard


def write_whole(path: Path, value: Any) -> None:
    """Nobody ever sees a part of it. Names that begin with a dot belong to no queue."""
    hidden = path.with_name(f".{uuid.uuid4().hex}.new")
    hidden.write_text(dumps(value), encoding="utf-8")
    os.replace(hidden, path)


class Channel(filesystem.Channel):
    """One connection's view of the folder."""

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]  # kombu's own bases differ
        name = f"{round(time.monotonic() * 1000):015}_{uuid.uuid4().hex}.{queue}.msg"
        write_whole(Path(self.data_folder_out) / name, payload)
        Bell(Path(self.data_folder_out)).ring()

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        folder = Path(self.data_folder_in)
        for name in sorted(os.listdir(folder)):
            if name.partition(".")[2] == f"{queue}.msg":
                message = self._take(folder / name)
                if message is not None:
                    return message
        raise Empty

    def _take(self, path: Path) -> Any:
        """The message, which is now ours alone; None when another was quicker or nobody can read it."""
        taken = path.with_name(f".{uuid.uuid4().hex}.taken")
        try:
            os.rename(path, taken)
        except FileNotFoundError:
            return None
        text = taken.read_text(encoding="utf-8")
        taken.unlink()
        try:
            return loads(text)
        except ValueError:
            log.warning("a broken message was dropped: %s", path.name)
            return None

    def _table_file(self, exchange: str) -> Path:
        file: Path = self._exchange_file(exchange)  # type: ignore[attr-defined]
        return file

    def get_table(self, exchange: str) -> list[Any]:
        try:
            rows = loads(self._table_file(exchange).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return []
        return [filesystem.exchange_queue_t(*row) for row in rows]

    def _queue_bind(self, exchange: str, routing_key: str | None, pattern: str | None, queue: str) -> None:
        row = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")
        table = self.get_table(exchange)
        if row not in table:
            self.control_folder.mkdir(parents=True, exist_ok=True)
            write_whole(self._table_file(exchange), [row, *table])


class Bell:
    """A named pipe beside the messages: whoever puts one rings, and a worker that waits looks at once instead of twenty
    times a second. Where there are no named pipes (Windows), or nobody listens, nothing is lost: the worker looks by
    itself now and then."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / ".bell"
        self.heard: int | None = None

    def ring(self) -> None:
        try:
            pipe = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)
        except (OSError, AttributeError):  # nobody has listened yet, or the system has no pipes
            return
        try:
            os.write(pipe, b".")
        except OSError:  # it is full: it has been ringing for long
            pass
        finally:
            os.close(pipe)

    def wait(self, seconds: float) -> bool:
        """Until somebody rings, for so many seconds at most. Whether it rang."""
        pipe = self._listen()
        if pipe is None:
            time.sleep(min(seconds, BLIND))
            return False
        rang = bool(select.select([pipe], [], [], seconds)[0])
        if rang:
            os.read(pipe, 4096)
        return rang

    def _listen(self) -> int | None:
        if self.heard is None and hasattr(os, "mkfifo"):
            with contextlib.suppress(FileExistsError):
                os.mkfifo(self.path, 0o600)
            self.heard = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)  # to write as well: so it never ends
        return self.heard


class Transport(filesystem.Transport):
    """Named by an address that begins with folder://"""

    Channel = Channel

    def drain_events(self, connection: Any, timeout: float | None = None, **kwargs: Any) -> None:
        """As kombu's, but it waits for the bell instead of for time to pass."""
        ends = None if timeout is None else time.monotonic() + timeout
        while True:
            try:
                self._see_whether_there_is_one()
                self.cycle.get(self._deliver, timeout=timeout)  # type: ignore[union-attr]  # set by kombu's __init__
            except Empty:
                left = LOOK if ends is None else ends - time.monotonic()
                if left <= 0:
                    raise TimeoutError from None
                self.bell.wait(min(left, LOOK))
            else:
                return

    def _see_whether_there_is_one(self) -> None:
        """Empty when no queue has a message: one look into the folder instead of kombu's round over the queues."""
        if not any(name.endswith(".msg") for name in os.listdir(self.folder)):
            raise Empty

    @cached_property
    def folder(self) -> str:
        options: dict[str, Any] = self.client.transport_options  # type: ignore[union-attr,assignment]
        return str(options["data_folder_in"])

    @cached_property
    def bell(self) -> Bell:
        return Bell(Path(self.folder))


TRANSPORT_ALIASES[SCHEME] = f"{__name__}:Transport"
