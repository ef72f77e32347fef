# The contributor's guide: every target sets up what it needs. PYTHON=python3.12 picks another.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
USED := cleaner.cli, cleaner.client, cleaner.detect.classifier, cleaner.serve.server, hypothesis, pytest, rich.console, trafilatura

.PHONY: setup demo serve test lint format protos rules golden-diff accept bench bench-quality bench-service chaos soak fuzz floors model test-train test-engines test-node bench-scale clean

setup: $(READY)                ## make the virtual environment
$(READY): pyproject.toml
	$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --upgrade 'pip>=25' # older ones choke on lxml's extras
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --editable '.[dev]'
	@$(BIN)/python -m compileall -q cleaner
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -c 'import $(USED)' # what is used is compiled now, not at every start
	@$(BIN)/cleaner rules warm
	@touch $(READY)

demo: setup                    ## a real server, a real client, the five seed documents
	@$(BIN)/cleaner demo golden/seeds/*/source.txt

serve: setup                   ## the gRPC service on 127.0.0.1:50051, until Ctrl-C
	@$(BIN)/cleaner serve

test: setup                    ## every test
	$(BIN)/python -m pytest -n auto

lint: setup                    ## ruff, mypy, buf, rules, drift of what is generated
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/buf lint protos
	$(BIN)/python protos/generate.py --check
	$(BIN)/cleaner rules check
	$(BIN)/cleaner rules compile --check

format: setup                  ## let ruff rewrite what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

protos: setup                  ## generate cleaner/v1 from protos/
	$(BIN)/python protos/generate.py

rules: setup                   ## write cleaner/rules/rulebook.json from the packs
	$(BIN)/cleaner rules compile

golden-diff: setup             ## what today's answers would change in golden/
	@$(BIN)/cleaner golden diff

accept: setup                  ## take today's answer for one case: make accept CASE=seeds/001-…
	@$(BIN)/cleaner golden accept '$(CASE)'

bench: setup                   ## speed beside peers; the table also goes to build/bench.txt
	@mkdir -p build
	@$(BIN)/python -m cleaner.bench.speed --out build/bench.txt

bench-quality: setup           ## quality beside peers: make bench-quality DATA=folder
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[quality]'
	@$(BIN)/python -m cleaner.bench.quality '$(DATA)'

bench-service: setup           ## the service under load, beside two that are put up in ten lines
	@mkdir -p build
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[service-bench]'
	@$(BIN)/python -m cleaner.bench.service --out build/service.txt $(OPTIONS)

chaos: setup                   ## load, while workers die, callers vanish and bundles come: make chaos MINUTES=10
	@$(BIN)/python -m cleaner.bench.chaos --minutes $(or $(MINUTES),10) $(OPTIONS)

soak: setup                    ## load alone, and the slope of memory: make soak MINUTES=10
	@$(BIN)/python -m cleaner.bench.chaos --soak --minutes $(or $(MINUTES),10) $(OPTIONS)

fuzz: setup                    ## hostile input into every method: make fuzz COUNT=1000000
	@$(BIN)/python -m cleaner.bench.fuzz --count $(or $(COUNT),100000) $(OPTIONS)

floors: setup                  ## raise golden/floors.json to what is reached today
	@$(BIN)/python -m cleaner.bench.floors --raise $(if $(wildcard build/quality/quality.json),--quality build/quality/quality.json)

model: setup                   ## train the classifier anew: make model DATA=folder
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[train]'
	@$(BIN)/python -m cleaner.learn.trainer '$(DATA)'

test-train: setup              ## the tests of training, with PyTorch
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[train]'
	$(BIN)/python -m pytest tests/learn

test-engines: setup            ## the tests of DuckDB, Ray Data, Spark, datatrove and Scrapy, really started here
	@java -version 2>&1 | grep -Eq 'version "(1[7-9]|[2-9][0-9])' || \
	  { echo 'Spark needs Java 17 or later: apt-get install openjdk-17-jre-headless'; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[ray,spark,datatrove,scrapy]'
	$(BIN)/python -m pytest tests/integrations

test-node: setup               ## the tests of a caller in Node.js, 18 or later
	@node -e 'process.exit(process.versions.node.split(".")[0] < 18)' || \
	  { echo 'Node.js 18 or later is needed: apt-get install nodejs npm'; exit 1; }
	@cd tests/client/examples/node && npm ci --ignore-scripts --no-audit --no-fund --silent
	$(BIN)/python -m pytest tests/client/test_languages.py

bench-scale: setup             ## what learning takes as pages grow, engine by engine, and a large bundle
	@mkdir -p build
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[ray,spark]'
	@$(BIN)/python -m cleaner.bench.scale --pages 1000 10000 100000 --engines duckdb ray spark --bundle --json build/scale.json

clean:                         ## remove what setup and tests made
	rm -rf .venv build .mypy_cache .pytest_cache .ruff_cache .hypothesis
