//! Campaigns: a table or a period cut into jobs that any daemon may take.

use serde_json::{Value, json};

use crate::harness::{Campaign, Place, Process, Stack, eventually, orders};

fn ranges(count: u32, max_running: u32) -> Value {
    json!({"name": "orders", "table_name": "orders", "ranges": {"count": count}, "max_running": max_running})
}

/// `orders(…)` has a row a minute from 2024 on: so many days of it.
fn days(days: u32, more: &Value) -> Value {
    let to = format!("2024-01-{:02}", days + 1);
    let mut request = json!({
        "name": "orders by day", "table_name": "orders",
        "window": {"column": "placed", "unit": "day", "from": "2024-01-01", "to": to, "include_null": true},
    });
    for (name, value) in more.as_object().unwrap() {
        request[name] = value.clone();
    }
    request
}

/// Daemons that run one job each and are ready for it.
fn daemons(stack: &Stack, count: usize) -> Vec<Process> {
    let daemons = (0..count).map(|_| stack.daemon_with(&[("BACKFILL_MAX_JOBS", "1")])).collect();
    eventually("the daemons to be ready", || {
        (stack.client.get("/workers").json(200)["total"] == count).then_some(())
    });
    daemons
}

/// How many jobs each of the daemons has taken up.
fn shares(daemons: &[Process]) -> Vec<usize> {
    daemons.iter().map(|daemon| daemon.log().matches(" begins: ").count()).collect()
}

/// They all find no table, and make it at the same time.
#[test]
fn three_daemons_share_the_ranges_of_one_table() {
    let stack = Stack::with_batches(200, &orders(20_000));
    let daemons = daemons(&stack, 3);
    let campaign = Campaign::create(&stack, &[Place::Postgres, Place::Parquet], &ranges(12, 3));
    assert_eq!(campaign.completes(), 20_000);
    let shares = shares(&daemons);
    assert_eq!(shares.iter().sum::<usize>(), 12);
    assert!(shares.iter().all(|share| *share > 0), "{shares:?}");
    campaign.job(1).compare_in(Place::Postgres, "orders");
    let windows = campaign.windows();
    let in_files: i64 = (1..=12).map(|at| campaign.job(at).rows_in(Place::Parquet, "orders")).sum();
    assert_eq!((in_files, windows.len()), (20_000, 12));
}

#[test]
fn a_daemon_that_is_killed_loses_nothing() {
    let stack = Stack::with_batches(100, &orders(6000));
    stack.slow_down("orders", 20);
    let mut daemons = daemons(&stack, 3);
    let campaign = Campaign::create(&stack, &[Place::Postgres], &ranges(9, 3));
    for _ in 0..2 {
        let before = campaign.get()["count_record"].as_i64();
        campaign.becomes("under way", |now| now["count_record"].as_i64() > before);
        daemons.remove(0).kill();
        stack.expire_leases();
    }
    assert_eq!(campaign.completes(), 6000);
    campaign.job(1).compare_in(Place::Postgres, "orders");
}

/// What a campaign may run at once is counted over all daemons, and those that wait hold up nobody else.
#[test]
fn no_more_run_than_may_and_others_go_ahead() {
    let stack = Stack::with_batches(
        10,
        &format!("{} CREATE TABLE other (id int PRIMARY KEY); INSERT INTO other VALUES (1)", orders(800)),
    );
    stack.slow_down("orders", 30);
    let _daemons = [stack.daemon(), stack.daemon()];
    let campaign = Campaign::create(&stack, &[Place::Postgres], &ranges(8, 2));
    campaign.becomes("under way", |now| now["windows"]["executing"] == 2);
    let waiting = campaign.job(8);
    assert!(waiting.waits_for("campaign_slot").contains("jobs of its campaign come before it"));
    let other = stack.append(&[Place::Postgres], "other");
    assert_eq!(other.completes(), 1);
    // Of what the metadata database has seen, no moment had more.
    let overlaps = "SELECT max(together) FROM (
        SELECT count(*) AS together FROM queue_backfill_data AS one JOIN queue_backfill_data AS other
            ON other.campaign_id = one.campaign_id AND other.started_at <= one.started_at
               AND COALESCE(other.finished_at, 'infinity') > one.started_at
        GROUP BY one.id) AS moments";
    assert_eq!(campaign.completes(), 800);
    assert_eq!(stack.metadata.value(overlaps), "2");
}

