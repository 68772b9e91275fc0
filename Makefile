# Everything a command needs is installed by make, from packages alone. See: make help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
LOCAL := $(CURDIR)/.local
PY := "$(CURDIR)/$(VENV)/bin/python"

# Processes that test the pipeline: three where 12 GB of memory are free, each with a cloud, a JVM and an Airflow of its own.
WORKERS ?= $(or $(shell awk '/^MemAvailable/ { print ($$2 > 12000000 ? 3 : 2) }' /proc/meminfo 2>/dev/null),2)

# What a caller sets wins; the rest is the laptop's.
export SALES_CDC_TARGET ?= local
export SALES_CDC_LOCAL_PORT ?= 4566
export SALES_CDC_LOCAL_ENDPOINT ?= http://127.0.0.1:$(SALES_CDC_LOCAL_PORT)
ifeq ($(SALES_CDC_TARGET),local)
export SALES_CDC_FIREHOSE_INTERVAL_SECONDS ?= 1
export AWS_REGION ?= $(or $(SALES_CDC_REGION),us-east-1)
export AWS_DEFAULT_REGION := $(AWS_REGION)
export AWS_ACCESS_KEY_ID := test
export AWS_SECRET_ACCESS_KEY := test
export AIRFLOW_CONN_AWS_DEFAULT ?= {"conn_type": "aws", "login": "test", "password": "test", "extra": {"region_name": "$(AWS_REGION)", "endpoint_url": "$(SALES_CDC_LOCAL_ENDPOINT)"}}
unexport AWS_PROFILE
unexport AWS_SESSION_TOKEN
endif
export LOCAL_CLOUD_HOME := $(LOCAL)
export AIRFLOW_HOME := $(LOCAL)/airflow
export AIRFLOW__CORE__DAGS_FOLDER := $(CURDIR)/dags
export AIRFLOW__CORE__PLUGINS_FOLDER := $(CURDIR)/plugins
export AIRFLOW__CORE__LOAD_EXAMPLES := False
export PYTHONPATH := $(CURDIR):$(CURDIR)/plugins:$(CURDIR)/local_cloud/src
unexport PYTHONDONTWRITEBYTECODE # Airflow's imports are compiled once, not at every command
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

# Taken as typed: make must not expand a $ in them.
override SQL := $(value SQL)
override ARGS := $(value ARGS)
export SQL

.PHONY: help install install-dev demo drill test lint cloud query airflow ui down clean bench lock generate-orders env policies bundle screenshots

help: ## What every command does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.11 …" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "'$(PYTHON) -m venv' failed: on Debian, install python3-venv." >&2; exit 1; }
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check uv

$(VENV)/.installed-%: requirements/%.txt | $(VENV)/bin/uv
	@echo "Installing requirements/$*.txt into $(VENV): about 1.4 GB on the disk, a minute or two the first time …" >&2
	@$(VENV)/bin/uv pip install --python $(PY) --require-hashes -r $<
	@touch $@

install: $(VENV)/.installed-local
install-dev: $(VENV)/.installed-dev

demo: export DEMO_ASKED_AT := $(shell date +%s)
demo: install kept-contract ## The main job: orders written, changed and deleted in DynamoDB, seen in Athena
	@$(PY) include/scripts/demo.py

drill: install ## See for yourself: 200,000 changes under every fault, Airflow killed three times, one verdict
	@$(PY) include/scripts/drill.py

# One local cloud a worker, and each file's tests in one worker; pyproject.toml names the folders with the longest first.
SPREAD := --dist=loadfile --no-loadscope-reorder

test: install-dev ## Every test, of the local cloud too; or these of ours: make test ARGS="tests/unit -k name"
ifneq ($(ARGS),)
	@$(PY) -m pytest $(ARGS)
