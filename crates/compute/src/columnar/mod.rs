//! Rows as columns: from PostgreSQL's binary tuples to the types that DuckDB and Parquet share.
//!
//! [`columnar_type`] says how a column is held, a [`Decoder`] turns batches of rows into Arrow record batches, and a
//! [`Digest`] proves that what was given is held.

mod array;
mod column;
mod decode;
mod digest;
mod fault;
mod numeric;
mod types;

pub(crate) use decode::Decoder;
pub(crate) use digest::{Digest, Digested};
pub(crate) use types::{Kind, columnar_type};
