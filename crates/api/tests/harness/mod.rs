//! Runs the server and makes scenarios readable.

mod app;
mod database;
mod scenario;

pub(crate) use app::{Answer, TestApp};
pub(crate) use database::TestDatabase;
pub(crate) use scenario::{Scenario, lake};
