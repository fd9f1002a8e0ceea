//! `/workers`

use actix_web::{
    get,
    web::{self, Data},
};
use backfill_domain::{id::JobId, worker::Worker};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    database::Database,
    error::ApiError,
    extract::Page,
    listing::Listing,
    problem::{Invalid, Unavailable},
    repositories::workers::{self, Lease, WithLeases},
};

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list);
}

/// A daemon and what it executes.
#[derive(Serialize, ToSchema)]
struct WorkerResponse {
    #[serde(flatten)]
    worker: Worker,
    /// Whether it has reported within the last lease's time.
    alive: bool,
    /// The jobs that it executes.
    jobs: Vec<LeaseResponse>,
}

/// A daemon's claim on a job.
#[derive(Serialize, ToSchema)]
struct LeaseResponse {
    /// The job.
    job_id: JobId,
    /// Which attempt at the job it is.
    attempt: i32,
    /// When the claim lapses unless the daemon renews it.
    lease_expires_at: Option<DateTime<Utc>>,
}

impl From<WithLeases> for WorkerResponse {
    fn from((worker, alive, leases): WithLeases) -> Self {
        Self { worker, alive, jobs: leases.into_iter().map(LeaseResponse::from).collect() }
    }
}

impl From<Lease> for LeaseResponse {
    fn from(lease: Lease) -> Self {
        Self { job_id: lease.job, attempt: lease.attempt, lease_expires_at: lease.expires_at }
    }
}

/// List the daemons that copy
#[utoipa::path(
    tag = "operation", operation_id = "list_workers", params(Page),
    responses((status = 200, description = "By id", body = Listing<WorkerResponse>), Invalid, Unavailable)
)]
#[get("/workers")]
async fn list(database: Data<Database>, page: Page) -> Result<web::Json<Listing<WorkerResponse>>, ApiError> {
    let workers = database.run(move |connection| workers::list(connection, page)).await?;
    Ok(web::Json(workers.map(WorkerResponse::from)))
}
