//! Runs the server and makes scenarios readable.

mod app;
mod database;
mod scenario;
mod stream;

pub(crate) use app::{Answer, TestApp};
pub(crate) use database::TestDatabase;
pub(crate) use scenario::{Scenario, lake};
pub(crate) use stream::EventStream;
