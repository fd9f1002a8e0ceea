//! What was copied when.

use serde_json::{Value, json};

use crate::harness::Scenario;

fn sum(throughput: &Value, what: &str) -> i64 {
    let points = throughput["points"].as_array().unwrap();
    points.iter().map(|point| point[what].as_i64().unwrap()).sum()
}

#[test]
fn many_chunks_make_few_points() {
    let shop = Scenario::shop();
    let job = shop.job_in("COMPLETED");
    let path = format!("/backfill/{job}/throughput");
    assert_eq!(shop.app.get(&path).json(200), json!({"bucket_seconds": 1, "points": []}));
    // Every 20 seconds one, for more than five hours.
    shop.app.database.execute(&format!(
        "INSERT INTO backfill_chunks (job_id, number, status, row_count, byte_count, attempt, finished_at)
         SELECT {job}, n, 'DONE', 10, 100, 1, '2026-01-01 00:00:00+00'::timestamptz + n * '20 s'::interval
         FROM generate_series(1, 1000) n;
         INSERT INTO backfill_chunks (job_id, number, status, row_count, byte_count, attempt)
         VALUES ({job}, 1001, 'COPYING', 10, 100, 1)"
    ));
    let throughput = shop.app.get(&path).json(200);
    let points = throughput["points"].as_array().unwrap();
    assert_eq!((&throughput["bucket_seconds"], points.len()), (&json!(300), 67));
    assert_eq!(points[0], json!({"at": "2026-01-01T00:00:00Z", "rows": 140, "bytes": 1400}));
    assert_eq!(points[1], json!({"at": "2026-01-01T00:05:00Z", "rows": 150, "bytes": 1500}));
    assert_eq!((sum(&throughput, "rows"), sum(&throughput, "bytes")), (10_000, 100_000));
    shop.app.get("/backfill/99/throughput").problem(404);
}

#[test]
fn a_time_without_a_chunk_is_shown() {
    let shop = Scenario::shop();
    let job = shop.job_in("EXECUTING");
    shop.app.database.execute(&format!(
        "INSERT INTO backfill_chunks (job_id, number, status, row_count, byte_count, attempt, finished_at)
         VALUES ({job}, 1, 'DONE', 10, 100, 1, now() - '60 s'::interval)"
    ));
    let throughput = shop.app.get(&format!("/backfill/{job}/throughput")).json(200);
    let points = throughput["points"].as_array().unwrap();
    assert!((60..80).contains(&points.len()), "{throughput}");
    assert_eq!((&points[0]["rows"], &points[1]["rows"]), (&json!(10), &json!(0)));
}

#[test]
fn all_jobs_together_have_a_throughput() {
    let shop = Scenario::shop();
    let jobs = ["COMPLETED", "EXECUTING"].map(|state| shop.job_in(state));
    for job in jobs {
        shop.app.database.execute(&format!(
            "INSERT INTO backfill_chunks (job_id, number, status, row_count, byte_count, attempt, finished_at)
             SELECT {job}, n, 'DONE', 10, 100, 1, now() - n * '1 min'::interval FROM generate_series(1, 90) n"
        ));
    }
    let lately = shop.app.get("/stats/throughput").json(200);
    assert_eq!(lately["bucket_seconds"], 60);
    assert!((59 * 20..=60 * 20).contains(&sum(&lately, "rows")), "{lately}");
    let day = shop.app.get("/stats/throughput?minutes=1440").json(200);
    assert_eq!((&day["bucket_seconds"], sum(&day, "bytes")), (&json!(900), 18_000));
    for minutes in ["0", "1441"] {
        let problem = shop.app.get(&format!("/stats/throughput?minutes={minutes}"));
        assert_eq!(problem.bad_field(), "minutes: must be from 1 to 1440");
    }
}
