# What one does with the hub. `make` alone lists it.
MAKEFLAGS += --no-print-directory
PY := .venv/bin/python
export PYTHONUNBUFFERED := 1

# Checks read the settings without a .env and without real keys.
CHECK := HUB_ENV_FILE=0 DEBUG=1 VAR_DIR=var/check
# As a hub on the internet would be set up: `check --deploy` must have nothing to say about it.
DEPLOY := HUB_ENV_FILE=0 DEBUG=0 VAR_DIR=var/check PUBLIC_URL=https://hub.example.org \
	SECRET_KEY=only-for-the-check-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGH \
	FIELD_ENCRYPTION_KEY=b25seS1mb3ItdGhlLWNoZWNrLTMyLWJ5dGVzLWxvbmc=

.PHONY: help run test check soak bench pins venv venv-dev chromium clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: venv ## start the hub at http://localhost:8000 with a demo company (PORT, SANDBOX_PORT, DEMO=0 change it)
	@exec $(PY) -m integration_hub.hub.up

test: venv-dev chromium ## all tests; with TEST_DATABASE_URL / TEST_REDIS_URL the engine's again on PostgreSQL / Redis
	@.ci/test

check: venv-dev ## style, types, who imports whom, templates, migrations, deployment
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(CHECK) $(PY) -m mypy
	.venv/bin/lint-imports --no-logo
	.venv/bin/djlint --quiet --lint templates integration_hub providers
	$(CHECK) $(PY) manage.py makemigrations --check --dry-run
	$(DEPLOY) $(PY) manage.py check --deploy --fail-level WARNING

soak: venv-dev chromium ## the long walks: kills at random points, then both sides compared row by row
	$(PY) -m integration_hub.tests.soak
	$(PY) -m integration_hub.tests.convergence

bench: venv-dev ## the benchmarks, as a table
	$(PY) -m integration_hub.tests.bench

pins: venv-dev ## pin the packages again, with hashes, from .requirements.in and .requirements-dev.in
	.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		.requirements.in -o requirements.txt
	.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		.requirements-dev.in -o requirements-dev.txt

venv:
	@.ci/venv

venv-dev:
	@.ci/venv dev

chromium:
	@.ci/chromium

clean: ## remove caches (not var/, which holds the data and the keys)
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis var/check
