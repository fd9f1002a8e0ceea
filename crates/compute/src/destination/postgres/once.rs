//! Making what may be there already.

use backfill_pg::Client;
use postgres::error::SqlState;

use crate::destination::DestinationError;

/// Runs a statement that makes something unless it is there. Two sessions that do so at the same moment can still
/// collide in the catalogue; whoever loses finds it made.
pub(super) fn once(client: &mut Client, sql: &str) -> Result<(), DestinationError> {
    match client.batch_execute(sql) {
        Err(error)
            if error.code().is_some_and(|code| {
                [SqlState::UNIQUE_VIOLATION, SqlState::DUPLICATE_TABLE, SqlState::DUPLICATE_OBJECT]
                    .contains(code)
            }) =>
        {
            Ok(client.batch_execute(sql)?)
        }
        result => Ok(result?),
    }
}
