//! Changes of jobs as they come, for all clients of this replica that listen.
//!
//! While anybody listens, and only then, one task looks twice a second for what has changed, loads it once for all of
//! them, and puts it into a channel that every stream reads from. Nobody is told by NOTIFY: it takes a lock that all
//! commits of the server's databases queue up for, and hundreds of daemons would do so for each claim and each chunk. Looks cost
//! the same however many daemons there are, and work behind poolers.
//!
//! A client that is too slow for the channel, or whose watch has lost the metadata database, has missed something: its
//! stream ends. It comes back, and asks for what it shows anew.

use std::{sync::Arc, time::Duration};

use actix_web::{
    rt,
    web::{Bytes, Data},
};
use backfill_domain::{
    id::{JobId, PipelineId},
    job::JobResponse,
};
use diesel::PgConnection;
use serde::Serialize;
use serde_json::json;
use tokio::{
    sync::{
        Mutex,
        broadcast::{self, Receiver, Sender, WeakSender},
    },
    time::sleep,
};

use crate::{
    database::Database, error::ApiError, repositories::changes::Look, server::Stopping, services::backfill,
};

/// Time between two looks.
const PERIOD: Duration = Duration::from_millis(500);

/// Jobs that are loaded at once.
const BATCH: usize = 200;

/// Batches that a stream may be behind: with all jobs that it has room for, a few tens of megabytes for the whole replica.
const CAPACITY: usize = 64;

/// A job that is different from what it was, or gone.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// The job.
    pub(crate) job: JobId,
    /// Its pipeline; `None` for a job that is gone.
    pub(crate) pipeline: Option<PipelineId>,
    /// The event as it is sent.
    pub(crate) event: Bytes,
}

/// Changes that are passed on together.
pub(crate) type Batch = Arc<[Change]>;

/// Where streams get their changes from.
pub(crate) struct Feed {
    database: Database,
    stopping: Data<Stopping>,
    /// Into which the task puts changes; it ends with the task.
    channel: Mutex<Option<WeakSender<Batch>>>,
}

impl Feed {
    pub(crate) fn new(database: Database, stopping: Data<Stopping>) -> Self {
        Self { database, stopping, channel: Mutex::default() }
    }

    /// All changes from now on.
    pub(crate) async fn listen(self: &Arc<Self>) -> Result<Receiver<Batch>, ApiError> {
        if self.stopping.has_begun() {
            return Err(ApiError::Stopping);
        }
        let mut channel = self.channel.lock().await;
        if let Some(sender) = channel.as_ref().and_then(WeakSender::upgrade) {
            return Ok(sender.subscribe());
        }
        // What changes behind this look is told. What a client asks for when it has its answer is newer.
        let first = self.look(Look::default()).await?.1;
        let (sender, receiver) = broadcast::channel(CAPACITY);
        *channel = Some(sender.downgrade());
        rt::spawn(Arc::clone(self).watch(sender, first));
        Ok(receiver)
    }

    /// Passes changes on until nobody listens any more.
    async fn watch(self: Arc<Self>, sender: Sender<Batch>, mut last: Look) {
        loop {
            tokio::select! {
                () = sleep(PERIOD) => {}
                () = self.stopping.begun() => return,
            }
            if self.is_alone(&sender).await {
                return;
            }
            last = match self.tell(&sender, last).await {
                Ok(look) => look,
                Err(error) => {
                    log::warn!("streams of events end: {error}");
                    return;
                }
            };
        }
    }

    /// Whether nobody listens. Who comes from then on begins a watch of its own.
    async fn is_alone(&self, sender: &Sender<Batch>) -> bool {
        let mut channel = self.channel.lock().await;
        let is_alone = sender.receiver_count() == 0;
        if is_alone {
            *channel = None;
        }
        is_alone
    }

    /// Passes on what has changed since `last`.
    async fn tell(&self, sender: &Sender<Batch>, last: Look) -> Result<Look, ApiError> {
        let (last, look) = self.look(last).await?;
        for ids in look.changed(&last).chunks(BATCH) {
            let ids = ids.to_vec();
            let batch = self.database.run(move |connection| load(connection, &ids)).await?;
            // Streams that have ended meanwhile are none of its business.
            drop(sender.send(batch));
        }
        Ok(look)
    }

    async fn look(&self, last: Look) -> Result<(Look, Look), ApiError> {
        let work =
            move |connection: &mut PgConnection| Look::since(connection, &last).map(|look| (last, look));
        self.database.run(work).await
    }
}

fn load(connection: &mut PgConnection, ids: &[JobId]) -> Result<Batch, ApiError> {
    let jobs = backfill::find_all(connection, ids)?;
    let gone = ids.iter().filter(|id| !jobs.iter().any(|job| job.id == **id)).copied();
    let changes: Result<Vec<_>, ApiError> = jobs.iter().map(changed).chain(gone.map(deleted)).collect();
    Ok(changes?.into())
}

fn changed(job: &JobResponse) -> Result<Change, ApiError> {
    Ok(Change { job: job.id, pipeline: Some(job.pipeline_id), event: event("job", job)? })
}

fn deleted(id: JobId) -> Result<Change, ApiError> {
    Ok(Change { job: id, pipeline: None, event: event("deleted", &json!({"id": id}))? })
}

fn event(name: &str, data: &impl Serialize) -> Result<Bytes, ApiError> {
    Ok(format!("event: {name}\ndata: {}\n\n", serde_json::to_string(data)?).into())
}
