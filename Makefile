# Everything a newcomer needs: each target brings uv and the dependencies by itself.
# ARGS are passed on:  make demo ARGS=--once

SHELL := /bin/sh
ARGS ?=
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
RUN := $(UV) run --quiet --frozen
PYTEST := $(RUN) pytest

.PHONY: demo run test test-servers test-machines test-faults test-ship dist test-browser lint bench-matching bench-sync bench-users bench-performance bench-admin docs pictures freeze-schema messages lock audit sbom clean help

help:            ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /	/'

demo: .venv/ready  ## the program against stand-ins of Trakt and Bangumi: no account needed
	$(RUN) python manage.py demo $(ARGS)

run: .venv/ready   ## the program with real accounts
	$(RUN) python manage.py up $(ARGS)

test: .venv/ready  ## lint, types and all tests; without ARGS, some of them again on PostgreSQL with Redis
	@sh .ci/chromium
	@sh .ci/servers
	$(MAKE) lint
	$(PYTEST) -n auto -q $(ARGS)
	@test -n "$(ARGS)" || $(RUN) python -m tests.servers $(PYTEST) $(ON_SERVERS) -n auto -q

lint: .venv/ready  ## style, types, imports, migrations, translations
	$(UV) lock --check --quiet
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) ty check
	$(RUN) lint-imports
	$(RUN) python manage.py makemigrations --check --dry-run

# Engine, dispatch, claims and faults as on SQLite, on servers that are started for it and gone afterwards.
AT_ONCE := test_kills.py test_outages.py test_together.py test_requests.py
ON_SERVERS := tests/engine tests/shared tests/e2e/test_processes.py $(addprefix tests/faults/,$(AT_ONCE))

test-servers: .venv/ready  ## all of engine, dispatch, claims and faults on PostgreSQL with Redis
	@sh .ci/servers
	$(RUN) python -m tests.servers $(PYTEST) tests/engine tests/shared tests/e2e tests/faults -n auto -q $(ARGS)

test-machines: .venv/ready  ## two machines, in network namespaces, with 200 users, one killed half-way: needs root
	@sh .ci/servers
	MACHINES=1 $(PYTEST) tests/machines -q $(ARGS)

test-faults: .venv/ready  ## every fault at every request, and kills at random instants
	FAULTS=full $(PYTEST) tests/faults -n auto -q $(ARGS)

test-ship: .venv/ready  ## the wheel in an empty home, and the image's steps and commands without a container engine
	SHIP=1 $(PYTEST) tests/ship -q $(ARGS)

dist: | $(UV)    ## the package, as a wheel and as an archive of the sources
	rm -rf dist
	$(UV) build --quiet --out-dir dist
	@ls -l dist

test-browser: .venv/ready  ## every way in both languages; every page at three widths, into tests/artefacts/screenshots
	BROWSER=full $(PYTEST) tests/browser -n auto -q $(ARGS)

bench-matching: .venv/ready  ## how right matching is, on labelled data beside the project
	$(RUN) python bench/matching.py $(ARGS)

bench-sync: .venv/ready  ## what a first sync costs, against the least time its requests need
	$(RUN) python bench/first_sync.py $(ARGS)

bench-users: .venv/ready  ## the minute's dispatch, runs an hour and the wait for a worker, with many users
	$(RUN) python bench/many_users.py --cluster 0 $(ARGS)
	$(RUN) python bench/many_users.py $(ARGS)

bench-performance: .venv/ready  ## all that docs/performance.md tells, and its tables anew: half an hour
	$(RUN) python bench/performance.py $(ARGS)

bench-admin: .venv/ready  ## queries and milliseconds of the admin's lists and first page, with a million items
	$(RUN) python bench/admin.py $(ARGS)

docs: .venv/ready  ## write the pages that are made from the program itself
	$(RUN) python docs/write_reasons.py

pictures: .venv/ready  ## take the pictures of the users' pages anew, from the running program
	$(RUN) python docs/take_pictures.py

freeze-schema: .venv/ready  ## at a release: keep its database, so that later versions are tried on it
	$(RUN) python -m tests.upgrade.freeze $(ARGS)

messages: .venv/ready  ## bring the translations up to date with the sources
	$(RUN) python .ci/messages.py

audit: | $(UV)     ## known holes in what the program is built of (asks api.osv.dev)
	$(UV) audit --frozen --preview-features audit-command $(ARGS)

sbom: | $(UV)      ## what the program is built of, as CycloneDX JSON in dist/
	@mkdir -p dist
	$(UV) export --quiet --frozen --no-dev --format cyclonedx1.5 --preview-features sbom-export -o dist/bgmsync.cdx.json

lock:            ## renew uv.lock
	$(UV) lock --upgrade

clean:           ## remove what was built, not your data
	rm -rf .venv .uv dist .pytest_cache .ruff_cache

.venv/ready: pyproject.toml uv.lock | $(UV)
	$(UV) sync --frozen --quiet
	@touch $@

# uv comes from PyPI into a folder of its own; where Python can't make virtual environments with pip, pip comes along.
.uv/bin/uv:
	@sh .ci/uv
