"""A process tree: programs started, started again when they die, and all ended together. Knows nothing of the hub.

    tree = Tree([Program("web", ["python", "-m", "http.server"])])
    tree.start("web")
    tree.watch()        # until SIGTERM or Ctrl-C; then every child ends within STOP_SECONDS

Each child leads a session of its own, so that ending it ends what it started too. Should this process be killed without
a chance to tidy up, Linux tells the children (PR_SET_PDEATHSIG).
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType

STOP_SECONDS = 10.0  # after SIGTERM; then SIGKILL
ONE_WISH_SECONDS = 1.0
LOOK_SECONDS = 0.2  # between two looks at the children
FIRST_WAIT, LONGEST_WAIT = 0.5, 5.0  # before a dead child is started again; doubles while it keeps dying
HEALTHY_SECONDS = 60.0  # a child that lived this long starts afresh with FIRST_WAIT

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with(parent: int) -> None:
    """Ask Linux for SIGTERM when the parent ends; end at once when it ended already. Elsewhere: nothing."""
    if _libc is None:
        return
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(1)


@dataclass(frozen=True)
class Program:
    """What is started. `last` ones are ended when the others have ended (what the others talk to)."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    last: bool = False


@dataclass
class Child:
    """A program and its present process, if any."""

    program: Program
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    wait: float = FIRST_WAIT
    again_at: float = 0.0

    def start(self) -> None:
        parent = os.getpid()
        self.process = subprocess.Popen(
            self.program.command,
            env=os.environ | dict(self.program.env),
            start_new_session=True,
            preexec_fn=lambda: die_with(parent),
        )
        self.started = time.monotonic()

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def signal(self, number: int) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def sweep(self) -> None:
        """End whatever the process left behind in its session."""
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return

    def back_off(self, now: float) -> float:
        """Seconds until the next start."""
        if now - self.started > HEALTHY_SECONDS:
            self.wait = FIRST_WAIT
        wait, self.wait = self.wait, min(self.wait * 2, LONGEST_WAIT)
        self.again_at = now + wait
        return wait


class Tree:
    """Children by name. `say` gets one sentence for everything a person may want to know."""

    def __init__(self, programs: Iterable[Program], say: Callable[[str], None] = print) -> None:
        self.children = {program.name: Child(program) for program in programs}
        self.say = say
        self.stops = 0
        self.deaf_until = 0.0
        self.wanted: set[str] = set()

    def catch_signals(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        """make passes on what the terminal sent to both of us: two signals at once are one wish."""
        now = time.monotonic()
        if now > self.deaf_until:
            self.stops += 1
            self.deaf_until = now + ONE_WISH_SECONDS

    def start(self, *names: str) -> None:
        for name in names:
            self.wanted.add(name)
            self.children[name].start()

    def look(self) -> None:
        """Start again what died and has waited long enough."""
        now = time.monotonic()
        for name in sorted(self.wanted):
            child = self.children[name]
            if child.running():
                continue
            if child.process is not None:
                ended = child.process.returncode
                child.sweep()
                child.process = None
                self.say(f"{name} ended ({describe(ended)}); started again in {child.back_off(now):.1f} s")
            elif now >= child.again_at:
                child.start()

    def wait_for(self, done: Callable[[], bool], seconds: float = 60.0) -> bool:
        """Keep the children alive until `done`; False when the time is up or somebody stops the tree."""
        until = time.monotonic() + seconds
        while not self.stops and time.monotonic() < until:
            if done():
                return True
            self.look()
            time.sleep(LOOK_SECONDS)
        return False

    def watch(self) -> None:
        """Until a signal asks to stop; then stop."""
        while not self.stops:
            self.look()
            time.sleep(LOOK_SECONDS)
        self.say("Stopping, which may take a few seconds. Ctrl-C again ends everything at once.")
        self.stop()

    def stop(self) -> None:
        """SIGTERM, the `last` ones after the others; SIGKILL after STOP_SECONDS each, or when a second signal comes."""
        self.wanted.clear()
        patience = self.stops
        for last in (False, True):
            wave = [child for child in self.children.values() if child.program.last is last]
            for child in wave:
                child.signal(signal.SIGTERM)
            until = time.monotonic() + STOP_SECONDS
            while any(child.running() for child in wave) and time.monotonic() < until and self.stops <= patience:
                time.sleep(0.05)
            for child in wave:
                child.sweep()
        for child in self.children.values():
            if child.process is not None:
                child.process.wait()


def describe(returncode: int) -> str:
    """How a process ended, in words."""
    if returncode >= 0:
        return f"exit {returncode}"
    return f"killed by {signal.Signals(-returncode).name}"
