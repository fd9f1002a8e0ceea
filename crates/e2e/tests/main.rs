//! Backfill from outside: each test runs the real API and real daemons against databases and files of its own, and
//! compares what arrived with what was there by means that are not Backfill's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod campaigns;
mod chaos;
mod columns;
mod control;
mod copy;
mod crash;
mod drift;
mod events;
mod failures;
mod faults;
mod fencing;
mod harness;
mod hours;
mod insert_missing;
mod keys;
mod kills;
mod lanes;
mod leftovers;
mod levels;
mod load;
mod memory;
mod names;
mod observation;
mod pause;
mod plans;
mod policies;
mod preview;
mod races;
mod rates;
mod replace;
mod replica;
mod restarts;
mod resume;
mod retries;
mod secrets;
mod shutdown;
mod source_limits;
mod torture;
mod types;
mod unwell;
mod verify;
mod waiting;
mod wake;
mod write_modes;
