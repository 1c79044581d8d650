"""The process tree keeps its children alive and leaves none behind, whatever ends it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from integration_hub.hub.processes import Child, Program, Tree, describe

pytestmark = pytest.mark.kill

SLEEPER = "import time\nwhile True: time.sleep(60)"
STUBBORN = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SLEEPER


def program(name: str, code: str = SLEEPER, **more) -> Program:
    return Program(name, (sys.executable, "-c", code), **more)


def gone(pid: int) -> bool:
    """No such process, or only its unread exit status."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def eventually(condition, seconds: float = 10.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def tree():
    trees: list[Tree] = []

    def make(*programs: Program) -> Tree:
        trees.append(Tree(programs, said.append))
        return trees[-1]

    said: list[str] = []
    make.said = said
    yield make
    for each in trees:
        each.stop()


def pid_of(child: Child) -> int:
    assert child.process is not None
    return child.process.pid


def test_a_killed_child_is_started_again(tree):
    here = tree(program("web"), program("worker"))
    here.start("web", "worker")
    first, other = pid_of(here.children["web"]), pid_of(here.children["worker"])
    os.kill(first, signal.SIGKILL)
    assert here.wait_for(lambda: here.children["web"].running() and pid_of(here.children["web"]) != first, 10)
    assert pid_of(here.children["worker"]) == other
    assert tree.said == ["web ended (killed by SIGKILL); started again in 0.5 s"]


def test_what_keeps_dying_is_started_more_and_more_slowly():
    child = Child(program("web", "raise SystemExit(3)"))
    child.start()
    waits = [child.back_off(child.started + 1) for _ in range(9)]
    assert waits == [0.5, 1, 2, 4, 5, 5, 5, 5, 5]
    assert child.back_off(child.started + 61) == 0.5, "it had recovered"
    child.process.wait()
    assert describe(child.process.returncode) == "exit 3"


TELLS_WHEN_IT_ENDS = """
import pathlib, signal, time
def end(*_):
    time.sleep(0.2)
    pathlib.Path({note!r}).write_text(str(time.time()))
    raise SystemExit
signal.signal(signal.SIGTERM, end)
pathlib.Path({note!r}).write_text("up")
while True: time.sleep(60)
"""


def test_stop_ends_everything_and_the_last_ones_last(tree, tmp_path):
    notes = {name: tmp_path / name for name in ("sandbox", "web", "worker")}
    codes = {name: TELLS_WHEN_IT_ENDS.format(note=str(note)) for name, note in notes.items()}
    here = tree(*(program(name, code, last=name == "sandbox") for name, code in codes.items()))
    here.start("sandbox", "web", "worker")
    pids = [pid_of(child) for child in here.children.values()]
    assert eventually(lambda: all(note.exists() and note.read_text() for note in notes.values()))
    here.stop()
    assert all(gone(pid) for pid in pids)
    ended = {name: float(note.read_text()) for name, note in notes.items()}
    assert max(ended, key=ended.__getitem__) == "sandbox"
    assert ended["sandbox"] - max(ended["web"], ended["worker"]) > 0.1


def test_who_ignores_sigterm_is_killed(tree, monkeypatch):
    monkeypatch.setattr("integration_hub.hub.processes.STOP_SECONDS", 0.5)
    here = tree(program("web", STUBBORN))
    here.start("web")
    time.sleep(0.5)  # until it ignores
    here.stop()
    assert here.children["web"].process.returncode == -signal.SIGKILL


def test_what_a_killed_child_had_started_ends_with_it(tree, tmp_path):
    note = tmp_path / "grandchild"
    code = f"""
import pathlib, subprocess, sys, time
p = subprocess.Popen([sys.executable, "-c", {SLEEPER!r}])
pathlib.Path({str(note)!r}).write_text(str(p.pid))
time.sleep(600)
"""
    here = tree(program("web", code))
    here.start("web")
    assert eventually(lambda: note.exists() and note.read_text())
    grandchild = int(note.read_text())
    os.kill(pid_of(here.children["web"]), signal.SIGKILL)
    assert eventually(lambda: here.look() is None and gone(grandchild))


WHOLE_TREE = f"""
import sys
from integration_hub.hub.processes import Program, Tree
tree = Tree([Program("a", (sys.executable, "-c", {SLEEPER!r})), Program("b", (sys.executable, "-c", {SLEEPER!r}))])
tree.catch_signals()
tree.start("a", "b")
print(*(child.process.pid for child in tree.children.values()), flush=True)
tree.watch()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_child_outlives_the_tree(number):
    if number == signal.SIGKILL and sys.platform != "linux":
        pytest.skip("only Linux tells children that their parent was killed")
    parent = subprocess.Popen([sys.executable, "-c", WHOLE_TREE], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pids = [int(word) for word in parent.stdout.readline().split()]
    assert len(pids) == 2
    assert not any(gone(pid) for pid in pids)
    parent.send_signal(number)
    parent.wait(timeout=15)
    assert eventually(lambda: all(gone(pid) for pid in pids))


def test_a_second_signal_ends_everything_at_once_but_not_an_echo_of_the_first():
    code = WHOLE_TREE.replace(repr(SLEEPER), repr(STUBBORN))
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pids = [int(word) for word in parent.stdout.readline().split()]
    time.sleep(1)  # until the children ignore SIGTERM
    parent.send_signal(signal.SIGINT)
    time.sleep(0.1)
    parent.send_signal(signal.SIGTERM)
    time.sleep(1.5)
    assert parent.poll() is None, "the echo changed nothing"
    parent.send_signal(signal.SIGINT)
    parent.wait(timeout=3)
    assert eventually(lambda: all(gone(pid) for pid in pids))
