# Huntaze: `make run` starts everything on this machine, `make test` and `make check` judge a change.

PYTHON ?= python3
UV_VERSION = 0.13.9
BIN = .venv/bin
UV = $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes
AXE_VERSION = 4.14.1
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header

.PHONY: run install test check browser bench messages requirements

run: .venv/installed  ## Start Huntaze with embedded servers; ARGS="--port 9000 --no-demo" for options
	@exec $(BIN)/python manage.py up $(ARGS)

install: .venv/installed .venv/installed-dev  ## Make the virtual environment with all that run, test and check need

test: .venv/installed-dev  ## Run all tests on PostgreSQL and Valkey servers of their own; ARGS="-k lease" for a part
	$(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile $(ARGS)

check: .venv/installed-dev  ## Judge format, lint, types, import contracts, migrations, the OpenAPI document and the docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py spectacular --validate --fail-on-warn | diff -u docs/api/openapi.yaml -
	$(BIN)/python -m pytest -q huntaze/tests/test_docs.py

browser:  ## Fetch what the browser tests need besides Debian's chromium: axe-core, by npm, into .browser
	npm install --silent --no-save --prefix .browser axe-core@$(AXE_VERSION)
	@[ -x /usr/bin/chromium ] || echo "The browser tests are skipped until chromium is there: apt-get install chromium"

bench: .venv/installed-dev  ## Compare the hot paths with their stock twins
	$(BIN)/uv pip install --quiet --python $(BIN)/python -r bench/requirements.txt
	$(BIN)/python -m bench $(ARGS)

messages: .venv/installed-dev  ## Take new words of e-mails into the French catalogues, and compile these
	$(BIN)/python -m huntaze.tests.catalogues

requirements: .venv/installed-dev  ## Compile the three pinned and hashed lists from their .in files
	$(COMPILE) --upgrade requirements.in --output-file requirements.txt
	$(COMPILE) --upgrade requirements-dev.in --output-file requirements-dev.txt
	$(COMPILE) --upgrade --no-deps requirements-embedded.in --output-file requirements-embedded.txt

.venv/made:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || \
		{ echo "PYTHON: Huntaze needs Python 3.11 or newer, and $(PYTHON) is not; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

.venv/installed: requirements.txt requirements-embedded.txt | .venv/made
	@echo "Installing packages (once) …"
	@began=$$(date +%s); $(UV) -r requirements.txt && $(UV) --no-deps -r requirements-embedded.txt && \
		echo "Installed in $$(( $$(date +%s) - began )) s."
	@touch $@

.venv/installed-dev: requirements-dev.txt .venv/installed
	$(UV) -r requirements-dev.txt
	@touch $@
