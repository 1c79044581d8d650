"""When beat wakes, and what a process keeps from the garbage collector."""

import gc
import subprocess
import sys

import pytest

from integration_hub.beat import Scheduler


@pytest.mark.parametrize(("due_in", "sleeps"), [(2.0, 2.01), (0.5, 0.51), (0.0, 0.0), (None, None), (-1.0, -1.0)])
def test_beat_wakes_just_after_a_task_is_due_and_never_before(due_in: float | None, sleeps: float | None) -> None:
    """`drift`: what Celery would take away."""
    found = Scheduler.adjust(Scheduler.__new__(Scheduler), due_in, drift=-0.01)
    assert found == (sleeps if sleeps is None else pytest.approx(sleeps))


def test_what_is_loaded_is_kept_from_the_collector_and_what_comes_later_is_not() -> None:
    """In a process of its own: the tests' own was kept already."""
    text = (
        "import gc, json\n"
        "from integration_hub.garbage import keep_what_is_here\n"
        "keep_what_is_here(); kept = gc.get_freeze_count(); keep_what_is_here()\n"
        "new = []; new.append(new); del new\n"
        "print(kept > 1000, gc.get_freeze_count() >= kept, gc.collect() > 0, gc.isenabled())"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["True"] * 4
    assert gc.isenabled()
