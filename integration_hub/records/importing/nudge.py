"""A word to the workers that an import is due; may be lost, the sweep repeats it."""

from typing import Any

from integration_hub.connections.nudge import Sender


class Nudger(Sender):
    """An import is due."""

    def task(self) -> Any:
        from integration_hub.records.tasks import serve_imports

        return serve_imports


_nudger = Nudger()


def publish() -> None:
    _nudger.publish()
