"""Move every stored secret to the first key of FIELD_ENCRYPTION_KEY, and prove that none is left behind."""

from collections.abc import Iterator
from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError, CommandParser

from integration_hub.connections import rotation
from integration_hub.connections.fields import crypter

NAMED = 10  # unreadable rows that are listed by key


class SeedStore:
    """The seeds of two-factor logins: ciphertext inside the JSON of allauth's table."""

    label = f"{Authenticator._meta.db_table}.data"

    def rows(self) -> Iterator[tuple[tuple[Any, str], str]]:
        for pk, data in list(Authenticator.objects.values_list("pk", "data")):
            yield from (((pk, name), text) for name in ("secret", "seed") if (text := data.get(name)))

    def reseal(self, pk: tuple[Any, str], ciphertext: str) -> bool:
        row_pk, name = pk
        row = Authenticator.objects.select_for_update().get(pk=row_pk)
        if row.data.get(name) != ciphertext:
            return False
        row.data[name] = crypter().rotate(ciphertext.encode()).decode()
        row.save(update_fields=["data"])
        return True


class Command(BaseCommand):
    help = (
        "Re-encrypts every stored secret with the first key of FIELD_ENCRYPTION_KEY, while the hub runs. "
        "Safe to stop and start again. Ends with the number of rows left on older keys; not 0 is exit code 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--verify", action="store_true", help="only count; needs no older key and writes nothing")
        parser.add_argument("--pause", type=float, default=0.0, help="seconds to wait after every 25 rows (default 0)")

    def handle(self, *args: Any, **options: Any) -> None:
        stores = [*rotation.field_stores(), SeedStore()]
        moved = {store.label: 0 if options["verify"] else rotation.rotate(store, options["pause"]) for store in stores}
        left = 0
        for store in stores:
            tally = rotation.count(store)
            left += tally.left
            self.stdout.write(f"{store.label}: {tally.rows} rows, {moved[store.label]} moved, {tally.left} left")
            self._name_the_lost(tally)
        self.stdout.write(f"Rows left on the old key: {left}")
        if left:
            raise CommandError(
                f"Rows that the first key alone cannot read: {left}. Keep the older keys, restart every process with "
                "the new FIELD_ENCRYPTION_KEY and run this again; connect again where no key reads a row."
            )

    def _name_the_lost(self, tally: rotation.Tally) -> None:
        if tally.unreadable:
            named = ", ".join(str(pk) for pk in tally.unreadable[:NAMED])
            self.stderr.write(f"  No configured key reads {len(tally.unreadable)} of them, such as: {named}")