#[test]
fn windows_are_copied_in_order_and_null_is_one_of_them() {
    let stack =
        Stack::new(&format!("{} UPDATE orders SET placed = NULL WHERE id % 10 = 0", orders(4 * 1440 - 1)));
    let _daemon = stack.daemon();
    let more = json!({"order": "newest_first", "max_running": 1});
    let campaign = Campaign::create(&stack, &[Place::Postgres, Place::DuckDb], &days(4, &more));
    assert_eq!(campaign.completes(), 4 * 1440 - 1);
    campaign.job(1).compare("orders").assert_equal();
    let begun =
        "SELECT string_agg(campaign_position::text, ' ' ORDER BY started_at) FROM queue_backfill_data";
    assert_eq!(stack.metadata.value(begun), "1 2 3 4 5");
    let windows = campaign.windows();
    let lower: Vec<_> = windows.iter().map(|window| window["lower"].as_str().unwrap_or("NULL")).collect();
    assert!(lower.is_sorted_by(|one, next| one > next || *next == "NULL"), "{lower:?}");
    assert_eq!((&windows[4]["is_null"], &windows[4]["count_record"]), (&json!(true), &json!(575)));
}

#[test]
fn a_window_that_has_failed_is_copied_once_more() {
    let stack = Stack::new(&orders(3 * 1440 - 1));
    stack.slow_down("orders", 0);
    stack.destination.execute("ALTER TABLE orders ADD CONSTRAINT early CHECK (placed < '2024-01-03')");
    let _daemon = stack.daemon();
    let campaign = Campaign::create(&stack, &[Place::Postgres], &days(3, &json!({"write_mode": "upsert"})));
    let ended = campaign.ends();
    assert_eq!((&ended["windows"]["done"], &ended["windows"]["failed"]), (&json!(3), &json!(1)), "{ended:#}");
    assert_eq!(ended["verified"], Value::Null);
    let window = &campaign.windows()[2];
    assert!(window["error_message"].as_str().unwrap().contains("early"), "{window:#}");
    stack.destination.execute("ALTER TABLE orders DROP CONSTRAINT early");
    campaign.post("rerun", &json!({"only": "failed"}));
    assert_eq!(campaign.completes(), 3 * 1440 - 1);
    // All of them once more: what is there is upserted.
    campaign.post("rerun", &json!({"only": {"windows": [1, 2, 3, 4]}}));
    assert_eq!(campaign.completes(), 3 * 1440 - 1);
    campaign.job(1).compare_in(Place::Postgres, "orders");
}

#[test]
fn all_of_it_is_cancelled_resumed_verified_and_repaired() {
    let stack = Stack::with_batches(50, &orders(2000));
    stack.slow_down("orders", 20);
    let _daemon = stack.daemon();
    let campaign = Campaign::create(&stack, &[Place::Postgres], &ranges(5, 2));
    campaign.becomes("under way", |now| now["count_record"].as_i64() > Some(0));
    campaign.post("cancel", &json!({}));
    let cancelled = campaign.ends();
    assert!(cancelled["windows"]["cancelled"].as_i64() >= Some(4), "{cancelled:#}");
    campaign.post("resume", &json!({}));
    assert_eq!(campaign.completes(), 2000);
    stack.destination.execute("UPDATE orders SET customer = 'nobody' WHERE id IN (7, 1900)");
    campaign.post("verify", &json!({}));
    assert_eq!(campaign.ends()["verified"], false);
    campaign.post("repair", &json!({}));
    assert_eq!(campaign.completes(), 2000);
    campaign.job(1).compare_in(Place::Postgres, "orders");
}
