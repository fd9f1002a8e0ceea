//! Metrics for Prometheus.

use std::time::Duration;

use prometheus::{Gauge, GaugeVec, HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry, TextEncoder};

use crate::services::stats::Stats;

/// What the service counts, and what it reports when it is asked. Cloning it shares the counts.
#[derive(Clone)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    latency: HistogramVec,
    jobs: GaugeVec,
    oldest_pending: Gauge,
    database_up: Gauge,
    connections: GaugeVec,
}

impl Metrics {
    pub(crate) fn new() -> prometheus::Result<Self> {
        let metrics = Self {
            registry: Registry::new(),
            requests: IntCounterVec::new(
                Opts::new("backfill_http_requests_total", "Requests answered."),
                &["method", "route", "status"],
            )?,
            latency: HistogramVec::new(
                HistogramOpts::new(
                    "backfill_http_request_duration_seconds",
                    "Time from a request to its answer.",
                ),
                &["method", "route"],
            )?,
            jobs: GaugeVec::new(Opts::new("backfill_jobs", "Jobs by state."), &["status"])?,
            oldest_pending: Gauge::new(
                "backfill_oldest_pending_seconds",
                "How long the oldest pending job has been waiting; 0 without one.",
            )?,
            database_up: Gauge::new("backfill_database_up", "Whether the metadata database answers.")?,
            connections: GaugeVec::new(
                Opts::new("backfill_pool_connections", "Connections to the metadata database."),
                &["state"],
            )?,
        };
        metrics.register()?;
        Ok(metrics)
    }

    fn register(&self) -> prometheus::Result<()> {
        self.registry.register(Box::new(self.requests.clone()))?;
        self.registry.register(Box::new(self.latency.clone()))?;
        self.registry.register(Box::new(self.jobs.clone()))?;
        self.registry.register(Box::new(self.oldest_pending.clone()))?;
        self.registry.register(Box::new(self.database_up.clone()))?;
        self.registry.register(Box::new(self.connections.clone()))
    }

    /// Counts a request; `route` is the pattern it matched, so that ids don't multiply the series.
    pub(crate) fn observe(&self, method: &str, route: &str, status: u16, took: Duration) {
        self.requests.with_label_values(&[method, route, &status.to_string()]).inc();
        self.latency.with_label_values(&[method, route]).observe(took.as_secs_f64());
    }

    /// Everything as text: the counts, the queue's `stats` where they could be had, and the pool's connections in
    /// use and idle.
    pub(crate) fn render(
        &self,
        stats: Option<&Stats>,
        connections: (u32, u32),
    ) -> prometheus::Result<String> {
        self.database_up.set(f64::from(u8::from(stats.is_some())));
        self.connections.with_label_values(&["used"]).set(connections.0.into());
        self.connections.with_label_values(&["idle"]).set(connections.1.into());
        self.jobs.reset();
        if let Some(stats) = stats {
            for (status, jobs) in &stats.jobs {
                self.jobs.with_label_values(&[status]).set(*jobs as f64);
            }
            self.oldest_pending.set(stats.oldest_pending_seconds.unwrap_or(0.0));
        }
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }
}
