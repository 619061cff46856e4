# Baton's commands. `make` alone lists them.
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
PYTEST := $(PYTHON) -m pytest

# One stamp for what running needs, one for what testing needs besides.
INSTALLED := .venv/.installed
INSTALLED_DEV := .venv/.installed-dev

$(INSTALLED): requirements.txt .python-version scripts/setup.sh
	@sh scripts/setup.sh requirements.txt
	@touch $@

$(INSTALLED_DEV): $(INSTALLED) requirements-dev.txt
	@sh scripts/setup.sh requirements.txt requirements-dev.txt
	@touch $@

.PHONY: help
help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: $(INSTALLED) ## start everything: the phone, the bot, the desk (Ctrl-C stops it)
	@exec $(PYTHON) -m handoff.launch

.PHONY: train
train: $(INSTALLED) ## train the model, if the training data changed
	@$(PYTHON) -m handoff.training

.PHONY: test
test: $(INSTALLED_DEV) ## everything that must hold: unit, integration, browser, rasa test
	@$(PYTHON) -m handoff.training
	@$(PYTEST) -m "not long"

.PHONY: test-long
test-long: $(INSTALLED_DEV) ## the same, and what takes longer (a million interleavings)
	@$(PYTHON) -m handoff.training
	@BATON_TEST_LONG=1 $(PYTEST)

.PHONY: chaos
chaos: $(INSTALLED_DEV) ## only the fault tests: processes killed, databases stopped, webhooks shuffled
	@$(PYTHON) -m handoff.training
	@$(PYTEST) -m chaos

.PHONY: fuzz
fuzz: $(INSTALLED_DEV) ## ten minutes of spoiled webhooks on each database (FUZZ_SECONDS, FUZZ_SEED)
	@$(PYTHON) -m handoff.training
	@$(PYTEST) -s -m long tests/integration/test_webhook_fuzz.py

.PHONY: bench
bench: $(INSTALLED_DEV) ## measure Baton beside an ordinary inline connector
	@$(PYTHON) -m handoff.training
	@$(PYTHON) -m benchmarks.run

# `make evaluate BASELINE=update` makes today's figures the ones that CI compares with.
FOLDS := 3
REPORTS = $${BATON_VAR:-var}/reports
TRAINED = $$($(PYTHON) -m handoff.training | sed -n 's/^Model: //p')

.PHONY: evaluate
evaluate: $(INSTALLED_DEV) ## how good the bot is: data checks, cross-validation, test stories, dialogues; writes a report
	@$(PYTHON) -m handoff.training
	@$(PYTHON) -m handoff.rasa_command data validate --fail-on-warnings
	@rm -rf "$(REPORTS)/cross-validation"
	@$(PYTHON) -m handoff.rasa_command test nlu --nlu data/nlu --cross-validation --folds $(FOLDS) --successes --no-plot \
		--out "$(REPORTS)/cross-validation"
	@$(PYTHON) -m handoff.rasa_command test core --e2e --stories tests/stories --fail-on-prediction-errors --no-plot \
		--model "$(TRAINED)" --out "$(REPORTS)/stories"
	@$(PYTHON) -m handoff evaluate --crossvalidation "$(REPORTS)/cross-validation" $(if $(filter update,$(BASELINE)),--update-baseline)

# What `make run` started is asked. `make audit AUDIT="--ways 2"` asks a part of it.
.PHONY: audit
audit: $(INSTALLED) ## does asking for a person lead to one, from everywhere? (plays it against what `make run` started)
	@token=$$($(PYTHON) -m handoff token create --agent audit | tail -n 1) && \
		AUDIT_DESK_TOKEN=$${token##* } $(PYTHON) -m handoff audit --desk "$${DESK_URL:-http://127.0.0.1:$${DESK_PORT:-5080}}" $(AUDIT)

.PHONY: compare-pipelines
compare-pipelines: $(INSTALLED_DEV) ## measure pipelines beside each other (two hours, most of them DIET); writes docs/decisions/0014-pipeline.md
	@$(PYTHON) -m handoff.evaluation.compare

.PHONY: lint
lint: $(INSTALLED_DEV) ## ruff and mypy
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy

.PHONY: clean
clean: ## remove what was built: the environment, the models, caches; conversations in var/ stay
	rm -rf .venv models .rasa .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
