# What a person does with this project. `make help` lists it. Set-up happens by itself, from the lock files alone.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PORT ?= 8000
# The first interpreter on the path that is new enough; PYTHON=... overrides.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
  $$p -c 'import sys; sys.exit(not (3,11) <= sys.version_info < (3,15))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help
help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /  make \1\t/' | expand -t 22

# ---- set-up ---------------------------------------------------------------------------------------

.PHONY: setup
setup: $(VENV)/project node_modules/ready ## install everything that is locked (run and test do it by themselves)

$(VENV)/ready: requirements.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 to 3.14 is needed; none was found (PYTHON=/path/to/python3 names one)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: -r requirements.txt
	@touch $@

# Apart from the packages: another function or command in pyproject.toml needs it again, and it takes two seconds.
$(VENV)/project: $(VENV)/ready pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

node_modules/ready: package.json package-lock.json
	npm ci --silent --no-audit --no-fund
	@touch $@

WEB_SOURCES := $(shell find infra/web docs/api.md docs/samples infra/openapi.yaml models/portrait-depth.json -type f 2>/dev/null)

.PHONY: web
web: build/web/index.html ## build the pages into build/web

build/web/index.html: node_modules/ready $(WEB_SOURCES)
	node infra/web/build.mjs

.PHONY: lock
lock: ## resolve the dependency groups of pyproject.toml into the hashed lock files (needs uv)
	@for pair in dev:requirements.txt image:infra/image/requirements.txt layer:layers/portrait/requirements.txt \
	  training:training/requirements.txt; do \
	  uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
	    $$( [ $${pair%%:*} = dev ] || echo --constraint requirements.txt ) \
	    --group $${pair%%:*} pyproject.toml --output-file $${pair##*:} || exit 1; done

# ---- use ------------------------------------------------------------------------------------------

.PHONY: run
run: setup web ## serve pages and API on 127.0.0.1:$(PORT), with keys, credits and ledger kept under .local/
	@PORT=$(PORT) exec $(BIN)/python -m infra.local

.PHONY: key
key: setup ## make a key for the demo account of a running `make run` (ACCOUNT=name for another)
	@$(BIN)/portrait-depth-admin create-key $(or $(ACCOUNT),demo)

# ---- tests and checks -----------------------------------------------------------------------------

.PHONY: test
test: setup web check ## all checks, and all tests but those of make e2e
	$(BIN)/python -m pytest -m 'not outside'

# Debian's packages, and a program of each.
E2E_PACKAGES := chromium php-cli php-curl golang-go kotlin default-jdk-headless mono-mcs mono-runtime libmono-system-net-http4.0-cil
E2E_PROGRAMS := chromium php go kotlinc java mcs mono

.PHONY: e2e-programs
e2e-programs:
	@for program in $(E2E_PROGRAMS); do command -v $$program > /dev/null && continue; \
	  echo "make e2e needs $$program, which is not here: apt-get install $(E2E_PACKAGES)"; exit 1; done

.PHONY: e2e
e2e: e2e-programs setup web ## the site in a real browser, and every sample of the docs: needs programs of the system, and names them
	$(BIN)/python -m pytest -m outside tests/e2e
	$(BIN)/python -m tests.e2e.weight

.PHONY: check
check: setup ## lint, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

.PHONY: bench
bench: setup ## speed, memory and size beside the bare limit, in one table and build/bench.json
	$(BIN)/python -m tests.bench

.PHONY: model
model: setup ## another network for depth: NAME=david-base or depth-anything-v2-small (needs the internet)
	$(BIN)/python -m training.convert.foreign $(NAME)

.PHONY: eval
eval: setup ## how good the depth is, with baselines beside it (FRAMES=file: other frames; FLOAT=file: more weights of ours; MANIFEST=file: others' network)
	$(BIN)/python -m training.evaluate $(if $(FRAMES),--frames $(FRAMES)) $(if $(FLOAT),--network $(FLOAT)) $(if $(MANIFEST),--manifest $(MANIFEST))

# Its pose network is a judge of photographs, and no part of what is served.
MEDIAPIPE := build/wheels/mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl

build/pose.onnx: training/convert/pose.py | $(VENV)/ready
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --python-version 3.11 \
	  --platform manylinux_2_28_x86_64 --dest $(dir $(MEDIAPIPE)) mediapipe==0.10.21
	$(BIN)/python -m training.convert.pose $(MEDIAPIPE) --out $@

.PHONY: eval-photos
eval-photos: setup build/pose.onnx ## the same on PHOTOS=folder of yours (NOBODY=folder without people, SHEET=file.png to look at)
	@test -n "$(PHOTOS)" || { echo "PHOTOS=folder names a folder of photographs of people"; exit 1; }
	$(BIN)/python -m training.evaluation.photos "$(PHOTOS)" $(if $(NOBODY),--nobody "$(NOBODY)") $(if $(SHEET),--sheet "$(SHEET)")

# ---- training: an environment of its own; docs/training says what each folder holds -------------------

TRAINING := build/training
ASSETS ?= build/assets
PANORAMAS ?= $(ASSETS)/panoramas
AVATARS ?= build/avatars
SHARDS ?= build/shards
SCENES ?= build/scenes
TAUGHT ?= build/taught
NEGATIVES ?= build/photographs/nobody
COUNT ?= 9500
SECONDS ?= 5700

$(TRAINING)/ready: training/requirements.txt
	$(PYTHON) -m venv $(TRAINING)
	$(TRAINING)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: -r $<
	@touch $@

.PHONY: frames
frames: $(TRAINING)/ready ## render COUNT frames of people to learn from into SHARDS, and pictures without people into SCENES
	$(TRAINING)/bin/python -m training.data.panoramas $(PANORAMAS) --out $(SCENES)
	$(TRAINING)/bin/python -m training.render --assets $(ASSETS) --panoramas $(PANORAMAS) --avatars $(AVATARS) --scenes $(SCENES) --out $(SHARDS) \
	  --frames $(COUNT)

.PHONY: taught
taught: setup ## the same of people in PHOTOS into TAUGHT, as TEACHER (a folder of manifests) sees them; look at build/taught.png
	@test -n "$(PHOTOS)" || { echo "PHOTOS=folder names a folder of photographs of people"; exit 1; }
	$(BIN)/python -m training.data.photographs "$(PHOTOS)" --models $(or $(TEACHER),models) --out $(TAUGHT) --sheet build/taught.png

# A step's buffers go back to the allocator, not to the system: asking again cost a quarter of a step.
KEEP_MEMORY := MALLOC_MMAP_THRESHOLD_=8589934592 MALLOC_TRIM_THRESHOLD_=17179869184 MALLOC_TOP_PAD_=268435456

.PHONY: train
train: $(TRAINING)/ready ## tune what is served on SHARDS, SCENES, TAUGHT and NEGATIVES for SECONDS; goes on where it was stopped
	$(KEEP_MEMORY) OMP_NUM_THREADS=1 $(TRAINING)/bin/torchrun --nproc-per-node 2 -m training.train --weights models/portrait-depth.onnx \
	  --shards $(SHARDS) --scenes $(SCENES) $(if $(wildcard $(TAUGHT)),--photographs $(TAUGHT)) $(if $(wildcard $(NEGATIVES)),--nobody $(NEGATIVES)) --seconds $(SECONDS)

.PHONY: export
export: $(TRAINING)/ready ## store what was trained small, in the place of what is served
	$(TRAINING)/bin/python -m training.convert.shrink build/trained.onnx models/portrait-depth.onnx

.PHONY: test-training
test-training: $(TRAINING)/ready ## the tests that make test skips: what needs torch or moderngl
	OMP_NUM_THREADS=1 $(TRAINING)/bin/python -m pytest --noconftest $$(grep -l importorskip tests/unit/test_training_*.py)

.PHONY: clean
clean: ## forget what was built (.local/, with keys and credits, stays)
	rm -rf $(VENV) node_modules build .pytest_cache .mypy_cache .ruff_cache
