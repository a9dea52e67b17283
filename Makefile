# All the commands there are; CI calls the same ones. Each works alone, first, on a fresh clone.
.DEFAULT_GOAL := help
.PHONY: help setup check test coverage platform demo lab stop lock
# Tests run in as many processes, a file of them in one; 0 is this process alone.
WORKERS ?= 2
PYTEST = -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

help: ## say what there is
	@sed -n 's/^\([a-z]*\):[^#]*## /  make \1	/p' Makefile | expand -t 17

setup: ## make .venv as requirements.lock says
	@sh tools/setup.sh

check: setup ## format, lint, types, arrows, lock, docs, wheel, extras; `make check ONLY="lint types"` for some
	@.venv/bin/python -m tools.check $(ONLY)

test: setup ## all tests; `make test ARGS="-k worker"` for some
	@.venv/bin/python $(PYTEST)

coverage: setup ## the same, with the branch coverage of every process that they start: it takes twice as long
	@.venv/bin/coverage erase
	@.venv/bin/coverage run $(PYTEST); passed=$$?; \
	 .venv/bin/coverage combine --quiet; .venv/bin/coverage report; exit $$passed

platform: setup ## the images, and the tests of the whole platform on the Kubernetes of KUBECONFIG, with HELM
	@.venv/bin/python -m tools.images
	@.venv/bin/python -m pytest tests/cluster $(ARGS)

demo: setup ## a notebook becomes a tracked run, its model a live endpoint
	@.venv/bin/python notebooks/examples/churn/demo.py

lab: setup ## JupyterLab with the churn example open; `make lab PLACE=folder` for another place
	@.venv/bin/gristmill lab $(or $(PLACE),notebooks/examples/churn/train.ipynb)

stop: setup ## stop what the demo left running
	@.venv/bin/gristmill server stop --all

lock: setup ## resolve requirements.lock anew; `make lock ARGS=--upgrade` for newer versions
	@.venv/bin/python -m tools.lock $(ARGS)
