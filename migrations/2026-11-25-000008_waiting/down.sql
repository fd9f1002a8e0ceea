DROP FUNCTION backfill_is_open;
DROP FUNCTION backfill_is_within;
DROP TABLE backfill_waiting;
