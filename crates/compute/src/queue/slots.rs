//! Which waiting jobs may be taken, so that no source has more at the same time than it can bear.
//!
//! A job of a source with a limit takes one of its slots, and a unique index lets no other have the same one: two
//! daemons that race cannot exceed a limit, whatever each of them has seen.

use backfill_domain::limits::CONNECTIONS_PER_JOB;
use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// The index that lets two executing jobs have no slot in common.
const SLOT_INDEX: &str = "uq_queue_backfill_data_source_slot";

/// The first waiting jobs of each source that may be read at this hour, those of a source with a limit with the slot that each would have. It looks at
/// as many of them as there are free slots, or as other daemons may be taking at this moment: its cost does not grow
/// with the jobs that wait. Those that wait for their turn in a campaign are not among them, nor in the index that is read.
/// Jobs that were claimed before the source had a limit have no slot, and count as well.
pub(super) fn candidates() -> String {
    format!(
        "
    SELECT candidate.*
    FROM (
        SELECT id, LEAST((limits ->> 'max_jobs')::int, (limits ->> 'max_connections')::int / {CONNECTIONS_PER_JOB})
                   AS slots
        FROM sources WHERE backfill_is_open(limits, now())
    ) AS source
    CROSS JOIN LATERAL (
        SELECT job.id, job.priority, job.run_after, slot.number AS slot
        FROM (
            SELECT id, priority, run_after, row_number() OVER (ORDER BY priority DESC, run_after, id) AS place
            FROM queue_backfill_data
            WHERE source_id = source.id AND status = 'PENDING' AND run_after <= now()
              AND (campaign_id IS NULL OR campaign_slot IS NOT NULL)
            ORDER BY priority DESC, run_after, id LIMIT $1 + 100
        ) AS job
        LEFT JOIN (
            SELECT number, row_number() OVER (ORDER BY number) AS place
            FROM (
                SELECT number FROM generate_series(1, source.slots) AS number
                WHERE NOT EXISTS (
                    SELECT FROM queue_backfill_data
                    WHERE source_id = source.id AND status = 'EXECUTING' AND source_slot = number
                )
                ORDER BY number
                OFFSET (
                    SELECT count(*) FROM queue_backfill_data
                    WHERE source_id = source.id AND status = 'EXECUTING'
                      AND (source_slot IS NULL OR source_slot > source.slots)
                )
            ) AS free
        ) AS slot USING (place)
        WHERE source.slots IS NULL OR slot.number IS NOT NULL
    ) AS candidate"
    )
}

/// Whether another daemon has just taken a slot that a claim was about to take.
pub(super) fn is_slot_taken(error: &DieselError) -> bool {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, information) => {
            information.constraint_name() == Some(SLOT_INDEX)
        }
        _ => false,
    }
}
