//! What a running job waits for, so that one that makes no progress can say why.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use backfill_domain::waiting::WaitReason;

/// How long a job may wait for what it cannot help before it says so: shorter waits are its daily work.
const PATIENCE: Duration = Duration::from_secs(3);

/// How soon a job that paused goes on pausing for the same reason: it is then one wait, not many.
const LINGER: Duration = Duration::from_secs(2);

/// What the threads of a job wait for. Clones share one list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Standing(Arc<Mutex<Waits>>);

#[derive(Debug, Default)]
struct Waits {
    next: u64,
    /// In the order in which they began.
    list: Vec<Wait>,
}

#[derive(Debug, Clone)]
struct Wait {
    number: u64,
    reason: WaitReason,
    detail: String,
    since: Instant,
    ended: Option<Instant>,
}

/// One wait, until it is dropped.
#[derive(Debug)]
#[must_use = "the wait ends when it is dropped"]
pub(crate) struct Waiting {
    standing: Standing,
    number: u64,
}

/// Why a job makes no progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stall {
    /// What it waits for.
    pub(crate) reason: WaitReason,
    /// The same in words.
    pub(crate) detail: String,
    /// Since when.
    pub(crate) since: Instant,
}

impl Standing {
    fn waits(&self) -> MutexGuard<'_, Waits> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a thread of the job waits from now on.
    pub(crate) fn wait(&self, reason: WaitReason, detail: impl Into<String>) -> Waiting {
        let mut waits = self.waits();
        waits.forget(Instant::now());
        waits.next += 1;
        let number = waits.next;
        let (detail, now) = (detail.into(), Instant::now());
        match waits.list.iter_mut().find(|wait| wait.reason == reason && wait.ended.is_some()) {
            Some(wait) => *wait = Wait { number, reason, detail, since: wait.since, ended: None },
            None => waits.list.push(Wait { number, reason, detail, since: now, ended: None }),
        }
        drop(waits);
        Waiting { standing: self.clone(), number }
    }

    /// What keeps the job from going on, if anything does: the latest of its waits that is long enough to be told. What is
    /// waited for within another wait is the reason of both.
    pub(crate) fn stall(&self) -> Option<Stall> {
        let mut waits = self.waits();
        let now = Instant::now();
        waits.forget(now);
        let is_told = |wait: &&Wait| wait.reason.is_pause() || now.duration_since(wait.since) >= PATIENCE;
        let wait = waits.list.iter().rfind(is_told)?.clone();
        Some(Stall { reason: wait.reason, detail: wait.detail, since: wait.since })
    }
}

impl Waits {
    fn forget(&mut self, now: Instant) {
        self.list.retain(|wait| wait.ended.is_none_or(|ended| now.duration_since(ended) < LINGER));
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut waits = self.standing.waits();
        let number = self.number;
        let Some(at) = waits.list.iter().position(|wait| wait.number == number) else { return };
        if waits.list[at].reason.is_pause() {
            waits.list[at].ended = Some(Instant::now());
        } else {
            waits.list.remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_in_a_row_are_one_wait() {
        let standing = Standing::default();
        drop(standing.wait(WaitReason::Rate, "first"));
        let first = standing.stall().unwrap();
        let _second = standing.wait(WaitReason::Rate, "second");
        let second = standing.stall().unwrap();
        assert_eq!((second.since, second.detail.as_str()), (first.since, "second"));
    }

    #[test]
    fn a_short_wait_is_not_told() {
        let standing = Standing::default();
        let wait = standing.wait(WaitReason::Destination, "dwh");
        assert_eq!(standing.stall(), None);
        drop(wait);
        assert!(standing.waits().list.is_empty());
    }
}
