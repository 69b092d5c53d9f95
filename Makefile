# Every command does its own set-up: it needs Python 3.11 and nothing else.
PYTHON ?= python3
PREPARE = $(PYTHON) config/launch/prepare.py
PY = .venv/bin/python
COMPILE = $(PY) -m piptools compile --quiet --strip-extras --generate-hashes --allow-unsafe --no-header --no-emit-index-url --no-emit-find-links
# PyTorch publishes its builds for processors here, and not on PyPI
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

.DEFAULT_GOAL := help
.PHONY: help run test lint bench lock clean

help: ## Say what each command does
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## Start everything in the foreground: PORT=8000 chooses the port, Ctrl-C stops it, the data stays in var/
	@$(PREPARE) --port
	@exec $(PY) manage.py launch

# One thread of linear algebra a worker: two workers with as many threads as processors wait for each other.
test: export OPENBLAS_NUM_THREADS = 1
test: export OMP_NUM_THREADS = 1
test: ## Run all tests
	@$(PREPARE) --dev
	@exec $(PY) -m pytest -n 2 --dist loadfile

lint: ## Check style, types and the architecture's contracts
	@$(PREPARE) --dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports

bench: ## Run each benchmark; every figure stands beside a yardstick measured in the same run
	@$(PREPARE) --dev
	@set -e; for benchmark in benchmarks/*.py; do echo "== $$benchmark"; $(PY) "$$benchmark"; done

lock: ## Compile requirements*.in into requirements*.txt with hashes
	@$(PREPARE) --dev
	$(COMPILE) -o requirements.txt requirements.in
	$(COMPILE) -o requirements-dev.txt requirements-dev.in
	$(COMPILE) -o requirements-spark.txt requirements-spark.in
	$(COMPILE) --extra-index-url $(TORCH_INDEX) -o requirements-neural.txt requirements-neural.in

clean: ## Remove what the commands made, except the data in var/
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis var/static var/static.stamp var/test
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find locale -name '*.mo' -delete
