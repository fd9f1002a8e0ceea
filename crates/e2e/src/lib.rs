//! Nothing but tests, in `tests/`: scenarios that run the real `backfill-api` and `backfill-compute` from outside.
