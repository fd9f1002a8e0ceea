//! The SQL that reads a chunk. Each costs what its own rows cost, wherever in the table it is, and none reads another's
//! rows.
//!
//! Along a key, chunks are cut as they are read: one begins behind the last key of the one before and takes the next
//! rows of the key's index. By pages, a chunk is a range of them, which is complete under one snapshot alone.

use backfill_domain::{
    plan::{Plan, Section, Strategy},
    sql::literal,
    table::TableReference,
};
use backfill_pg::Client;

use super::{Bounds, Selection, Shape, SourceError};
use crate::{key::KeyColumns, wire::Layout};

/// Plans that would read more than the range of pages: none of them is to be chosen.
const BY_PAGES: &str = "SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off; \
     SET LOCAL enable_indexonlyscan = off; SET LOCAL enable_bitmapscan = off";

/// How the rows of a table are asked for.
pub(crate) struct Walk {
    plan: Plan,
    table: String,
    relations: Vec<String>,
    condition: Option<String>,
    key: KeyColumns,
    shape: Shape,
}

impl Walk {
    /// The way through the selected rows by `plan`.
    pub(crate) fn new(selection: &Selection, plan: Plan) -> Result<Self, SourceError> {
        let relations = plan.sections.iter().map(relation);
        Ok(Self {
            table: selection.table.table_name().to_sql(),
            relations: relations.collect::<Result<_, _>>()?,
            condition: selection.condition.clone(),
            key: KeyColumns::of(&selection.table),
            shape: selection.shape.clone(),
            plan,
        })
    }

    /// The plan.
    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The key that chunks are cut by; without columns for a table without one.
    pub(crate) fn key(&self) -> &KeyColumns {
        &self.key
    }

    /// How a section is cut into chunks.
    pub(crate) fn strategy(&self, section: usize) -> Strategy {
        self.plan.sections[section].strategy
    }

    /// The quoted name of the table that the job copies.
    pub(crate) fn table(&self) -> &str {
        &self.table
    }

    /// The quoted name of the relation that a section reads.
    pub(crate) fn relation(&self, section: usize) -> &str {
        &self.relations[section]
    }

    /// Within a transaction: has the relation stay as it is until the end, and reads nothing. COPY takes its snapshot
    /// before it waits for the table; had another session written the table anew meanwhile, as many an ALTER TABLE
    /// does, that snapshot would find it empty.
    pub(crate) fn hold_sql(&self, section: usize) -> String {
        let mut sql = String::new();
        if let Some(search_path) = self.key.search_path() {
            sql.push_str(&format!("SET LOCAL search_path = {search_path}; "));
        }
        if self.strategy(section) == Strategy::PageRanges {
            sql.push_str(&format!("{BY_PAGES}; "));
        }
        sql.push_str(&format!("SELECT FROM {} LIMIT 0", self.relation(section)));
        sql
    }

    /// Makes sure that the table still is what the job began with, and the section's relation a part of it, within the
    /// transaction that holds it.
    pub(crate) fn check_shape(&self, client: &mut Client, section: usize) -> Result<(), SourceError> {
        let is_kept = self.shape.is_kept_by(&Shape::of(client, &self.table, None)?);
        if is_kept && self.is_part(client, section)? {
            Ok(())
        } else {
            Err(SourceError::Altered(self.table.clone()))
        }
    }

    fn is_part(&self, client: &mut Client, section: usize) -> Result<bool, SourceError> {
        let relation = self.relation(section);
        if relation == self.table {
            return Ok(true);
        }
        let query = "SELECT EXISTS (SELECT FROM pg_catalog.pg_partition_ancestors($1::text::regclass) \
                     WHERE relid = $2::text::regclass)";
        Ok(client.query_one(query, &[&relation, &self.table])?.get(0))
    }

    /// The COPY that reads the rows of a section within `bounds`, or the next `limit` of them.
    pub(crate) fn copy_sql(
        &self,
        layout: &Layout,
        section: usize,
        bounds: &Bounds,
        limit: Option<u64>,
    ) -> String {
        let conditions: Vec<_> = self.condition.iter().cloned().chain(self.within(section, bounds)).collect();
        let mut query = format!("SELECT {} FROM {} AS source", layout.select_list(), self.relation(section));
        if !conditions.is_empty() {
            query.push_str(&format!(" WHERE {}", conditions.join(" AND ")));
        }
        if self.strategy(section) == Strategy::KeyRanges {
            query.push_str(&format!(" ORDER BY {}", self.key.list("source")));
        }
        if let Some(limit) = limit {
            query.push_str(&format!(" LIMIT {limit}"));
        }
        format!("COPY ({query}) TO STDOUT (FORMAT binary)")
    }

    fn within(&self, section: usize, bounds: &Bounds) -> Vec<String> {
        let page = |operator: &str, page: i64| {
            format!("source.ctid {operator} {}::tid", literal(&format!("({page},0)")).trim_start())
        };
        match bounds {
            Bounds::Keys { lower, upper } => {
                let lower = lower.as_ref().map(|key| self.key.compare("source", ">", key));
                lower
                    .into_iter()
                    .chain(upper.as_ref().map(|key| self.key.compare("source", "<=", key)))
                    .collect()
            }
            Bounds::Pages { lower, upper } => {
                let upper = upper.map(|upper| page("<", upper));
                std::iter::once(page(">=", *lower)).chain(upper).collect()
            }
            Bounds::Whole if self.strategy(section) == Strategy::CatchUp => {
                self.changed_since().into_iter().collect()
            }
            Bounds::Whole => Vec::new(),
        }
    }

    /// Rows whose version is younger than the job. Ages are compared and not ids, which wrap around; a row that was not
    /// touched for two thousand million transactions may look young, and is read once more in vain.
    fn changed_since(&self) -> Option<String> {
        let began = self.plan.began_at_transaction.as_ref()?;
        Some(format!(
            "pg_catalog.age(source.xmin) <= pg_catalog.age({}::xid8::xid)",
            literal(began).trim_start()
        ))
    }
}

fn relation(section: &Section) -> Result<String, SourceError> {
    let reference: TableReference = section.relation.parse()?;
    // A name in the form in which it is shown stands for exactly one table.
    let name = reference.candidates().into_iter().next();
    name.map(|name| name.to_sql()).ok_or_else(|| SourceError::NoTable(section.relation.clone()))
}
