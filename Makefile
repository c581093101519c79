# Everything that one does here is a target; "make help" lists them. Each target first sets up what it needs, and only
# what is missing: a second run installs and builds nothing. Works with the make of macOS (3.81) as well.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL: # cargo uses all cores by itself, and one step at a time keeps the messages in order

# Programs that are missing are installed into the checkout, not into the system.
export PATH := $(CURDIR)/.tools/bin:$(HOME)/.cargo/bin:$(PATH)

WASM_PACK_VERSION := 0.15.1
WASM_TOOLS_VERSION := 1.263.0
# The command-line tool must be of exactly the version of the crate.
WASM_BINDGEN_VERSION := $(shell awk '/^name = "wasm-bindgen"$$/ { getline; gsub(/"/, ""); print $$3 }' Cargo.lock)

# Folders are listed too: theirs is the date that changes when a file goes.
RUST := Cargo.toml Cargo.lock $(shell find src)
WIT := $(shell find wit)
TYPESCRIPT := js/package.json js/tsconfig.json $(shell find js/src)
KERNEL := target/wasm-pack/core_bg.wasm
COMPONENT := target/component/statehall.component.wasm
EMPTY := target/component/empty.component.wasm
PACKAGE := js/dist/index.js

# npm writes this file into node_modules at the end of an installation.
INSTALLED := node_modules/.package-lock.json
JS_TOOLS := js/$(INSTALLED)
TEST_TOOLS := tests/$(INSTALLED)
PACKAGE_TOOLS := tests/package/$(INSTALLED)
DEMO_TOOLS := examples/agents/$(INSTALLED)
JCO_TOOLS := examples/jco/$(INSTALLED)
EDGE_TOOLS := examples/edge/$(INSTALLED)
BENCH_TOOLS := tests/bench/$(INSTALLED)

# No test may hang: ten minutes are far more than any file needs. One file at a time, since browsers use several cores.
NODE_TEST := node --test --test-reporter=spec --test-concurrency=1 --test-timeout=600000

# The quickest first.
TESTS := test-rust test-crate test-js test-docs test-component test-hosts test-threads test-package test-edge test-browser test-demo test-counts

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# For people ----------------------------------------------------------------------------------------------------------

# A browser is opened where there is one to open: on macOS or with a display, but not in CI.
ifndef CI
OPEN := $(shell if [ "$$(uname)" = Darwin ] || [ -n "$${DISPLAY:-}$${WAYLAND_DISPLAY:-}" ]; then echo --open; fi)
endif

.PHONY: demo
demo: $(PACKAGE) $(DEMO_TOOLS) ## Serve the demo on localhost and open it in a browser; Ctrl-C stops it
	@cd examples/agents && node_modules/.bin/vite --host localhost $(OPEN)

.PHONY: test
test: rust node $(TESTS) ## Run all tests

.PHONY: bench
bench: rust $(PACKAGE) $(COMPONENT) $(EMPTY) $(TEST_TOOLS) $(BENCH_TOOLS) browser ## Measure, print tables and write them into the README; ONLY=text measures some
	node tests/bench/js/bench.mjs "$(ONLY)"

.PHONY: soak
soak: $(PACKAGE) $(TEST_TOOLS) browser ## Let workers join, leave, write and die for MINUTES=10, in threads and in tabs
	node tests/soak/main.mjs $(or $(MINUTES),10) $(SEED)

.PHONY: fuzz
fuzz: rust node ## Fuzz what reads bytes for MINUTES=30 a target, or only TARGET=one; skipped without Rust nightly
	@node tests/fuzz/fuzz.mjs $(or $(MINUTES),30) $(TARGET)

.PHONY: oracle
oracle: rust ## Compare SCRIPTS=5000 random machines with Erlang's gen_statem; skipped without Erlang
	@if ! command -v erl > /dev/null; then echo "oracle: skipped, there is no Erlang (Debian: erlang-base)"; exit 0; fi; \
	mkdir -p target/oracle; \
	STATEHALL_ORACLE=$(CURDIR)/target/oracle STATEHALL_SCRIPTS=$(or $(SCRIPTS),5000) \
	  cargo test --quiet --test machine -- --ignored random_scripts; \
	cd target/oracle; erlc ../../tests/machine/oracle/oracle.erl; \
	erl -noshell -eval 'oracle:run("scripts", "erlang"), halt().'; \
	diff statehall erlang > differences || { head -40 differences; echo "oracle: they differ"; exit 1; }; \
	echo "oracle: $$(grep -c == statehall) scripts, no difference"

.PHONY: check
check: rust $(PACKAGE) $(DEMO_TOOLS) $(EDGE_TOOLS) ## Check format, lints and types
	@cargo fmt --check --all && js/node_modules/.bin/biome check --error-on-warnings \
	  || $(call stop,Mend what is listed above; "make format" does most of it.)
	cargo clippy --all-targets --all-features --quiet -- --deny warnings
	cargo clippy --workspace --exclude statehall --all-targets --profile host --quiet -- --deny warnings
	cd examples/agents && node_modules/.bin/tsc --noEmit
	cd examples/edge && node_modules/.bin/tsc --noEmit

.PHONY: format
format: rust $(JS_TOOLS) ## Format everything, and mend the lints that a program can mend
	cargo fmt --all
	js/node_modules/.bin/biome check --write

.PHONY: build
build: $(PACKAGE) ## Build the npm package, which holds the component too, into js/dist

.PHONY: component
component: $(COMPONENT) ## Build only the component, into target/component/statehall.component.wasm

.PHONY: clean
clean: ## Remove what was built; installed tools and npm packages stay
	rm -rf target js/dist examples/agents/dist examples/edge/dist examples/jco/dist tests/output

