//! The words of Backfill, shared by its two services: what a source, a destination, a pipeline, a job and a
//! filter are, how they are stored, and which SQL they stand for. Nothing here opens a connection.

pub mod audit;
pub mod campaign;
pub mod catalog;
pub mod chunk;
pub mod columns;
pub mod connection_test;
pub mod destination;
pub mod filter;
pub mod hours;
pub mod id;
pub mod job;
mod json_column;
pub mod limits;
pub mod metadata;
pub mod migration;
pub mod options;
pub mod parquet;
pub mod pipeline;
pub mod plan;
pub mod quarantine;
pub mod schema;
pub mod secret;
pub mod source;
pub mod sql;
pub mod table;
mod text_enum;
pub mod validation;
pub mod waiting;
pub mod worker;
