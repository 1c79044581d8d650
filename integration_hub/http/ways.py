"""By when a provider had surely counted a call: all that is known from here is when it left and was answered.

The quickest of the last answers tells how long the way and the work over there take at the least. What an answer took
longer than that may have been lost on the way there, so the call is taken to have arrived that much later.
"""

from collections import deque

Way = tuple[str, str]  # a bucket and an operation

LAST = 10  # answers that are remembered of each way
FEW = 5  # fewer answers than that tell nothing
MOST = 1000  # ways that are remembered
_seconds: dict[Way, deque[float]] = {}


def counted_by(way: Way, began: float, ended: float, *, answered: bool) -> float:
    """The moment by which this call had arrived. `ended`: its answer was there, or nobody waited for it any more."""
    if len(_seconds) > MOST:
        _seconds.clear()
    seen = _seconds.setdefault(way, deque(maxlen=LAST))
    quickest = min(seen) if len(seen) >= FEW else 0.0
    if answered:
        seen.append(ended - began)
    return max(began, ended - quickest)
