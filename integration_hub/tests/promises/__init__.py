"""What every provider promises, whoever wrote it. A promise is a function of a case (a provider and its folder) that
yields a sentence for everything that breaks it: what is wrong, and what to write where."""

from collections.abc import Callable, Iterator

from integration_hub.tests.promises.case import Case, NotHere
from integration_hub.tests.promises.declared import (
    every_client_method_has_its_call,
    fixtures_are_read_by_tests,
    nothing_is_left_to_write,
    the_key_is_the_folders_name,
    the_readme_says_what_people_need,
)
from integration_hub.tests.promises.lived import (
    a_dead_key_becomes_needs_reconnect,
    a_wrong_key_is_never_saved,
    another_company_sees_nothing,
    it_works_against_its_simulator,
    secrets_stay_secret,
)
from integration_hub.tests.promises.published import calls_fit_the_published_contract
from integration_hub.tests.promises.reported import (
    a_repeated_delivery_has_one_effect,
    events_handlers_and_fixtures_fit,
    forged_deliveries_are_refused,
)

Promise = Callable[[Case], Iterator[str]]

DECLARED: tuple[Promise, ...] = (  # what can be seen without a database
    nothing_is_left_to_write,
    the_key_is_the_folders_name,
    the_readme_says_what_people_need,
    fixtures_are_read_by_tests,
    every_client_method_has_its_call,
    events_handlers_and_fixtures_fit,
    forged_deliveries_are_refused,
)
LIVED: tuple[Promise, ...] = (  # what is tried out: a company, the simulator, the whole hub
    it_works_against_its_simulator,
    calls_fit_the_published_contract,
    a_wrong_key_is_never_saved,
    a_dead_key_becomes_needs_reconnect,
    a_repeated_delivery_has_one_effect,
    secrets_stay_secret,
    another_company_sees_nothing,
)

__all__ = ["DECLARED", "LIVED", "Case", "NotHere", "Promise"]
