//! How many claims a second the queue stands, from one daemon to hundreds, with few jobs in the table and with many.
//!
//! `make claims`

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that fails shall stop, and says what it found"
)]

use std::{env, time::Duration};

use backfill_compute::bench::ClaimBench;

const PERIOD: Duration = Duration::from_secs(5);

fn main() {
    // Whoever only builds all benchmarks, or runs them as tests, has no database for this one.
    let Ok(url) = env::var("BACKFILL_TEST_POSTGRES_URL") else { return };
    println!(
        "| jobs that wait | jobs that are done | daemons | claims/s | vain looks/s | median look | slowest 1 % |"
    );
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (pending, completed) in [(10, 0), (10_000, 0), (10_000, 100_000)] {
        let bench = ClaimBench::new(&url, pending, completed).unwrap();
        for daemons in [1, 20, 200] {
            let rate = bench.run(daemons, PERIOD).unwrap();
            println!(
                "| {pending} | {completed} | {daemons} | {:.0} | {:.0} | {:.1} ms | {:.1} ms |",
                rate.claims_per_second,
                rate.vain_per_second,
                rate.median.as_secs_f64() * 1000.0,
                rate.slow.as_secs_f64() * 1000.0,
            );
        }
    }
}
