//! `/backfill/{id}/throughput` and `/stats/throughput`

use actix_web::{
    get,
    web::{self, Data, Path},
};
use backfill_domain::id::JobId;
use diesel::PgConnection;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    database::Database,
    error::ApiError,
    extract::Query,
    problem::{Invalid, Unavailable, Unknown},
    services::throughput::{self, Throughput},
};

/// The longest time that is looked back over: a day, in minutes. Every chunk in it is read.
const LONGEST: i32 = 24 * 60;

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(of_job).service(lately);
}

/// Get a job's throughput over time
///
/// Rows and bytes count when their chunk is finished.
#[utoipa::path(
    tag = "backfill", operation_id = "get_backfill_throughput", params(("id" = JobId, Path)),
    responses((status = 200, description = "From its first chunk on", body = Throughput), Unknown, Unavailable)
)]
#[get("/backfill/{id}/throughput")]
async fn of_job(database: Data<Database>, id: Path<JobId>) -> Result<web::Json<Throughput>, ApiError> {
    Ok(web::Json(database.run(move |connection| throughput::of_job(connection, *id)).await?))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Lately {
    /// How many minutes to look back
    #[serde(default = "hour")]
    #[param(minimum = 1, maximum = 1440, default = 60, required = false)]
    minutes: i32,
}

fn hour() -> i32 {
    60
}

/// Get the throughput of all jobs over time
///
/// Jobs that were deleted meanwhile are left out.
#[utoipa::path(
    tag = "operation", operation_id = "get_throughput", params(Lately),
    responses((status = 200, description = "Until now", body = Throughput), Invalid, Unavailable)
)]
#[get("/stats/throughput")]
async fn lately(database: Data<Database>, query: Query<Lately>) -> Result<web::Json<Throughput>, ApiError> {
    let Lately { minutes } = query.0;
    if !(1..=LONGEST).contains(&minutes) {
        return Err(ApiError::field("minutes", format!("must be from 1 to {LONGEST}")));
    }
    let work = move |connection: &mut PgConnection| throughput::lately(connection, minutes);
    Ok(web::Json(database.run(work).await?))
}