else
	@mkdir -p "$(LOCAL)/logs"; log="$(LOCAL)/logs/test-local-cloud.log"; failed=0; \
	  echo "The local cloud's tests run beside the pipeline's: $$log, which is shown at the end."; \
	  set -m; (cd local_cloud && exec env -u PYTHONPATH $(PY) -m pytest --numprocesses=2 $(SPREAD)) >"$$log" 2>&1 & beside=$$!; set +m; \
	  trap 'kill -INT -- -$$beside; wait $$beside; exit 130' INT TERM; \
	  $(PY) -m pytest --numprocesses=$(WORKERS) $(SPREAD) || failed=1; \
	  wait $$beside || failed=1; cat "$$log"; exit $$failed
endif

.PHONY: test-mwaa
test-mwaa: install-dev ## The bundle in Amazon MWAA's environments: install, parse, DAG tests, one run of the pipeline each
	@$(PY) tools/mwaa_environments.py $(ARGS)

lint: install-dev ## Format, style, types, lengths, and who may import whom
	@ruff format --check . && ruff check . && mypy
	@lint-imports && cd local_cloud && PYTHONPATH=src lint-imports
	@$(PY) tools/import_cycles.py plugins/sales_cdc local_cloud/src/local_cloud
	@find dags plugins include local_cloud/src local_cloud/tests tests tools benchmarks -name '*.py' ! -name canned.py -exec \
	  awk 'FNR == 301 { print FILENAME " has more than 300 lines."; long = 1 } END { exit long }' {} +
	@check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yaml
	@check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/ci.yml
	@pre-commit validate-config
	@yamllint --strict docker-compose.yaml .github .pre-commit-config.yaml

cloud: install ## Start the local cloud alone, in the background
	@$(PY) -m local_cloud start

query: install kept-contract ## Run Athena SQL and print a table: make query SQL="SELECT …"; WRITE=1 lets it change something
	@$(PY) include/scripts/query.py "$$SQL"

airflow: install airflow-db kept-contract ## Any Airflow command: make airflow ARGS="dags test sales_cdc_generate"
	@$(PY) include/scripts/airflow_command.py $(ARGS)

.PHONY: setup generate batch teardown
setup: install kept-contract ## Make every resource; the answer first, Airflow's log in .local/logs
	@$(PY) include/scripts/run_dag.py setup $(ARGS)

generate: install kept-contract ## Insert, update and delete orders: make generate ARGS="inserts=100 updates=20"
	@$(PY) include/scripts/run_dag.py generate $(ARGS)

batch: install kept-contract ## Take delivered changes into checked tables, and compare them with DynamoDB
	@$(PY) include/scripts/run_dag.py batch $(ARGS)

teardown: install kept-contract ## Remove all and only what setup made: make teardown CONFIRM=sales-cdc
	@$(PY) include/scripts/run_dag.py teardown $(ARGS)

screenshots: install-dev ## The page's pictures in docs/img/, from canned figures; needs Chromium
	@AIRFLOW_HOME="$(LOCAL)/screenshots" AIRFLOW__CORE__PLUGINS_FOLDER="$(LOCAL)/screenshots" $(PY) -m tests.browser.screenshots docs/img

.PHONY: airflow-db
airflow-db: install
	@h="$(AIRFLOW_HOME)"; [ -f "$$h/airflow.db" ] && [ ! -e "$$h/database-half-made" ] || { mkdir -p "$$h" "$(LOCAL)/logs" && rm -f "$$h"/airflow.db* && touch "$$h/database-half-made" && airflow db migrate >"$(LOCAL)/logs/airflow-db.log" 2>&1 && rm "$$h/database-half-made" || { cat "$(LOCAL)/logs/airflow-db.log" >&2; exit 1; }; }

generate-orders: install kept-contract ## Mock orders from the terminal: make generate-orders ARGS="--inserts 500"
	@$(PY) include/scripts/dynamodb_mock_data_gen.py $(ARGS)

