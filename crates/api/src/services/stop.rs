//! Cancelling and pausing a job.

use std::time::{Duration, Instant};

use actix_web::rt::time::sleep;
use backfill_domain::{
    id::JobId,
    job::{JobResponse, JobStatus},
};
use diesel::PgConnection;

use super::backfill;
use crate::{
    database::Database,
    error::ApiError,
    extract::Actor,
    repositories::{
        jobs,
        stop::{self, Stop},
    },
};

/// How long the answer waits for a daemon to stop.
const PATIENCE: Duration = Duration::from_secs(3);

/// Pause between two looks at the job.
const PAUSE: Duration = Duration::from_millis(50);

/// Stops the job. A daemon that executes it is asked to stop, and waited for; if it takes longer, the job is returned as
/// EXECUTING, with the request noted.
pub(crate) async fn stop(
    database: &Database,
    actor: Actor,
    id: JobId,
    how: Stop,
) -> Result<JobResponse, ApiError> {
    let mut status = database.change(actor, move |connection| request(connection, id, how)).await?;
    let deadline = Instant::now() + PATIENCE;
    while status == Some(JobStatus::Executing) && Instant::now() < deadline {
        sleep(PAUSE).await;
        status = database.run(move |connection| jobs::status(connection, id)).await?;
    }
    database.run(move |connection| backfill::find(connection, id)).await
}

fn request(connection: &mut PgConnection, id: JobId, how: Stop) -> Result<Option<JobStatus>, ApiError> {
    if let Some(status) = stop::stop(connection, id, how)? {
        return Ok(Some(status));
    }
    Err(match jobs::status(connection, id)? {
        Some(JobStatus::Executing) => ApiError::Conflict(format!("job {id} is being cancelled")),
        _ => backfill::ended(connection, id)?,
    })
}
