//! Where to cut a table into ranges of a column with about as many rows each.

use backfill_domain::{
    catalog::Table,
    sql::{identifier, literal},
};

use crate::{Client, error::PgError};

/// The histogram of column `$3` of table `$1`.`$2`, as far as it is all that statistics know of its values.
const HISTOGRAM: &str = "
    SELECT s.histogram_bounds::text::text[]
    FROM pg_catalog.pg_stats s
    WHERE s.schemaname = $1 AND s.tablename = $2 AND s.attname = $3 AND s.most_common_vals IS NULL
      AND s.histogram_bounds IS NOT NULL
    ORDER BY s.inherited DESC LIMIT 1";

/// The pages of the table `$1`, those of its partitions counted in.
const PAGES: &str = "
    SELECT COALESCE(pg_catalog.sum(pg_catalog.pg_relation_size(oid)), 0)::float8
               / pg_catalog.current_setting('block_size')::float8
    FROM (
        SELECT relid AS oid FROM pg_catalog.pg_partition_tree($1::text::regclass)
        UNION SELECT $1::text::regclass::oid
    ) AS part";

/// A histogram serves as long as each range is so many of its buckets: less would be too uneven.
const BUCKETS_OF_A_RANGE: usize = 4;

/// Pages whose keys are looked at where there is no histogram.
const SAMPLED_PAGES: f64 = 1000.0;

/// The values between `count` ranges of the table's `column`, in order; fewer where it has not as many. They come from
/// statistics or from the rows of a thousand pages: what that costs does not depend on the table's size.
///
/// # Errors
/// If the server refuses the queries or the connection breaks.
pub fn cuts(client: &mut Client, table: &Table, column: &str, count: usize) -> Result<Vec<String>, PgError> {
    if count < 2 {
        return Ok(Vec::new());
    }
    let mut cuts = match histogram(client, table, column)? {
        Some(bounds) if bounds.len() > count * BUCKETS_OF_A_RANGE => {
            let buckets = bounds.len() - 1;
            (1..count).map(|at| bounds[at * buckets / count].clone()).collect()
        }
        _ => sample(client, table, column, count)?,
    };
    cuts.dedup();
    Ok(cuts)
}

fn histogram(client: &mut Client, table: &Table, column: &str) -> Result<Option<Vec<String>>, PgError> {
    let row = client.query_opt(HISTOGRAM, &[&table.schema, &table.name, &column])?;
    Ok(row.map(|row| row.get(0)))
}

/// Pages are taken at random, so that rows need not lie in the column's order.
fn sample(client: &mut Client, table: &Table, column: &str, count: usize) -> Result<Vec<String>, PgError> {
    let (from, column) = (table.table_name().to_sql(), identifier(column));
    let pages: f64 = client.query_one(PAGES, &[&from])?.get(0);
    let percent = (100.0 * SAMPLED_PAGES / pages.max(1.0)).min(100.0);
    let shares: Vec<_> = (1..count).map(|at| (at as f64 / count as f64).to_string()).collect();
    let shares = literal(&format!("{{{}}}", shares.join(",")));
    let query = format!(
        "SELECT pg_catalog.percentile_disc({shares}::float8[]) WITHIN GROUP (ORDER BY {column})::text::text[] \
         FROM {from} TABLESAMPLE SYSTEM ({percent})"
    );
    // None where the sample is empty.
    let cuts: Option<Vec<Option<String>>> = client.query_one(&query, &[])?.get(0);
    Ok(cuts.unwrap_or_default().into_iter().flatten().collect())
}
