"""No transaction is open during an outside call: it would hold locks for as long as somebody else pleases."""

from django.db import connections


class InsideTransaction(RuntimeError):
    """A bug of ours: an outside call would have held a database transaction open."""


def refuse_inside_transaction() -> None:
    """InsideTransaction when any database connection of this thread has a transaction open, other than a test's own."""
    for conn in connections.all(initialized_only=True):
        blocks = [block for block in conn.atomic_blocks if not getattr(block, "_from_testcase", False)]
        by_hand = conn.connection is not None and not conn.get_autocommit() and not conn.in_atomic_block
        if blocks or by_hand:
            raise InsideTransaction(f"an outside call inside a transaction on {conn.alias!r}: commit first, then call")
