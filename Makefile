# Front door: the names people know from Milvus, over CMake presets. `make help` lists them.
.DEFAULT_GOAL := all
.PHONY: all help deps elanus run unittest test bench format asan tsan fuzz crash nosync clean

BUILD := build/release
JOBS ?= $(shell nproc)
N ?= 20
T ?= 60
PYTHON := .venv/bin/python
CLANG_FORMAT ?= clang-format-19

# $(call build,PRESET,TARGETS)
define build
	@cmake --preset $(1) >/dev/null
	@cmake --build build/$(1) -j $(JOBS) --target $(2)
endef

all: ## build everything: the server, its tests, the benchmarks
	@scripts/install_deps.sh build
	$(call build,release,all)

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

deps: ## install what building and testing need
	@scripts/install_deps.sh

elanus: ## build the binary: build/release/elanus
	@scripts/install_deps.sh build
	$(call build,release,elanus)

run: elanus ## start the server on port 19530 with its data in ./data
	$(BUILD)/elanus run standalone --data data

unittest: ## build and run the unit tests only
	@scripts/install_deps.sh build
	$(call build,release,all)
	@python3 scripts/run_tests.py --build $(BUILD) unit

test: deps ## install what is missing, build, run every test
	$(call build,release,all)
	@$(PYTHON) scripts/run_tests.py --build $(BUILD)

bench: elanus ## measure the figures of the README with the load generator in the binary
	$(BUILD)/elanus bench --start-server

format: ## format every source file
	@git ls-files '*.h' '*.cc' | xargs $(CLANG_FORMAT) -i

asan: deps ## unit and end-to-end tests under address and undefined-behaviour sanitizers
	$(call build,asan,all)
	@$(PYTHON) scripts/run_tests.py --build build/asan unit e2e

tsan: deps ## unit and end-to-end tests under the thread sanitizer
	$(call build,tsan,all)
	@$(PYTHON) scripts/run_tests.py --build build/tsan unit e2e

fuzz: ## run every fuzzer of tests/fuzz for T CPU seconds (clang; scripts/install_deps.sh dev)
	@scripts/install_deps.sh dev
	$(call build,fuzz,fuzzers)
	@python3 scripts/run_fuzzers.py --build build/fuzz --seconds $(T)

crash: deps elanus ## kill -9 the server N times under load and check every acknowledged write
	@$(PYTHON) tests/crash/crash_test.py --binary $(BUILD)/elanus --cycles $(N)

nosync: deps ## proof that the power-cut tests look: without fdatasync they must fail
	$(call build,nosync,wal_test catalog_test object_test streaming_test)
	@for test in wal catalog object streaming; do \
	  if build/nosync/src/$$test/$${test}_test --gtest_filter='*NothingAcknowledged*:*EveryTransaction*:*EveryObjectIsWhole*:*NoAcknowledgedWrite*' >/dev/null 2>&1; \
	  then echo "$$test: passed without syncs, so it proves nothing"; exit 1; \
	  else echo "$$test: fails without syncs, as it must"; fi; done

clean: ## remove what was built
	rm -rf build
