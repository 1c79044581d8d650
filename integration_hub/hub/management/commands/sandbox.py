"""`manage.py sandbox`: only the simulators, for trying out without any account anywhere."""

import signal
import threading
from argparse import ArgumentParser
from pathlib import Path
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from integration_hub.sandbox.server import Server
from integration_hub.sandbox.world import World, registered


class Command(BaseCommand):
    help = "Serve the providers' simulators: a local stand-in for the outside world."
    requires_system_checks: list[str] = []  # noqa: RUF012 - as the base class has it
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=9000)
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--state", type=Path, help="a JSON file that keeps the state over restarts")

    def handle(self, *args: Any, **options: Any) -> None:
        world = World(registered(), options["state"])
        try:
            server = Server(world, options["host"], options["port"])
        except OSError as error:
            raise CommandError(
                _("The sandbox cannot listen on %(host)s:%(port)s (%(reason)s). Choose another with --port.")
                % {"host": options["host"], "port": options["port"], "reason": error.strerror}
            ) from None
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _stopper(server))
        self.stdout.write(_("Sandbox: %(address)s  (Ctrl-C stops it)") % {"address": server.url})
        self.stdout.flush()
        server.run()
        server.close()


def _stopper(server: Server) -> Any:
    def stop(number: int, frame: FrameType | None) -> None:
        """`shutdown` waits for the loop this signal interrupted, so another thread must ask for it."""
        threading.Thread(target=server.shutdown, daemon=True).start()

    return stop
