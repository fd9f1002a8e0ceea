//! Daemons that do nothing but claim jobs and hand them back, through the queue's own code.

use std::{
    error::Error,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use postgres::{Client, NoTls};
use uuid::Uuid;

use crate::queue::{Backoff, Claim, Outcome, Queue, QueueError};

/// What jobs need besides.
const SURROUNDINGS: &str = "
    INSERT INTO sources (name, host, port, database, username, sslmode) VALUES ('s', 'h', 1, 'd', 'u', 'disable');
    INSERT INTO pipelines (name, source_id) SELECT 'p', id FROM sources";

/// Jobs in the state `$1`, told apart by the numbers from `$2` to `$3`.
const JOBS: &str = "
    INSERT INTO queue_backfill_data (pipeline_id, source_id, table_name, filters, write_mode, status, finished_at)
    SELECT pipelines.id, source_id, 'public.orders', to_jsonb(number), 'upsert', $1::text,
           CASE WHEN $1::text = 'COMPLETED' THEN now() END
    FROM pipelines, generate_series($2::bigint, $3::bigint) AS number";

/// A metadata database with jobs, gone when this is dropped.
pub struct ClaimBench {
    server: String,
    url: String,
    name: String,
}

/// What so many daemons have done.
#[derive(Debug)]
pub struct ClaimRate {
    /// Jobs claimed and handed back in a second, by all of them.
    pub claims_per_second: f64,
    /// Looks in a second that found no job to take.
    pub vain_per_second: f64,
    /// Time that half of the looks took at most.
    pub median: Duration,
    /// Time that all but one in a hundred took at most.
    pub slow: Duration,
}

impl ClaimBench {
    /// A database on the server at `url`, with so many jobs that wait and so many that are done.
    ///
    /// # Errors
    /// When the server refuses any of it.
    pub fn new(url: &str, pending: i64, completed: i64) -> Result<Self, Box<dyn Error>> {
        let name = format!("claims_{}", Uuid::new_v4().simple());
        let (base, _) = url.rsplit_once('/').ok_or("the URL names no database")?;
        let bench = Self { server: url.to_owned(), url: format!("{base}/{name}"), name };
        Client::connect(url, NoTls)?.batch_execute(&format!("CREATE DATABASE {}", bench.name))?;
        connect(&bench.url)?;
        let mut client = Client::connect(&bench.url, NoTls)?;
        client.batch_execute(SURROUNDINGS)?;
        client.execute(JOBS, &[&"COMPLETED", &1_i64, &completed])?;
        client.execute(JOBS, &[&"PENDING", &(completed + 1), &(completed + pending)])?;
        client.batch_execute("VACUUM ANALYZE")?;
        Ok(bench)
    }

    /// Has so many daemons claim job after job, and hand each back, for a while.
    ///
    /// # Errors
    /// When any of them cannot go on.
    pub fn run(&self, daemons: usize, period: Duration) -> Result<ClaimRate, Box<dyn Error>> {
        let queues = (0..daemons).map(|_| connect(&self.url));
        let queues: Vec<_> = queues.collect::<Result<_, _>>()?;
        let start = Barrier::new(daemons);
        let worked = thread::scope(|scope| {
            let threads: Vec<_> =
                queues.iter().map(|queue| scope.spawn(|| work(queue, &start, period))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap_or(Ok(Vec::new()))).collect::<Vec<_>>()
        });
        let looks = worked.into_iter().collect::<Result<Vec<_>, _>>()?.concat();
        Ok(rate(looks, period))
    }
}

impl Drop for ClaimBench {
    fn drop(&mut self) {
        // A bench that fails has said why; what it leaves behind ends with the server.
        if let Ok(mut client) = Client::connect(&self.server, NoTls) {
            client.batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", self.name)).unwrap_or_default();
        }
    }
}

/// The queue as one more daemon sees it.
fn connect(url: &str) -> Result<Queue, QueueError> {
    Queue::connect(url, Uuid::new_v4(), 1, Backoff::new(Duration::ZERO))
}

/// A look at the queue: how long it took, and whether there was a job.
type Look = (Duration, bool);

fn work(queue: &Queue, start: &Barrier, period: Duration) -> Result<Vec<Look>, QueueError> {
    let mut looks = Vec::new();
    start.wait();
    let end = Instant::now() + period;
    while Instant::now() < end {
        let began = Instant::now();
        let jobs = queue.claim(1)?;
        looks.push((began.elapsed(), !jobs.is_empty()));
        for job in jobs {
            queue.finish(Claim { job: job.id, attempt: job.attempt }, &Outcome::HandedBack)?;
        }
    }
    Ok(looks)
}

fn rate(mut looks: Vec<Look>, period: Duration) -> ClaimRate {
    looks.sort_unstable();
    let at =
        |share: f64| looks.get((looks.len() as f64 * share) as usize).map_or(Duration::ZERO, |look| look.0);
    let claims = looks.iter().filter(|look| look.1).count();
    ClaimRate {
        claims_per_second: claims as f64 / period.as_secs_f64(),
        vain_per_second: (looks.len() - claims) as f64 / period.as_secs_f64(),
        median: at(0.5),
        slow: at(0.99),
    }
}
