# The commands of a developer. Plain `make` lists them.

dev := deploy/dev
bench := deploy/bench
dashboard := frontend
with_postgres := node $(dev)/with-postgres.mjs

# What the dashboard's tools are installed from; they are fetched again when it changes.
dashboard_tools := $(dashboard)/node_modules/.package-lock.json

.PHONY: help tools deps dashboard build up down demo bench claims test chaos load check fmt clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' Makefile

tools:
	@$(dev)/require-tools.sh

deps: tools ## Fetch what the lock files pin: libduckdb, DuckDB extensions, PostgreSQL, flights data
	@node $(dev)/fetch.mjs

$(dashboard_tools): $(dashboard)/package-lock.json $(dashboard)/package.json
	cd $(dashboard) && npm ci --no-audit --no-fund
	@touch $@

dashboard: tools $(dashboard_tools)
	cd $(dashboard) && npm run build

build: deps dashboard ## Build the dashboard and the release binaries
	cargo build --workspace --bins --release --locked

up: build ## Start the local stack at http://127.0.0.1:8080 (BACKFILL_PORT, BACKFILL_HOME)
	@node $(dev)/stack.mjs up

down: ## Stop the local stack; its data stays
	@node $(dev)/stack.mjs down

demo: build ## Copy 3 million flights to PostgreSQL, DuckDB and Parquet, and prove it
	@node $(dev)/demo.mjs

bench: build ## Measure Backfill beside its peers and write docs/benchmarks.md (BENCH_SCALE, BENCH_ONLY, …)
	@node $(bench)/bench.mjs

claims: deps ## Measure how many claims a second the queue stands, from one daemon to 200
	@$(with_postgres) cargo bench --workspace --locked --features backfill-compute/bench --bench claims

test: deps dashboard ## Run every test, against a throwaway PostgreSQL and in a real browser
	@$(dev)/require-tools.sh chromium
	cargo build --workspace --bins --locked
	$(with_postgres) cargo test --workspace --locked
	cd $(dev) && node --test --test-timeout=60000
	cd $(bench) && node --test --test-timeout=300000
	cd $(dashboard) && npm test
	cd $(dashboard) && BACKFILL_PROFILE=debug npm run e2e

chaos: deps ## Let everything fail while jobs run, BACKFILL_CHAOS_FAULTS times, and count what is lost
	cargo build --workspace --bins --locked
	BACKFILL_CHAOS_FAULTS=$${BACKFILL_CHAOS_FAULTS:-200} $(with_postgres) cargo test --locked -p backfill-e2e --test e2e -- chaos:: --nocapture

load: deps ## Two hundred clients for a minute, and a thousand jobs
	cargo build --workspace --bins --locked
	BACKFILL_LOAD_CLIENTS=200 BACKFILL_LOAD_SECONDS=60 BACKFILL_LOAD_JOBS=1000 \
	  $(with_postgres) cargo test --locked -p backfill-e2e --test e2e -- load:: --nocapture

check: deps $(dashboard_tools) ## Formatting, clippy with warnings denied, syntax of the scripts, the dashboard's types and lints
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --features backfill-compute/bench --locked -- -D warnings
	@for script in $(dev)/*.mjs $(bench)/*.mjs $(bench)/*/*.mjs; do node --check $$script || exit 1; done
	cd $(dashboard) && npm run check

fmt: $(dashboard_tools) ## Format the code
	cargo fmt --all
	cd $(dashboard) && npm run format

clean: down ## Remove everything built, fetched and stored, the local stack's data too
	cargo clean
	rm -rf .deps .bench $(dev)/node_modules $(dashboard)/node_modules $(dashboard)/dist $${BACKFILL_HOME:-.local}
