//! The metadata database's statements, and nothing but them.

pub(crate) mod audit;
pub(crate) mod campaigns;
pub(crate) mod changes;
pub(crate) mod chunks;
pub(crate) mod coverage;
pub(crate) mod destinations;
pub(crate) mod jobs;
pub(crate) mod pipelines;
pub(crate) mod quarantine;
pub(crate) mod resumption;
pub(crate) mod search;
pub(crate) mod sources;
pub(crate) mod stats;
pub(crate) mod stop;
pub(crate) mod tasks;
pub(crate) mod throughput;
pub(crate) mod waiting;
pub(crate) mod workers;
