//! Places on a chunk's way where a test makes the daemon die, fail or stop: between any two steps that must not come
//! apart. Release builds pass them by.
//!
//! `BACKFILL_FAILPOINTS` says what happens where: `postgres-noted=kill@3,duckdb-noted=hold` kills the daemon when it
//! comes to `postgres-noted` for the third time, and holds the thread up that comes to `duckdb-noted` first.

use std::{
    env,
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use signal_hook::{
    consts::signal::{SIGKILL, SIGSTOP},
    low_level::raise,
};

/// An error that a test has asked for.
#[derive(Debug, thiserror::Error)]
#[error("the failpoint {0} was told to fail")]
pub(crate) struct Planned(&'static str);

/// What happens at a point.
#[derive(Debug, Clone, Copy)]
enum Action {
    /// The process ends at once, as by any SIGKILL.
    Kill,
    /// The process stops until it gets SIGCONT.
    Stop,
    /// The thread goes no further; the others do.
    Hold,
    /// The step fails.
    Error,
}

struct Plan {
    point: String,
    action: Action,
    /// The visit to the point that counts: 1 for the first.
    visit: u32,
    visits: AtomicU32,
}

/// What the environment says; `None` if it cannot be read.
static PLANS: LazyLock<Option<Vec<Plan>>> = LazyLock::new(|| {
    let plans = env::var("BACKFILL_FAILPOINTS").unwrap_or_default();
    plans.split(',').filter(|plan| !plan.is_empty()).map(Plan::parse).collect()
});

/// Does what is planned for `point`, if anything.
///
/// # Errors
/// [`Planned`] if the step is to fail.
pub(crate) fn failpoint(point: &'static str) -> Result<(), Planned> {
    if !cfg!(debug_assertions) {
        return Ok(());
    }
    // A plan that cannot be read fails everywhere, so that nobody waits in vain for it.
    let plans = PLANS.as_ref().ok_or(Planned("BACKFILL_FAILPOINTS"))?;
    for plan in plans.iter().filter(|plan| plan.point == point) {
        if plan.visits.fetch_add(1, Ordering::Relaxed) + 1 == plan.visit {
            log::warn!("failpoint {point}: {:?}", plan.action);
            plan.action.happen(point)?;
        }
    }
    Ok(())
}

impl Action {
    fn happen(self, point: &'static str) -> Result<(), Planned> {
        let signal = match self {
            Self::Error => return Err(Planned(point)),
            Self::Hold => loop {
                thread::park();
            },
            Self::Kill => SIGKILL,
            Self::Stop => SIGSTOP,
        };
        raise(signal).map_err(|_| Planned(point))
    }
}

impl Plan {
    fn parse(plan: &str) -> Option<Self> {
        let (point, what) = plan.split_once('=')?;
        let (action, visit) = what.split_once('@').unwrap_or((what, "1"));
        let action = match action {
            "kill" => Action::Kill,
            "stop" => Action::Stop,
            "hold" => Action::Hold,
            "error" => Action::Error,
            _ => return None,
        };
        Some(Self { point: point.to_owned(), action, visit: visit.parse().ok()?, visits: AtomicU32::new(0) })
    }
}
