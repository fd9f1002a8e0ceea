//! Runs Backfill for a test, and compares what it copied.

mod campaign;
mod chance;
mod client;
mod compare;
mod database;
mod folder;
mod job;
mod process;
mod proxy;
mod server;
mod stack;
mod wait;

pub(crate) use self::{
    campaign::Campaign,
    chance::Chance,
    client::{Answer, Client},
    compare::Comparison,
    database::Database,
    job::Job,
    process::{Process, SECRET_KEY},
    proxy::Proxy,
    server::Server,
    stack::{ALL, Place, Stack, postgres_request, source_request},
    wait::eventually,
};

/// Statements that make a table `orders` of this many rows, with types that every destination holds as they are.
pub(crate) fn orders(rows: u32) -> String {
    format!(
        "CREATE TABLE orders (id bigint PRIMARY KEY, customer text, amount numeric(12,2), paid boolean,
                              placed timestamptz, weight double precision, token uuid);
         INSERT INTO orders
         SELECT n, nullif('customer ' || n % 997, 'customer 0'), n * 1.25, n % 3 = 0,
                timestamptz '2024-01-01 00:00:00+00' + n * interval '1 minute', n / 7.0, md5(n::text)::uuid
         FROM generate_series(1, {rows}) AS n;
         ANALYZE orders;"
    )
}
