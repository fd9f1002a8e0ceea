//! Where a reader waits between chunks, and within a long one, until its source may be read on.

use std::{
    thread,
    time::{Duration, Instant},
};

use backfill_domain::{limits::RateLimits, waiting::WaitReason};
use backfill_pg::Client;

use super::{SourceError, well::Health};
use crate::{
    interrupt::Stopped,
    queue::{Amount, Terms},
    standing::Standing,
};

/// Enters what was read since it was last called; the terms on which the job goes on, unless they cannot be had just now.
pub(crate) type Settle = Box<dyn Fn(Amount) -> Option<Terms> + Send>;

/// How often who waits asks whether the terms have changed.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// How long a job waits in its daemon for its source's hours.
const QUIET_PATIENCE: Duration = Duration::from_secs(10);

/// How often who waits looks whether the job is to stop.
const GLANCE: Duration = Duration::from_millis(50);

/// Whether the job is to stop.
pub(crate) type StopSign<'a> = &'a dyn Fn() -> bool;

/// The terms on which a job reads, and what it owes by them.
pub(crate) struct Gate {
    settle: Settle,
    standing: Standing,
    /// Read since it was last settled.
    unsettled: Amount,
    terms: Option<Terms>,
    /// What has been read of the source by this job's last chunk, by all jobs: once that is paid, it is its turn.
    share: Amount,
    /// What the job has read beyond what its own limits had allowed by `reckoned`.
    own_debt: Amount,
    reckoned: Instant,
    health: Health,
}

impl Gate {
    /// A gate at which a job waits as `settle` tells it.
    pub(crate) fn new(settle: Settle, standing: Standing) -> Self {
        Self {
            settle,
            standing,
            unsettled: Amount::default(),
            terms: None,
            share: Amount::default(),
            own_debt: Amount::default(),
            reckoned: Instant::now(),
            health: Health::default(),
        }
    }

    /// Takes note of what was read.
    pub(crate) fn count(&mut self, rows: u64, bytes: u64) {
        self.unsettled.rows += rows as f64;
        self.unsettled.bytes += bytes as f64;
    }

    /// Waits until the next chunk may be read, over `client` if at all.
    ///
    /// # Errors
    /// [`SourceError::QuietHours`] if these last and the job `is_free` to go on elsewhere, later: it would keep its daemon
    /// from other work.
    pub(crate) fn pass(
        &mut self,
        client: &mut Client,
        is_free: bool,
        stop: StopSign<'_>,
    ) -> Result<(), SourceError> {
        let came = Instant::now();
        self.settle(true);
        while let Some((reason, detail)) = self.hindrance(client)? {
            if is_free && reason == WaitReason::QuietHours && came.elapsed() > QUIET_PATIENCE {
                return Err(SourceError::QuietHours);
            }
            let _waiting = self.standing.wait(reason, detail);
            sleep(ASK_EVERY, stop)?;
            self.settle(false);
        }
        Ok(self.pay(stop)?)
    }

    /// Why the source may not be read just now, at whatever rate.
    fn hindrance(&mut self, client: &mut Client) -> Result<Option<(WaitReason, String)>, SourceError> {
        let Some(terms) = &self.terms else { return Ok(None) };
        if !terms.is_open {
            let detail = "its source is not to be read at this hour (quiet_hours, run_hours)";
            return Ok(Some((WaitReason::QuietHours, detail.to_owned())));
        }
        let complaint = self.health.complaint(client, terms.source.back_off)?;
        Ok(complaint.map(|complaint| (WaitReason::SourceUnwell, complaint)))
    }

    /// Waits until what was read is paid for.
    fn pay(&mut self, stop: StopSign<'_>) -> Result<(), Stopped> {
        loop {
            let wait = self.debt();
            if wait.is_zero() {
                return Ok(());
            }
            let _waiting = self.standing.wait(WaitReason::Rate, self.rate_in_words());
            sleep(wait.min(ASK_EVERY), stop)?;
            if wait <= ASK_EVERY {
                return Ok(());
            }
            self.settle(false);
        }
    }

    /// Within a chunk: waits if what was read of it is more than should be read in a second.
    pub(crate) fn pace(&mut self, stop: StopSign<'_>) -> Result<(), Stopped> {
        let is_much = self.unsettled.rows >= self.rows_at_once() as f64
            || self.unsettled.bytes >= self.bytes_at_once() as f64;
        if !is_much {
            return Ok(());
        }
        self.settle(true);
        self.pay(stop)
    }

    /// Rows that are not too many at once.
    pub(crate) fn rows_at_once(&self) -> u64 {
        self.at_once(|rates| rates.rows_per_second)
    }

    /// Bytes that are not too many at once.
    pub(crate) fn bytes_at_once(&self) -> u64 {
        self.at_once(|rates| rates.bytes_per_second)
    }