# The tests ------------------------------------------------------------------------------------------------------------

.PHONY: $(TESTS)
test-rust: rust
	cargo test
	cargo test --test ablations -- --ignored

# Without the oldest Rust that Cargo.toml names, the test that needs it says how to get it.
test-crate: rust
	cargo test --test crate -- --ignored --nocapture --test-threads=1

# In wasmtime, which takes some minutes to compile the first time; both packages at once, so that it is compiled once.
test-component: $(COMPONENT) $(PACKAGE)
	cargo build --profile host --package statehall-component-tests --package statehall-example-wasmtime-host
	cargo test --profile host --package statehall-component-tests

# How many instructions the kernel's hot operations take; skipped without valgrind or with another compiler.
test-counts: rust
	cargo build --release --package statehall-bench --bin counted --bin counts --target-dir target/counts
	target/counts/release/counts

test-js: $(PACKAGE)
	$(NODE_TEST) js/test/*.test.js js/test/*/*.test.js

test-docs: $(PACKAGE)
	$(NODE_TEST) tests/docs/*.test.js

test-hosts: $(COMPONENT) $(JCO_TOOLS) python
	$(NODE_TEST) tests/hosts/*.test.js

test-threads: $(PACKAGE)
	$(NODE_TEST) tests/threads/*.test.js

test-package: $(PACKAGE) $(TEST_TOOLS) $(PACKAGE_TOOLS) browser
	$(NODE_TEST) tests/package/*.test.js

test-browser: $(PACKAGE) $(TEST_TOOLS) browser
	$(NODE_TEST) tests/browser/*.test.js

test-demo: $(PACKAGE) $(TEST_TOOLS) $(DEMO_TOOLS) browser
	$(NODE_TEST) examples/agents/test/*.test.js

test-edge: $(PACKAGE) $(EDGE_TOOLS)
	$(NODE_TEST) examples/edge/test/*.test.js

# The build ------------------------------------------------------------------------------------------------------------

$(KERNEL): $(RUST) js/build.mjs $(JS_TOOLS) | wasm-pack
	@node js/build.mjs kernel
	@touch $@

$(COMPONENT): $(RUST) $(WIT) js/build.mjs $(JS_TOOLS) | wasm-tools
	@node js/build.mjs component
	@touch $@

$(EMPTY): Cargo.toml Cargo.lock $(shell find tests/bench/empty) js/build.mjs $(JS_TOOLS) | wasm-tools
	@node js/build.mjs empty
	@touch $@

$(PACKAGE): $(KERNEL) $(COMPONENT) $(TYPESCRIPT)
	@node js/build.mjs package

# What is needed -------------------------------------------------------------------------------------------------------

# $(call stop,what is wrong and what to do about it)
stop = { echo '$(1) Then run make again.' >&2; exit 1; }

.PHONY: rust
rust:
	@command -v cargo >/dev/null || $(call stop,Rust is missing: install it from https://rustup.rs.)

.PHONY: node
node:
	@node -e 'const [a, b] = process.versions.node.split("."); process.exitCode = a * 100 + +b < 2019 ? 1 : 0' \
	  || $(call stop,Node 20.19 or newer is missing: install it from https://nodejs.org.)

# $(call install,program,crate,version,flags): compiles a program into .tools, unless this very version is on the PATH.
# A registry may hold back the newest crates, among them some that the program's own lockfile names: then without it.
define install
@[ "$$($(1) --version 2>/dev/null | cut -d' ' -f1,2)" = "$(1) $(3)" ] || { \
  echo 'Compiling $(2) $(3) into .tools; this happens once and takes some minutes.'; \
  cargo install $(2) --version '=$(3)' --root .tools --quiet $(4) --locked \
    || cargo install $(2) --version '=$(3)' --root .tools --quiet $(4) \
    || $(call stop,Could not install $(2) $(3): see above. Mend that, or put the program on the PATH.); }
endef

.PHONY: wasm-target wasm-pack wasm-tools
wasm-target: rust
	@[ -d "$$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown" ] || { \
	  echo 'Adding the Rust target wasm32-unknown-unknown.'; \
	  rustup target add wasm32-unknown-unknown \
	    || $(call stop,Could not add the target: install it the way your Rust was installed.); }

wasm-pack: wasm-target
	$(call install,wasm-bindgen,wasm-bindgen-cli,$(WASM_BINDGEN_VERSION))
	$(call install,wasm-pack,wasm-pack,$(WASM_PACK_VERSION))

comma := ,
wasm-tools: wasm-target
	$(call install,wasm-tools,wasm-tools,$(WASM_TOOLS_VERSION),--no-default-features --features component$(comma)strip)

%/$(INSTALLED): %/package-lock.json | node
	@echo 'Installing the npm packages of $*.'
	@cd $* && npm ci --no-audit --no-fund --loglevel=error \
	  || $(call stop,npm ci failed in $*: see above; it needs the network.)
	@touch $@

# Where one command does it (as root on a Debian-like system) the browser is installed. Else a line says what to do.
.PHONY: browser
browser: node
	@node tests/browser/chromium.mjs >/dev/null 2>&1 || [ -n "$${CHROME_PATH:-}" ] || [ "$$(id -u)" != 0 ] \
	  || ! command -v apt-get >/dev/null || { \
	  echo 'Installing chromium with apt-get.'; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes chromium >/dev/null; }
	@node tests/browser/chromium.mjs >/dev/null

# Nothing but one test and one row of the bench needs Python: where it or the network is missing a line says so, and
# that test or row is skipped. (The row sets up its own packages.) Erlang is the same for another row.
.PHONY: python
python: node
	@node tests/hosts/python.mjs
