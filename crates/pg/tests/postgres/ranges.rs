//! Where tables are cut into ranges.

use backfill_domain::{catalog::Table, table::TableReference};
use backfill_pg::{Client, cuts, find_table};

use crate::database::{Database, execute, value};

fn table(client: &mut Client, name: &str) -> Table {
    let reference: TableReference = name.parse().unwrap();
    find_table(client, &reference).unwrap().unwrap()
}

/// Rows of each range of a table's column between cuts.
fn sizes(client: &mut Client, table: &Table, column: &str, cuts: &[String]) -> Vec<usize> {
    let (name, type_name) = (&table.name, &table.column(column).unwrap().type_name);
    let cuts: Vec<_> = cuts.iter().map(|cut| format!("'{cut}'")).collect();
    let query = format!(
        "SELECT string_agg(rows::text, ' ' ORDER BY range) FROM (
             SELECT range, count({column}) AS rows
             FROM generate_series(0, {}) AS range LEFT JOIN public.{name}
                 ON width_bucket({column}, ARRAY[{}]::{type_name}[]) = range
             GROUP BY range) AS ranges",
        cuts.len(),
        cuts.join(", "),
    );
    let sizes = value(client, &query).unwrap().unwrap();
    sizes.split(' ').map(|size| size.parse().unwrap()).collect()
}

const KEYS: &str = "CREATE TABLE numbers (id bigint PRIMARY KEY); CREATE TABLE uuids (id uuid PRIMARY KEY);
    CREATE TABLE texts (id text COLLATE \"C\" PRIMARY KEY); CREATE TABLE times (id timestamptz PRIMARY KEY);
    INSERT INTO numbers SELECT n * n FROM generate_series(1, 20000) n;
    INSERT INTO uuids SELECT md5(n::text)::uuid FROM generate_series(1, 20000) n;
    INSERT INTO texts SELECT 'it''s {' || n || '}, \"\\' FROM generate_series(1, 20000) n;
    INSERT INTO times SELECT '2024-01-01'::timestamptz + n * '1 min'::interval FROM generate_series(1, 20000) n;";

#[test]
fn ranges_have_about_as_many_rows_with_and_without_statistics() {
    let database = Database::with(KEYS);
    let mut client = database.connect();
    for analyze in ["SELECT", "ANALYZE public.numbers, public.uuids, public.texts, public.times"] {
        execute(&mut client, analyze);
        for name in ["numbers", "uuids", "times"] {
            let table = table(&mut client, name);
            let cuts = cuts(&mut client, &table, "id", 8).unwrap();
            let sizes = sizes(&mut client, &table, "id", &cuts);
            assert_eq!(sizes.len(), 8, "{name} after {analyze}");
            assert!(
                sizes.iter().all(|size| (1500..4000).contains(size)),
                "{name} after {analyze}: {sizes:?}"
            );
        }
        let table = table(&mut client, "texts");
        let cuts = cuts(&mut client, &table, "id", 8).unwrap();
        assert_eq!(cuts.len(), 7);
        assert!(
            cuts.is_sorted() && cuts[0].starts_with("it's {") && cuts[0].ends_with("}, \"\\"),
            "{cuts:?}"
        );
    }
}

#[test]
fn a_small_table_has_fewer_ranges_and_an_empty_one_a_single_one() {
    let database = Database::with(
        "CREATE TABLE few (id int PRIMARY KEY); INSERT INTO few VALUES (1), (2), (3);
         CREATE TABLE none (id int PRIMARY KEY);
         CREATE TABLE skewed (tenant int, id int, PRIMARY KEY (tenant, id));
         INSERT INTO skewed SELECT CASE WHEN n % 10 = 0 THEN n ELSE 7 END, n FROM generate_series(1, 10000) n;
         ANALYZE skewed",
    );
    let mut client = database.connect();
    let mut cut = |name: &str, column: &str, count| {
        let table = table(&mut client, name);
        cuts(&mut client, &table, column, count).unwrap()
    };
    assert_eq!(cut("few", "id", 10), ["1", "2", "3"]);
    assert_eq!(cut("few", "id", 1), [""; 0]);
    assert_eq!(cut("none", "id", 10), [""; 0]);
    // The histogram leaves out the value that most rows have.
    let skewed = cut("skewed", "tenant", 4);
    assert_eq!(skewed[0], "7", "{skewed:?}");
}

#[test]
fn partitions_are_looked_at_together() {
    let database = Database::with(
        "CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY RANGE (id);
         CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (5000);
         CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (5000) TO (100000);
         INSERT INTO parts SELECT generate_series(0, 19999)",
    );
    let mut client = database.connect();
    let table = table(&mut client, "parts");
    let cuts = cuts(&mut client, &table, "id", 4).unwrap();
    assert_eq!(sizes(&mut client, &table, "id", &cuts), [4999, 5000, 5000, 5001]);
}

/// What is read is counted by the server: a thousand pages of many.
#[test]
fn no_table_is_read_as_a_whole() {
    let database = Database::with(
        "CREATE TABLE wide (id int PRIMARY KEY, filler text) WITH (autovacuum_enabled = false);
         INSERT INTO wide SELECT n, repeat('x', 1500) FROM generate_series(1, 50000) n",
    );
    let mut client = database.connect();
    let table = table(&mut client, "wide");
    let read = |client: &mut Client| -> i64 {
        execute(client, "SELECT pg_stat_force_next_flush()");
        let reads = "SELECT heap_blks_read + heap_blks_hit FROM pg_statio_user_tables WHERE relname = 'wide'";
        value(client, reads).unwrap().unwrap().parse().unwrap()
    };
    let before = read(&mut client);
    let cuts = cuts(&mut client, &table, "id", 10).unwrap();
    let pages = read(&mut client) - before;
    assert!(cuts.len() == 9 && (700..1300).contains(&pages), "{pages} of 10,000 pages");
}
