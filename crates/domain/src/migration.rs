//! The metadata database's migrations, embedded in both services.

use diesel::{Connection, PgConnection, RunQueryDsl, sql_query};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::secret::{Keep, StoredError, seal_stored};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

/// Key of the advisory lock under which services migrate one after the other: the letters `backfill`, as a number.
const MIGRATION_LOCK: i64 = 0x6261_636b_6669_6c6c;

/// Why the metadata database could not be migrated.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// The database refused to take the lock.
    #[error("cannot lock the metadata database for its migration: {0}")]
    Lock(#[from] diesel::result::Error),
    /// A migration failed and was rolled back.
    #[error("cannot migrate the metadata database: {0}")]
    Migrate(Box<dyn std::error::Error + Send + Sync>),
    /// What it stores of passwords cannot be read with the keys at hand.
    #[error(transparent)]
    Secrets(#[from] StoredError),
}

/// Brings the metadata database to this version's schema, and encrypts what it stores of passwords in the clear; however many
/// services start at once, one does it.
///
/// # Errors
/// If it fails, or a stored password has a key that is not at hand. Then nothing has changed.
pub fn migrate(connection: &mut PgConnection) -> Result<(), MigrationError> {
    connection.transaction(|connection| {
        sql_query("SELECT pg_advisory_xact_lock($1)")
            .bind::<diesel::sql_types::BigInt, _>(MIGRATION_LOCK)
            .execute(connection)?;
        connection.run_pending_migrations(MIGRATIONS).map_err(MigrationError::Migrate)?;
        seal_stored(connection, Keep::EveryKey)?;
        Ok(())
    })
}

/// Whether the metadata database has this version's schema.
///
/// # Errors
/// If the database does not answer.
pub fn is_current(connection: &mut PgConnection) -> Result<bool, MigrationError> {
    let pending = connection.has_pending_migration(MIGRATIONS).map_err(MigrationError::Migrate)?;
    Ok(!pending)
}
