# Everything sets itself up: a virtual environment for each Python, made when it is missing or its needs changed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FRESH := $(VENV)/.fresh
# Without bytecode on the disk, each of the many processes of the tests would compile all that it imports.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test test-lowest check bench bench-exact generate clean
.DELETE_ON_ERROR:

demo: $(FRESH) ## a shop's day against a local stand-in of Talon.One
	@$(BIN)/python -m talon_async demo

test: $(FRESH) ## the checks and all tests, on every Python found here, with the newest and the oldest dependencies
	@$(BIN)/python -m tools.pythons --announce 1
	@$(MAKE) --no-print-directory -j 2 check
	@$(BIN)/python -m tools.pythons --announce 2
	@$(BIN)/python -m pytest -q -n 3 --dist worksteal
	@$(MAKE) --no-print-directory test-others

.PHONY: unit
unit: $(FRESH) ## the fast tests alone, in a few seconds: while you work
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal -m "not slow" tests/unit

.PHONY: test-others
test-others: $(FRESH) ## the tests on the oldest dependencies, and on the other Pythons of this machine; none is required
	@$(BIN)/python -m tools.pythons

test-lowest: $(FRESH) ## the tests on the oldest dependencies that pyproject.toml allows
	@$(BIN)/python -m tools.pythons --lowest

check: check-style check-pyright check-mypy check-generated ## style, types, generated files

.PHONY: check-style check-pyright check-mypy check-generated
check-style: $(FRESH)
	@$(BIN)/python -m ruff check
	@$(BIN)/python -m ruff format --check

check-pyright: $(FRESH)
	@$(BIN)/python -m pyright

check-mypy: $(FRESH)
	@$(BIN)/python -m mypy

check-generated: $(FRESH)
	@$(BIN)/python -m tools.public_types
	@$(BIN)/python -m tools.generate_models_index --check
	@$(BIN)/python -m tools.generate_codecs --check
	@$(BIN)/python -m tools.generate_pages --check
	@$(BIN)/python -m tools.generate_sync --check

generate: $(FRESH) ## write the generated files anew
	@$(BIN)/python -m tools.generate_models_index
	@$(BIN)/python -m tools.generate_codecs
	@$(BIN)/python -m tools.generate_pages
	@$(BIN)/python -m tools.generate_sync

bench: $(FRESH) ## what the client costs, against its peers; BENCH="--quick" takes a few minutes
	@$(BIN)/python -m benchmarks $(BENCH)

bench-exact: $(FRESH) ## the same in counted instructions, where valgrind is installed
	@$(BIN)/python -m benchmarks.exact

.PHONY: bulk-kafka bulk-dask
bulk-kafka: $(FRESH) ## a topic by processes that are killed and leave, on a broker of its own; BULK="--runs 20"
	@$(BIN)/python -m tools.bulk_kafka $(BULK)

bulk-dask: $(FRESH) ## the same with a Dask cluster on this machine
	@$(BIN)/python -m tools.bulk_dask $(BULK)

.PHONY: bulk-send
bulk-send: $(FRESH) ## a million events from a CSV by `talon-async send`, killed twice and stopped once; EVENTS=100000
	@$(BIN)/python -m tools.bulk_send $(EVENTS)

.PHONY: forks
forks: $(FRESH) ## a busy process that forks at random moments; FORKS="--forks 1000 --starts 100"
	@$(BIN)/python -W ignore -m tools.forks $(FORKS)

.PHONY: faults
faults: $(FRESH) ## every fault against every kind of call; FAULTS="--quick", or "--soak 300 --cancellations 10000"
	@$(BIN)/python -m tools.faults $(FAULTS)

.PHONY: bulk-kill bulk-outage bulk-rate bulk-auto bulk-memory bulk-overhead
bulk-kill: ## kill -9 in the middle of runs with a journal; BULK="--kills 50 --events 20000"
bulk-outage: ## 429, 503, 500, no server, few descriptors; BULK="--seconds 3 --trouble 503"
bulk-rate: ## how evenly a paced run sends
bulk-auto: ## concurrency="auto" against the best fixed limit
bulk-memory: ## the memory of a million events
bulk-overhead: ## what a run and a journal cost for each event
bulk-kill bulk-outage bulk-rate bulk-auto bulk-memory bulk-overhead: bulk-%: $(FRESH)
	@$(BIN)/python -m tools.bulk.$* $(BULK)

clean: ## remove the virtual environments and caches
	rm -rf .venv* .*_cache .hypothesis

$(FRESH): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.11 ..." if sys.version_info < (3, 11) else 0)'
	@echo "setting up $(VENV) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m tools.install $(BIN)/python --editable '.[dev]'
	@touch $@