.PHONY: invoices
invoices: install ## Mock invoices of examples/invoices, whose README says how: make invoices ARGS="--invoices 200 --odd 5"
	@$(PY) examples/invoices/write_invoices.py $(ARGS)

.PHONY: cost
cost: install ## Dollars on AWS, or the limit met first: make cost ARGS="--changes 1000000 --days 30"
	@$(PY) include/scripts/cost.py $(ARGS)

.PHONY: status
status: export AIRFLOW__LOGGING__LOGGING_LEVEL ?= ERROR
status: install kept-contract ## Whether the tables can be trusted, since when, why, and what to do; reads only
	@$(PY) include/scripts/status.py

.PHONY: preflight
preflight: install kept-contract ## What stands in setup's way, what it would do, what that costs; reads only, ends in go or no-go
	@$(PY) include/scripts/preflight.py $(ARGS)

.PHONY: contract
contract: install ## Check the contract's file; or propose one: make contract TABLE=their-table SAMPLE=1000 [OUT=file]
	@$(PY) include/scripts/contract.py $(if $(TABLE),--table '$(TABLE)' --sample '$(or $(SAMPLE),1000)') $(if $(ENTITY),--entity '$(ENTITY)') $(if $(OUT),--out '$(OUT)') $(ARGS)

# What reads the contract stops here, with the line and the remedy alone, where the file declares none.
.PHONY: kept-contract
kept-contract: install
	@$(PY) include/scripts/contract.py --quiet

.PHONY: trino verify-sql
trino: install ## A real Trino on the local cloud's tables, fetched once; needs a JDK 24 or newer. make down ends it
	@$(PY) tools/trino_server.py start

verify-sql: install kept-contract ## Every statement that the project ships, run by the local Athena and by that Trino: equal answers
	@$(PY) -m tools.verify_sql

ui: install kept-contract ## Airflow's UI and the local cloud; Ctrl-C ends both
	@$(PY) include/scripts/ui.py

bench: export PYTHONPATH := $(PYTHONPATH):$(CURDIR)/include/lambda:$(CURDIR)/include/glue
bench: install-dev ## Speed as ratios, side by side in one run, into benchmarks/RESULTS.md
	@$(PY) -m benchmarks.run $(ARGS)

policies: install kept-contract ## What Airflow's principals need on AWS, as IAM documents: make policies ACCOUNT=123456789012
	@$(PY) include/scripts/policies.py $(ACCOUNT)

.PHONY: cloudformation
cloudformation: install kept-contract ## A CloudFormation template of all that setup makes: make cloudformation ACCOUNT=123456789012
	@$(PY) include/scripts/cloudformation.py $(ACCOUNT)

.PHONY: dashboard
dashboard: install kept-contract ## A CloudWatch dashboard of the alarms and their metrics, as JSON: make dashboard ACCOUNT=123456789012
	@$(PY) include/scripts/dashboard.py $(ACCOUNT)

bundle: ## dags/, plugins.zip and requirements.txt for an Airflow elsewhere (Amazon MWAA, say)
	@$(PYTHON) include/scripts/bundle.py

env: ## The secrets of docker-compose.yaml, drawn into .env; then: docker compose up --build
	@$(PYTHON) include/scripts/compose_env.py

down: ## Stop everything this checkout started
	@[ ! -x $(PY) ] || $(PY) include/scripts/ui.py stop
	@[ ! -x $(PY) ] || $(PY) tools/trino_server.py stop
	@[ ! -x $(PY) ] || $(PY) -m local_cloud stop

clean: down ## Also delete what runs made (.local/)
	@rm -rf "$(LOCAL)"

lock: | $(VENV)/bin/uv ## Resolve requirements/*.in anew into hashed lock files
	@cd requirements && for name in dev compose local runtime; do \
	  constraint=$$([ $$name = dev ] || echo "--constraint dev.txt"); \
	  ../$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url $$constraint $$name.in --output-file $$name.txt; done
