//! The catalogue, and the SQL of filters, against a real PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod catalog;
mod connect;
mod copies;
mod database;
mod filter;
mod ranges;
