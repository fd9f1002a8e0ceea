//! Reaches a PostgreSQL: connects with the settings of a source or a destination, reads its catalogue, and says in
//! words that a user can act on what went wrong.
//!
//! The client is synchronous. Within an async service, call it from a blocking thread.

mod catalog;
mod client;
mod connect;
mod copy_out;
mod error;
mod facts;
pub mod held;
mod own_types;
mod probe;
mod ranges;
mod tls;

pub use catalog::{find_table, tables};
pub use client::Client;
pub use connect::{CancelHandle, connect};
pub use copy_out::CopyOut;
pub use error::{PgError, describe};
pub use facts::facts;
pub use own_types::own_types;
pub use probe::{probe_destination, probe_source};
pub use ranges::cuts;
