"""A word to the workers that events wait: at most five times a second, however many arrive."""

from typing import Any

from integration_hub.sync import nudge


class Nudger(nudge.Nudger):
    """Events are due."""

    def task(self) -> Any:
        from integration_hub.webhooks.tasks import drain

        return drain


_nudger = Nudger()


def nudge_for(connection_id: Any) -> None:
    _nudger.nudge(connection_id)


def publish() -> None:
    _nudger.publish()
