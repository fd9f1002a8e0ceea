//! Resuming a job.

use backfill_domain::{id::JobId, job::JobResponse};
use diesel::{
    PgConnection,
    result::{DatabaseErrorKind, Error as DieselError},
};

use super::backfill;
use crate::{
    error::ApiError,
    repositories::{jobs, resumption},
};

/// Has a daemon take the job up where it stopped.
pub(crate) fn resume(connection: &mut PgConnection, id: JobId) -> Result<JobResponse, ApiError> {
    match resumption::resume(connection, id) {
        Ok(true) => backfill::find(connection, id),
        Ok(false) => match jobs::status(connection, id)? {
            Some(status) => {
                let detail = format!(
                    "job {id} is {}: a PAUSED, CANCELLED or FAILED one can be resumed",
                    status.as_ref()
                );
                Err(ApiError::Conflict(detail))
            }
            None => Err(ApiError::unknown("job", id)),
        },
        Err(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => {
            let detail = "another job is active for the same pipeline, table and filters";
            Err(ApiError::Conflict(detail.to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}
