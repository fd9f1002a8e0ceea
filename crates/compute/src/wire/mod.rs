//! Rows as they travel: PostgreSQL's binary COPY format, read once and handed to every destination as it came.
//!
//! A [`Layout`] says which column stands where in a row, a [`Batch`] holds rows, a [`Checksum`] sums rows up.

mod batch;
mod checksum;
mod layout;

pub(crate) use backfill_pg::held::Rendition;

pub(crate) use batch::{
    Batch, BatchReader, Field, HEADER, TRAILER, Tuple, WireError, push_field, row_of, server_error,
};
pub(crate) use checksum::Checksum;
pub(crate) use layout::{Layout, Projection};
