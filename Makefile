# Two commands on a fresh machine with Python 3.11+ and make: `make demo` and `make test`. `make help` lists all.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
TEST_PROCESSES ?= 2

.DEFAULT_GOAL := help
.PHONY: help env setup native demo kernels test test-long faults floods fuzz simulate conformance lint audit format proto bench benchmarks figures figures-native clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(BIN)/geooffer: pyproject.toml uv.lock
	@test -n "$(PYTHON)" || { echo "geooffer needs Python 3.11 or newer; set PYTHON=/path/to/python3"; exit 1; }
	@test -x $(BIN)/uv || { echo "setting up .venv with uv"; $(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet uv; }
	@$(BIN)/uv sync --quiet --frozen
	@touch $@

env: $(BIN)/geooffer

setup: env  ## make .venv with everything in it, the native data plane too where cargo is there (the other targets do this first)
	@sh tools/build_native.sh

native: env  ## build the native data plane (Rust) into .venv: once for each version of its sources
	@sh tools/build_native.sh --only

demo: setup  ## the main job on data the project makes itself: walks in, offers out, a map
	@$(BIN)/geooffer demo

kernels: env  ## compile the kernels: a minute, once for each version of them (what needs them does it by itself)
	@$(BIN)/python -c "from geooffer.kernels.compile import compile_all; compile_all()"

test: env  ## all quick tests, of Rust too where cargo is there, shared by two processes (TEST_PROCESSES=0: all in one)
	@sh tools/build_native.sh --required
	@if command -v cargo >/dev/null; then cd native && cargo test --locked --workspace --quiet; fi
	$(BIN)/python -m pytest -m "not long" --benchmark-skip -n $(TEST_PROCESSES) --dist worksteal

test-long: setup  ## every test, the long ones too, in one process: some of them measure
	$(BIN)/python -m pytest --benchmark-skip

faults: setup  ## every gate of reliability with its failing control (15 minutes): GATES=2,5 some, SHORT=1 little of each, PLANE=native
	@$(BIN)/python tests/faults/run.py $(if $(GATES),--gates $(GATES)) $(if $(SHORT),--short) $(if $(PLANE),--plane $(PLANE))

simulate: setup  ## one seeded life of the whole engine, told action by action: SEED=7; many: SEED=0 COUNT=500
	@$(BIN)/python tests/simulation/simulate.py --seed $(or $(SEED),0) --count $(or $(COUNT),1) --plant "$(PLANT)"

lint: env  ## ruff, mypy --strict, import-linter, buf; rustfmt and clippy where cargo is there
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/buf lint
	@if command -v cargo >/dev/null; then cd native && cargo fmt --check && \
		cargo clippy --locked --workspace --all-targets -- -D warnings; fi

audit: setup  ## known advisories of what is installed (uv.lock against OSV); says so where the database is out of reach (AUDIT=required: fails)
	@$(BIN)/python tools/audit_dependencies.py $(BIN)/uv $(if $(filter required,$(AUDIT)),--required)

floods: setup  ## what others wait while one connection floods a server with HTTP/2 frames, and what its memory does
	@$(BIN)/python tests/security/flood_figures.py --check

fuzz:  ## feed the native plane's decoders with mutated messages (MINUTES=10 each, TARGETS=…; needs cargo and a C++ compiler)
	@sh tools/fuzz.sh

conformance: setup  ## grpcurl, ghz, grpc-health-probe and h2spec against both planes (needs go; PLANE=python or native: one)
	@$(BIN)/python tools/conformance/run.py $(if $(PLANE),--plane $(PLANE))

format: setup  ## let ruff reformat and sort imports
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

proto: setup  ## regenerate src/geooffer/v1 from proto/
	$(BIN)/python tools/generate_proto.py

bench: setup  ## closed-loop rate and open-loop latency of the Python data plane; what a million persons weigh; durable commits
	$(BIN)/geooffer bench direct --plane python
	$(BIN)/geooffer bench direct --plane python --rate 500
	$(BIN)/geooffer bench memory
	$(BIN)/geooffer bench journal

benchmarks: setup  ## pytest-benchmark suites: matcher, decision, index, codec, journal
	$(BIN)/python -m pytest benchmarks --benchmark-only

figures: setup  ## measure everything and write the README's figures
	$(BIN)/python benchmarks/report.py

figures-native: setup  ## every goal of the native plane, reached or not (12 quiet minutes); writes docs/benchmarks.md
	$(BIN)/geooffer bench goals --results goals.json && $(BIN)/python benchmarks/report.py --native goals.json

clean:  ## remove the environment and every cache in this folder
	rm -rf .venv native/target .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks .import_linter_cache demo-out
