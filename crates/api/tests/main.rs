//! The API as its clients see it: each test runs the real server on a port of its own, with databases of its own on
//! the PostgreSQL that BACKFILL_TEST_POSTGRES_URL names.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod audit;
mod backfill;
mod campaigns;
mod cancellation;
mod catalogue;
mod columns;
mod dashboard;
mod destinations;
mod events;
mod filters;
mod harness;
mod jobs;
mod lists;
mod operation;
mod outage;
mod pipelines;
mod preview;
mod requests;
mod resumption;
mod retries;
mod sources;
mod tasks;
mod throughput;
mod transitions;
