//! Compares source and destination by means that are not Backfill's: PostgreSQL's own digests, and DuckDB reading
//! both sides.

use std::env;

use duckdb::{Connection, Row};

use super::{Database, Job, Place, Stack, eventually};

/// A comparison of what a job has copied with the source as it is now.
#[must_use = "nothing is compared before `assert_equal`"]
pub(crate) struct Comparison<'a> {
    job: &'a Job<'a>,
    source: String,
    held: String,
    columns: String,
    columns_held: String,
    condition: String,
    condition_held: String,
}

impl<'a> Comparison<'a> {
    pub(crate) fn new(job: &'a Job<'a>, table: &str) -> Self {
        Self {
            job,
            source: format!("public.{table}"),
            held: table.to_owned(),
            columns: "*".to_owned(),
            columns_held: "*".to_owned(),
            condition: "true".to_owned(),
            condition_held: "true".to_owned(),
        }
    }

    /// The source's table is in another schema.
    pub(crate) fn in_schema(self, schema: &str) -> Self {
        let source = format!("{schema}.{}", self.held);
        Self { source, ..self }
    }

    /// Compares with another of the source's tables.
    pub(crate) fn in_source(self, table: &str) -> Self {
        Self { source: format!("public.{table}"), ..self }
    }

    /// Compares these columns alone.
    pub(crate) fn columns(self, columns: &str) -> Self {
        Self { columns: columns.to_owned(), columns_held: columns.to_owned(), ..self }
    }

    /// Compares these columns of the source with those of the destinations, in their order.
    pub(crate) fn renamed(self, columns: &str, columns_held: &str) -> Self {
        Self { columns: columns.to_owned(), columns_held: columns_held.to_owned(), ..self }
    }

    /// The destinations must hold those of the source's rows for which this is true, and no others.
    pub(crate) fn filtered(self, condition: &str) -> Self {
        Self { condition: condition.to_owned(), ..self }
    }

    /// Looks on both sides only at rows for which this is true.
    pub(crate) fn among(self, condition: &str) -> Self {
        Self { condition: condition.to_owned(), condition_held: condition.to_owned(), ..self }
    }

    /// Asserts that every destination of the job holds what the source does.
    #[track_caller]
    pub(crate) fn assert_equal(self) {
        for place in &self.job.places {
            match place {
                Place::Postgres => self.assert_equal_in_postgres(),
                Place::DuckDb | Place::Parquet => self.assert_equal_in_duckdb(*place),
            }
        }
    }

    #[track_caller]
    fn assert_equal_in_postgres(&self) {
        let Stack { source, destination, .. } = self.job.stack;
        let held = format!("public.{}", self.held);
        let wanted = digest(source, &self.columns, &self.source, &self.condition);
        assert_eq!(
            digest(destination, &self.columns_held, &held, &self.condition_held),
            wanted,
            "{held} in PostgreSQL"
        );
    }

    #[track_caller]
    fn assert_equal_in_duckdb(&self, place: Place) {
        let stack = self.job.stack;
        let connection = reader(stack, place);
        let select = |columns: &str, from: &str, condition: &str| {
            format!("SELECT {columns} FROM {from} WHERE {condition}")
        };
        let source = select(&self.columns, &format!("source.{}", self.source), &self.condition);
        let held = match place {
            Place::DuckDb => format!("held.main.{}", self.held),
            _ => parquet(stack, self.job.id),
        };
        let held = select(&self.columns_held, &held, &self.condition_held);
        let differ = format!(
            "SELECT (SELECT count(*) FROM ({source})), (SELECT count(*) FROM ({held})),
                    (SELECT count(*) FROM ({source} EXCEPT ALL {held})), (SELECT count(*) FROM ({held} EXCEPT ALL {source}))"
        );
        let counts = |row: &Row<'_>| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]);
        let [rows, in_place, missing, extra]: [i64; 4] = connection
            .query_row(&differ, [], counts)
            .unwrap_or_else(|error| panic!("{place:?}: {error}\n{differ}"));
        assert_eq!(
            (in_place, missing, extra),
            (rows, 0, 0),
            "{place:?}: rows held, missing, extra; of {rows} in the source"
        );
    }
}

/// Number and digest of rows, by PostgreSQL.
#[track_caller]
fn digest(database: &Database, columns: &str, table: &str, condition: &str) -> String {
    database.value(&format!(
        "SELECT count(*) || ' rows, ' || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text COLLATE \"C\")), '')
         FROM (SELECT {columns} FROM {table} WHERE {condition}) AS t"
    ))
}

/// What DuckDB calls the files of a job.
fn parquet(stack: &Stack, job: i64) -> String {
    format!("read_parquet('{}/*/job-{job}/part-*.parquet')", stack.folder.path_of("lake"))
}

/// A DuckDB of the test's own that sees the source as `source` and the DuckDB destination as `held`.
#[track_caller]
fn reader(stack: &Stack, place: Place) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    let extensions =
        env::var("BACKFILL_EXTENSION_DIR").expect("BACKFILL_EXTENSION_DIR is not set: run `make test`");
    let (source, file) = (stack.source.url(), stack.folder.path_of("dwh.duckdb"));
    let setup = format!(
        "SET autoinstall_known_extensions = false; SET autoload_known_extensions = false; SET threads = 2;
         SET TimeZone = 'UTC'; SET extension_directory = '{extensions}'; LOAD postgres;
         ATTACH '{source}' AS source (TYPE postgres, READ_ONLY);"
    );
    connection.execute_batch(&setup).unwrap();
    if place == Place::DuckDb {
        // Another job may have the file open.
        let attach = || connection.execute_batch(&format!("ATTACH '{file}' AS held (READ_ONLY)"));
        eventually("the DuckDB file to be free", || match attach() {
            Err(error) if error.to_string().contains("lock") => None,
            Err(error) => panic!("{error}"),
            Ok(()) => Some(()),
        });
    }
    connection
}

impl Job<'_> {
    /// Asserts that one destination holds what the source does of a table, by whichever jobs that has come.
    #[track_caller]
    pub(crate) fn compare_in(&self, place: Place, table: &str) {
        Job::new(self.stack, self.id, &[place]).compare(table).assert_equal();
    }

    /// Rows of a query in a columnar destination, whose table it calls `{}`; each as the text of one value.
    #[track_caller]
    pub(crate) fn select_in(&self, place: Place, table: &str, query: &str) -> Vec<String> {
        let table = match place {
            Place::DuckDb => format!("held.main.{table}"),
            _ => parquet(self.stack, self.id),
        };
        let query = query.replace("{}", &table);
        let connection = reader(self.stack, place);
        let mut statement = connection.prepare(&query).unwrap_or_else(|error| panic!("{error}\n{query}"));
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// Rows that a destination of the job holds of a table.
    #[track_caller]
    pub(crate) fn rows_in(&self, place: Place, table: &str) -> i64 {
        match place {
            Place::Postgres => self.stack.destination.count(&format!("public.{table}")),
            _ => self.select_in(place, table, "SELECT count(*)::VARCHAR FROM {}")[0].parse().unwrap(),
        }
    }
}
