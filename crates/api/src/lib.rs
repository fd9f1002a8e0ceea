//! The REST API of Backfill. It writes jobs into the queue table and reads what became of them; it holds no state,
//! so any number of replicas may run.
//!
//! A request goes route -> service -> repository: `routes` knows HTTP, `services` the rules, `repositories` the
//! metadata database. A resource without a rule has no service: its route calls the repository.

pub mod config;
pub mod database;
mod error;
mod extract;
mod feed;
mod listing;
mod metrics;
mod observe;
mod openapi;
mod problem;
mod repositories;
mod routes;
pub mod server;
mod services;
