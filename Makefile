# The commands of a developer. Plain `make` lists them.

dev := deploy/dev
bench := deploy/bench
with_postgres := node $(dev)/with-postgres.mjs

.PHONY: help tools deps build up down demo bench claims test chaos load check fmt clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' Makefile

tools:
	@$(dev)/require-tools.sh

deps: tools ## Fetch what the lock files pin: libduckdb, DuckDB extensions, PostgreSQL, flights data
	@node $(dev)/fetch.mjs

build: deps ## Build the release binaries
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

test: deps ## Run every test, against a throwaway PostgreSQL
	cargo build --workspace --bins --locked
	$(with_postgres) cargo test --workspace --locked
	cd $(dev) && node --test --test-timeout=60000
	cd $(bench) && node --test --test-timeout=300000

chaos: deps ## Let everything fail while jobs run, BACKFILL_CHAOS_FAULTS times, and count what is lost
	cargo build --workspace --bins --locked
	BACKFILL_CHAOS_FAULTS=$${BACKFILL_CHAOS_FAULTS:-200} $(with_postgres) cargo test --locked -p backfill-e2e --test e2e -- chaos:: --nocapture

load: deps ## Two hundred clients for a minute, and a thousand jobs
	cargo build --workspace --bins --locked
	BACKFILL_LOAD_CLIENTS=200 BACKFILL_LOAD_SECONDS=60 BACKFILL_LOAD_JOBS=1000 \
	  $(with_postgres) cargo test --locked -p backfill-e2e --test e2e -- load:: --nocapture

check: deps ## Formatting, clippy with warnings denied, syntax of the scripts
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --features backfill-compute/bench --locked -- -D warnings
	@for script in $(dev)/*.mjs $(bench)/*.mjs $(bench)/*/*.mjs; do node --check $$script || exit 1; done

fmt: ## Format the Rust code
	cargo fmt --all

clean: down ## Remove everything built, fetched and stored, the local stack's data too
	cargo clean
	rm -rf .deps .bench $(dev)/node_modules $${BACKFILL_HOME:-.local}
