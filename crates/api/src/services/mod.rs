//! The rules: what may be done, in which order, and what is said when it may not.

pub(crate) mod backfill;
pub(crate) mod campaigns;
pub(crate) mod destinations;
pub(crate) mod folder;
pub(crate) mod inspection;
pub(crate) mod pipelines;
pub(crate) mod preview;
pub(crate) mod quarantine;
mod remote;
pub(crate) mod resumption;
pub(crate) mod sources;
pub(crate) mod stats;
pub(crate) mod stop;
pub(crate) mod tasks;
pub(crate) mod throughput;
mod usage;
