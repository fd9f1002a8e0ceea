//! How fast a job runs.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// The time over which speed is averaged: long enough to be steady, short enough to show a stall.
const WINDOW: Duration = Duration::from_secs(10);

/// Rows and bytes of the last seconds.
pub(crate) struct Pace {
    started: Instant,
    marks: VecDeque<(Instant, i64, i64)>,
}

impl Pace {
    /// Begins to measure.
    pub(crate) fn new(now: Instant) -> Self {
        Self { started: now, marks: VecDeque::new() }
    }

    /// Takes a chunk in and returns rows and bytes a second.
    pub(crate) fn record(&mut self, now: Instant, rows: i64, bytes: i64) -> (f64, f64) {
        self.marks.push_back((now, rows, bytes));
        while self.marks.front().is_some_and(|(at, ..)| now.duration_since(*at) > WINDOW) {
            if let Some((at, ..)) = self.marks.pop_front() {
                self.started = at;
            }
        }
        let seconds = now.duration_since(self.started).as_secs_f64().max(0.001);
        let (rows, bytes) =
            self.marks.iter().fold((0, 0), |sum, (_, rows, bytes)| (sum.0 + rows, sum.1 + bytes));
        (rows as f64 / seconds, bytes as f64 / seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_is_that_of_the_last_seconds() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        let mut last = (0.0, 0.0);
        for second in 1..=30 {
            let rows = if second <= 15 { 1000 } else { 100 };
            last = pace.record(start + Duration::from_secs(second), rows, rows * 10);
        }
        assert_eq!(last, (100.0, 1000.0));
    }
}
