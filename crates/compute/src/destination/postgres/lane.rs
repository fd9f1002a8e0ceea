//! A second handle, and chunks that are written behind another.
//!
//! Until the chunk ahead of it is committed, such a chunk holds what it has written, and the server does not know for
//! whom it waits. Should somebody wait for it for whom the chunk ahead waits, nothing would ever move. So it waits for
//! nobody for long, and lets go of everything when it is told so: its rows are kept, and written once more at its turn.
//! What is staged touches no table until then.

use backfill_domain::{job::Task, source::ConnectionSettings};
use backfill_pg::{CancelHandle, Client, connect};
use postgres::error::SqlState;

use super::{PostgresDestination, Route, ledger::session_name, statements::Target};
use crate::{
    destination::{CopySpec, Destination, DestinationError, Opening},
    interrupt::Interrupts,
};

/// How a second handle is opened.
#[derive(Clone)]
pub(super) struct SecondHandle {
    pub(super) connection: ConnectionSettings,
    pub(super) interrupts: Interrupts,
    /// What makes the session ready for chunks.
    pub(super) session: String,
}

/// How a table grows under two handles. One of them may write to pages that the other has added and not needed: those
/// are not behind the ones that the table has when its chunk begins, but hardly before those of its own last chunk.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pages {
    /// When the handle's last chunk began.
    last: Option<i64>,
}

/// Pages before a handle's first chunk on which its rows may be.
const BEFORE_FIRST: i64 = 1024;

impl Pages {
    /// How many pages there are before a chunk's rows, which begins when there are `now`.
    pub(super) fn floor(&mut self, now: i64) -> i64 {
        self.last.replace(now).unwrap_or(now - BEFORE_FIRST).clamp(0, now)
    }
}

/// Where a chunk stands among those that are not committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is the next to be committed.
    First,
    /// Another one is.
    Behind,
    /// Another one is, and it has let go of what it had written.
    GivenWay,
}

/// Begins a chunk behind another.
pub(super) const BEGIN_BEHIND: &str = "BEGIN; SET LOCAL lock_timeout = '10s'";

/// Whether two chunks can be written to the table at the same time without getting into each other's way: their keys
/// are different ones, and nothing but the key compares rows with others or runs at an INSERT.
pub(super) fn takes_two(
    client: &mut Client,
    target: &Target,
    route: Route,
    spec: &CopySpec,
) -> Result<bool, DestinationError> {
    if spec.task != Task::Copy || spec.table.primary_key.is_empty() {
        return Ok(false);
    }
    if route == Route::Staged {
        return Ok(true);
    }
    let query = "SELECT c.relkind = 'r' \
             AND (SELECT count(*) = 1 AND NOT bool_or(indisexclusion) FROM pg_catalog.pg_index \
                  WHERE indrelid = c.oid AND (indisunique OR indisexclusion)) \
             AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal) \
             AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conrelid = c.oid AND contype = 'f') \
             AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a \
                             JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation \
                             WHERE a.attrelid = c.oid AND NOT l.collisdeterministic) \
         FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass($1)";
    Ok(client.query_opt(query, &[&target.name.to_sql()])?.is_some_and(|row| row.get(0)))
}

/// Connects; what the connection runs can be stopped through `interrupts`.
pub(super) fn open_session(
    connection: &ConnectionSettings,
    spec: &CopySpec,
    interrupts: &Interrupts,
) -> Result<Client, DestinationError> {
    let client = connect(connection, &session_name(spec))?;
    interrupts.add_postgres(CancelHandle::new(&client, connection));
    Ok(client)
}

impl PostgresDestination {
    /// What connects once more, for a second lane.
    pub(super) fn second(&self) -> Option<Opening> {
        let second = self.second.clone()?;
        let (id, spec, renditions) = (self.id, self.spec.clone(), self.renditions.clone());
        let (statements, watermark) = (self.statements.clone(), self.watermark.clone());
        let (mode, route) = (self.mode, self.route);
        Some(Box::new(move || {
            let mut client = open_session(&second.connection, &spec, &second.interrupts)?;
            client.batch_execute(&second.session)?;
            Ok(Box::new(Self {
                client,
                id,
                spec,
                renditions,
                statements,
                watermark,
                mode,
                replacement: None,
                route,
                second: None,
                pages: Some(Pages::default()),
                chunk: None,
            }) as Box<dyn Destination>)
        }))
    }

    /// Takes the chunk's rows back from where they are, if others may wait for them there. They are kept.
    pub(super) fn let_go(&mut self) -> Result<(), DestinationError> {
        let Some(chunk) = &mut self.chunk else { return Ok(()) };
        if chunk.standing != Standing::Behind || self.route == Route::Staged {
            return Ok(());
        }
        (chunk.standing, chunk.copied) = (Standing::GivenWay, 0);
        log::info!(
            "job {}: chunk {} gives way: somebody else works on the table; it is written again at its turn",
            self.spec.job_id,
            chunk.number
        );
        Ok(self.client.batch_execute("ROLLBACK")?)
    }

    /// The chunk is the first now: it may wait for others for as long as it takes, and what it let go of is written.
    pub(super) fn come_first(&mut self) -> Result<(), DestinationError> {
        let Some(chunk) = &mut self.chunk else { return Ok(()) };
        match std::mem::replace(&mut chunk.standing, Standing::First) {
            Standing::First => Ok(()),
            Standing::Behind => Ok(self.client.batch_execute("SET LOCAL lock_timeout = 0")?),
            Standing::GivenWay => {
                let kept = chunk.kept.clone();
                let pages = self.begin_transaction(Standing::First)?;
                self.chunk.iter_mut().for_each(|chunk| chunk.pages = pages);
                for rows in kept {
                    // Those that are staged are so together.
                    if self.route != Route::Staged {
                        self.put(&rows)?;
                    }
                }
                Ok(())
            }
        }
    }
}

/// Whether the server has given up waiting for another session, for this one's own sake or for that of others.
pub(super) fn is_blocked(error: &DestinationError) -> bool {
    [Some(&SqlState::LOCK_NOT_AVAILABLE), Some(&SqlState::T_R_DEADLOCK_DETECTED)].contains(&error.code())
}
