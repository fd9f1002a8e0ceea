//! Resuming a job.

use backfill_domain::{id::JobId, job::JobResponse};
use diesel::PgConnection;

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
        Err(error) => Err(backfill::not_requeued(error)),
    }
}
