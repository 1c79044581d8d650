"""A word to the workers that a file is to be fetched; may be lost, the sweep repeats it."""

from typing import Any

from integration_hub.connections.nudge import Sender


class Nudger(Sender):
    """A file is owed."""

    def task(self) -> Any:
        from integration_hub.records.tasks import fetch_attachments

        return fetch_attachments


_nudger = Nudger()


def publish() -> None:
    _nudger.publish()
