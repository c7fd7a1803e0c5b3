# `make` alone lists what there is. Everything runs in .venv, which the first call makes.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON_ENV := .venv/.complete
RUN := .venv/bin
# Three on two processors: the tests wait a third of their time, for Terraform, browsers and servers.
PYTEST := $(RUN)/pytest --numprocesses 3 --dist loadgroup --ignore tests/e2e --ignore tests/trials --ignore tests/upgrade
export TF_CLI_CONFIG_FILE := $(CURDIR)/.cache/terraform/terraform.rc
export PATH := $(CURDIR)/.cache/tools/bin:$(PATH)

.PHONY: help
help: ## List the commands
	@awk 'BEGIN { FS = ":.*## " } /^##@ / { printf "%s%s\n", gap, substr($$0, 5); gap = "\n" } \
	  /^[a-z0-9-]+:.*## / { if (gap) printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(PYTHON_ENV): uv.lock tests/console/package-lock.json sandbox/setup.sh
	@sandbox/setup.sh

$(TF_CLI_CONFIG_FILE): sandbox/terraform_mirror.py | $(PYTHON_ENV)
	@$(RUN)/python -m sandbox.terraform_mirror $(@D) >/dev/null

BENCH := PYTHONPATH=lambda:. $(RUN)/python -W ignore -m bench
READY := $(PYTHON_ENV) $(TF_CLI_CONFIG_FILE)

##@ Use it

.PHONY: demo
demo: $(READY) ## One POST becomes a database, before your eyes (STORY=life, burst: twelve at once, review: approval, drift, a lost job, cluster: one that sleeps)
	@$(RUN)/python -m sandbox demo $(if $(STORY),--story $(STORY))

.PHONY: sandbox
sandbox: $(READY) ## Start the whole system in the background; .sandbox/env says where
	@$(RUN)/python -m sandbox start

.PHONY: sandbox-approve
sandbox-approve: $(READY) ## Approve a pull request as a code owner, for the provisioner to merge: PR=n
	@$(RUN)/python -m sandbox approve $(or $(PR),$(error say which pull request: make sandbox-approve PR=n))

.PHONY: sandbox-fail
sandbox-fail: $(READY) ## Let the next apply fail once with AWS's words: AWS=capacity or AWS=parameter
	@$(RUN)/python -m sandbox fail $(or $(AWS),$(error say how: make sandbox-fail AWS=capacity, or AWS=parameter))

.PHONY: sandbox-stop
sandbox-stop: $(READY) ## Stop it and everything it started
	@$(RUN)/python -m sandbox stop

.PHONY: screenshots
screenshots: $(READY) ## Take the pictures of docs/console, from the real handlers
	@PYTHONPATH=lambda:. $(RUN)/python -W ignore -m tests.console.screenshots

##@ Work on it

.PHONY: setup
setup: ## Install everything into .venv; say what the machine lacks
	@sandbox/setup.sh
	@$(MAKE) --no-print-directory $(TF_CLI_CONFIG_FILE)

.PHONY: browser
browser: $(READY) ## Install the browser that the console's tests drive, with what it needs from Debian
	@$(RUN)/playwright install --with-deps chromium

.PHONY: fmt
fmt: $(READY) ## Format Python and Terraform
	@$(RUN)/ruff format --quiet .
	@$(RUN)/ruff check --quiet --fix-only .
	@terraform fmt -recursive terraform

.PHONY: clean
clean: ## Remove everything that can be made again
	@if [ -x $(RUN)/python ]; then $(RUN)/python -m sandbox stop; fi
	@rm -rf .venv .cache .sandbox .aws-sam sam/.aws-sam .mypy_cache .pytest_cache .ruff_cache .hypothesis

##@ Check it

.PHONY: lint
lint: $(READY) ## Formatting, lint and types
	@$(RUN)/ruff format --check --quiet . || { echo "run: make fmt"; exit 1; }
	@$(RUN)/ruff check --quiet .
	@terraform fmt -check -recursive terraform || { echo "run: make fmt"; exit 1; }
	@$(RUN)/mypy
	@$(RUN)/mypy tests bench

.PHONY: test
test: $(READY) ## All tests, the end-to-end ones included
	@$(PYTEST)
	@$(MAKE) --no-print-directory test-e2e

.PHONY: test-e2e
test-e2e: $(READY) ## The end-to-end tests alone, on a sandbox that they start and stop
	@$(RUN)/pytest tests/e2e

.PHONY: check
check: lint test ## What CI runs

.PHONY: check-all
check-all: lint coverage test-e2e hostile histories trials upgrade stories bench cold-starts ## What CI runs (coverage runs the tests), and what takes longer

.PHONY: trials
trials: $(READY) ## Terraform, the provider and the module on many databases at once, those of earlier modules too; the guides' commands; every command of rdsctl
	@$(RUN)/pytest tests/trials

.PHONY: upgrade
upgrade: $(READY) ## Upgrade a sandbox of an earlier release while it runs
	@$(RUN)/pytest -rs tests/upgrade

.PHONY: coverage
coverage: $(READY) ## Branch coverage of each package next to what it was; fails where it is lower
	@THOROUGH=1 COVERAGE_FILE=.cache/coverage.data $(PYTEST) --cov=lambda/provisioner --cov=pipeline --cov=ops --cov=sandbox --cov-branch \
	  --cov-report= --cov-report=json:.cache/coverage.json
	@$(RUN)/python -m bench.branch_coverage .cache/coverage.json

.PHONY: hostile
hostile: $(READY) ## Each hostile pull request in every environment and on both engines
	@HOSTILE_EVERYWHERE=1 $(RUN)/pytest tests/pipeline/test_hostile.py

.PHONY: stories
stories: $(READY) ## The demo's stories, one after the other
	@$(RUN)/python -m sandbox demo
	@$(RUN)/python -m sandbox demo --story life
	@$(RUN)/python -m sandbox demo --story burst
	@$(RUN)/python -m sandbox demo --story review
	@$(RUN)/python -m sandbox demo --story cluster

.PHONY: mutants
mutants: $(READY) ## Whether the tests notice each small change of the rules; takes six minutes (MODULE=core.policy)
	@$(RUN)/python -m bench.mutants $(MODULE)

.PHONY: bench
bench: $(READY) ## Measure what is promised about speed and scale (PART="finding ledger"; AGAINST=commit: cold starts)
	@$(if $(AGAINST),$(RUN)/python bench/cold_start.py --against $(AGAINST),$(BENCH) $(PART))

.PHONY: bench-full
bench-full: $(READY) ## The same at its largest, half an hour; keeps the figures and the chart, to be committed
	@$(BENCH) --full
	@$(RUN)/python -m bench.chart $$(ls bench/results/*.json | tail -1) docs/performance.svg

.PHONY: cold-starts
cold-starts: $(READY) ## The functions' imports against an earlier commit; fails where one is slower
	@$(RUN)/python bench/cold_start.py

.PHONY: histories
histories: $(READY) ## 1,000 histories of merges, kills, pauses and clocks apart
	@PYTHONPATH=lambda:. $(RUN)/python -m tests.pipeline.play_histories 1000