    /// As many as are read in a second, at the rate of which less is left.
    fn at_once(&self, rate: fn(RateLimits) -> Option<i64>) -> u64 {
        let rates = self.terms.iter().flat_map(|terms| [terms.source.rates(), terms.job]);
        rates.filter_map(rate).min().map_or(u64::MAX, |rate| rate.unsigned_abs().max(1))
    }

    /// Has the terms brought up to date. A reader that has read takes its place behind all that was read before; one that
    /// begins does, too.
    fn settle(&mut self, takes_place: bool) {
        let read = self.unsettled;
        let Some(terms) = (self.settle)(read) else { return };
        self.unsettled = Amount::default();
        if takes_place {
            self.share = terms.read;
        }
        let now = Instant::now();
        let seconds = now.duration_since(self.reckoned).as_secs_f64();
        let owed = |owed: f64, rate: Option<i64>, read: f64| {
            rate.map_or(0.0, |rate| (owed - rate as f64 * seconds).max(0.0) + read)
        };
        self.own_debt = Amount {
            rows: owed(self.own_debt.rows, terms.job.rows_per_second, read.rows),
            bytes: owed(self.own_debt.bytes, terms.job.bytes_per_second, read.bytes),
        };
        self.reckoned = now;
        self.terms = Some(terms);
    }

    /// How long it takes to pay what is owed.
    fn debt(&self) -> Duration {
        let Some(terms) = &self.terms else { return Duration::ZERO };
        let seconds = |owed: f64, rate: Option<i64>| rate.map_or(0.0, |rate| owed / rate as f64);
        let source = terms.source.rates();
        let longest = [
            seconds(self.share.rows - terms.paid.rows, source.rows_per_second),
            seconds(self.share.bytes - terms.paid.bytes, source.bytes_per_second),
            seconds(self.own_debt.rows, terms.job.rows_per_second),
            seconds(self.own_debt.bytes, terms.job.bytes_per_second),
        ]
        .into_iter()
        .fold(0.0, f64::max);
        Duration::try_from_secs_f64(longest).unwrap_or(Duration::MAX)
    }

    fn rate_in_words(&self) -> String {
        let Some(terms) = &self.terms else { return String::new() };
        let say = |whose: &str, rates: RateLimits| {
            let rows = rates.rows_per_second.map(|rate| format!("{rate} rows a second {whose}"));
            let bytes = rates.bytes_per_second.map(|rate| format!("{rate} bytes a second {whose}"));
            [rows, bytes].into_iter().flatten()
        };
        let limits =
            say("for all jobs of the source", terms.source.rates()).chain(say("for the job", terms.job));
        format!("it may read {}", limits.collect::<Vec<_>>().join(", "))
    }
}

/// Sleeps, unless the job is to stop.
fn sleep(time: Duration, stop: StopSign<'_>) -> Result<(), Stopped> {
    let until = Instant::now() + time;
    loop {
        if stop() {
            return Err(Stopped);
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        thread::sleep(left.min(GLANCE));
    }
}

#[cfg(test)]
mod tests {
    use backfill_domain::limits::SourceLimits;

    use super::*;

    /// A gate at a source of which 50 rows are paid, when 100 were read by others before.
    fn gate(source: SourceLimits, job: RateLimits) -> Gate {
        let settle = move |read: Amount| {
            let read = Amount { rows: 100.0 + read.rows, bytes: read.bytes };
            let paid = Amount { rows: 50.0, bytes: 0.0 };
            Some(Terms { is_open: true, source: source.clone(), job, read, paid })
        };
        Gate::new(Box::new(settle), Standing::default())
    }

    #[test]
    fn a_job_waits_behind_what_was_read_before() {
        let limits = SourceLimits { rows_per_second: Some(10), ..SourceLimits::default() };
        let mut gate = gate(limits, RateLimits::default());
        gate.settle(true);
        assert_eq!(gate.debt(), Duration::from_secs(5));
        gate.count(20, 1000);
        gate.settle(true);
        assert_eq!(gate.debt(), Duration::from_secs(7));
        // What others read later is behind it.
        gate.settle(false);
        assert_eq!(gate.debt(), Duration::from_secs(7));
    }

    #[test]
    fn the_slowest_limit_holds_and_a_chunk_is_a_seconds_worth() {
        let limits = SourceLimits { rows_per_second: Some(1000), ..SourceLimits::default() };
        let job = RateLimits { rows_per_second: Some(10), bytes_per_second: Some(100) };
        let mut gate = gate(limits, job);
        gate.count(100, 2000);
        gate.settle(true);
        assert_eq!((gate.rows_at_once(), gate.bytes_at_once()), (10, 100));
        assert_eq!(gate.debt(), Duration::from_secs(20));
    }

    #[test]
    fn a_job_that_is_to_stop_does_not_wait() {
        let job = RateLimits { rows_per_second: Some(1), bytes_per_second: None };
        let mut gate = gate(SourceLimits::default(), job);
        gate.count(1_000_000, 0);
        gate.settle(true);
        assert!(gate.pay(&|| true).is_err());
    }
}
