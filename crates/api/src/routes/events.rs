//! `/events`

use std::{convert::Infallible, time::Duration, vec::IntoIter};

use actix_web::{
    HttpResponse, get,
    http::header::{CACHE_CONTROL, ContentEncoding},
    web::{Bytes, Data},
};
use backfill_domain::id::{JobId, PipelineId};
use futures_util::{
    Stream, StreamExt as _,
    stream::{iter, unfold},
};
use serde::Deserialize;
use tokio::{
    sync::broadcast::Receiver,
    time::{Instant, Interval, interval_at},
};
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    error::ApiError,
    extract::Query,
    feed::{Batch, Change, Feed},
    problem::{Invalid, Unavailable},
};

/// Time between two signs of life.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// What a stream begins with: how many milliseconds a client waits before it comes back.
const OPENING: Bytes = Bytes::from_static(b"retry: 2000\n\n");

/// An event of its own, since what shows a page cannot see comments: it has to tell a quiet stream from one that is dead.
const ALIVE: Bytes = Bytes::from_static(b"event: heartbeat\ndata:\n\n");

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(events);
}

/// Which changes are asked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Selection {
    /// Only changes of this job
    #[param(inline)]
    job_id: Option<JobId>,
    /// Only changes of this pipeline's jobs, and all deletions
    #[param(inline)]
    pipeline_id: Option<PipelineId>,
}

impl Selection {
    fn has(&self, change: &Change) -> bool {
        self.job_id.is_none_or(|job| job == change.job)
            && self.pipeline_id.is_none_or(|pipeline| change.pipeline.is_none_or(|its| its == pipeline))
    }
}

/// Follow jobs as they change
///
/// Server-sent events. `job` carries a job as `GET /backfill/{id}` shows it, whenever it was created, has got on or changed its
/// state, twice a second at most and with its last state in any case; `deleted` carries `{"id": …}`. `heartbeat`
/// comes every 15 seconds, without data. A job that waits in the queue is not told anew when it waits for something else. The
/// stream ends when the client is too slow, the metadata database is lost or the service stops: come back then, and ask
/// for what you show anew, as behind every first answer.
#[utoipa::path(
    tag = "backfill", operation_id = "follow_backfills", params(Selection),
    responses(
        (status = 200, description = "The changes from now on", content_type = "text/event-stream", body = String),
        Invalid, Unavailable
    )
)]
#[get("/events")]
async fn events(feed: Data<Feed>, selection: Query<Selection>) -> Result<HttpResponse, ApiError> {
    let receiver = feed.listen().await?;
    let response = HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-cache, no-transform"))
        // Nothing between here and the client may collect events to compress or to buffer them.
        .insert_header(ContentEncoding::Identity)
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(stream(receiver, selection.0));
    Ok(response)
}

fn stream(receiver: Receiver<Batch>, selection: Selection) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let heartbeat = interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
    let client = Client { receiver, selection, heartbeat, events: Vec::new().into_iter() };
    let rest = unfold(client, async |mut client| client.next().await.map(|bytes| (bytes, client)));
    iter([OPENING]).chain(rest).map(Ok)
}

/// Somebody who listens.
struct Client {
    receiver: Receiver<Batch>,
    selection: Selection,
    heartbeat: Interval,
    /// What is to be sent before the next batch is looked at.
    events: IntoIter<Bytes>,
}

impl Client {
    /// What is sent next; `None` if the client is too slow, or there are no more changes.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(event) = self.events.next() {
                return Some(event);
            }
            tokio::select! {
                batch = self.receiver.recv() => self.events = self.wanted(&batch.ok()?),
                _ = self.heartbeat.tick() => return Some(ALIVE),
            }
        }
    }

    fn wanted(&self, batch: &Batch) -> IntoIter<Bytes> {
        let wanted = batch.iter().filter(|change| self.selection.has(change));
        wanted.map(|change| change.event.clone()).collect::<Vec<_>>().into_iter()
    }
}
