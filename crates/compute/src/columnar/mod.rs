//! Rows as columns: from PostgreSQL's binary tuples to the types that DuckDB and Parquet share.
//!
//! [`Held`] says how a column is held, a [`Decoder`] turns batches of rows into Arrow record batches, with what cannot
//! be held set [`Aside`], and a [`Digest`] proves that what was given is held.

mod array;
mod aside;
mod column;
mod decode;
mod digest;
mod documents;
mod fault;
mod numeric;
mod text;
mod types;

pub(crate) use aside::{Aside, KeptRow};
pub(crate) use decode::{Decoder, staged_schema};
pub(crate) use digest::{Digest, Digested};
pub(crate) use documents::REASON as REFUSED_DOCUMENT;
#[cfg(test)]
pub(crate) use text::text_of;
pub(crate) use types::{Held, Kind};
