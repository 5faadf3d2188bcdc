# Everything a newcomer needs; README gives the same commands for a machine without make.
# .venv is made on first use and made again when the pinned requirements change.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo test quick lint bench requirements clean

demo: $(READY)
	@$(BIN)/python main.py demo

test: export PYTHONDONTWRITEBYTECODE =
test: lint
	$(BIN)/python -m pytest -n 4 --dist worksteal -m "not sweep" --cov --cov-report=term:skip-covered
	$(BIN)/python -m pytest -n 4 --dist worksteal -m sweep

# While you work: the tests without the sweeps (kills and faults of every kind) and without lint.
quick: $(READY)
	$(BIN)/python -m pytest -n 4 --dist worksteal -m "not sweep"

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile

bench: $(READY)
	@$(BIN)/python -m bench

$(READY): requirements-dev.txt
	@echo "Making .venv and installing the pinned requirements (once, about a minute) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0])'
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

requirements: $(READY)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command 'make requirements' $(UPGRADE) requirements.in -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command 'make requirements' $(UPGRADE) requirements-entra.in -c requirements.txt -o requirements-entra.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command 'make requirements' $(UPGRADE) requirements-dev.in -c requirements.txt -c requirements-entra.txt -o requirements-dev.txt

clean:
	rm -rf .venv .sync .coverage* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
