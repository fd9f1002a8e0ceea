//! Which way through a table is the best, from what the source's catalogue knows of it. Nothing is read for it.

use super::{Guarantee, Plan, Section, Strategy};
use crate::{
    catalog::{Table, TableKind},
    job::WriteMode,
    table::TableName,
};

/// Pages below which the order of a relation's rows does not matter: it stays in the source's memory while it is read.
/// With pages of 8 KiB, 8 MiB.
const FEW_PAGES: i64 = 1024;

/// How often a walk along the key may read each page before ranges of pages are better.
const MOST_READS: f64 = 4.0;

/// Rows up to which those that pass filters with an index of their own are one chunk, and the largest share of the
/// table that they may be.
const FEW_ROWS: i64 = 1_000_000;
const FEW_OF: i64 = 10;

/// What the source's catalogue knows of a table and a job's filters.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The table, or each leaf of a partitioned one. Empty where the table has no pages of its own to speak of, or the
    /// user may not read its leaves.
    pub relations: Vec<RelationFacts>,
    /// Rows that the source's planner expects to pass the filters.
    pub expected_rows: i64,
    /// The index, other than the primary key's, by which it would find them.
    pub filter_index: Option<String>,
    /// Whether it would read the whole table for them.
    pub scans_all: bool,
}

/// What the catalogue knows of a table, or of a leaf.
#[derive(Debug, Clone)]
pub struct RelationFacts {
    /// Its name.
    pub name: TableName,
    /// Its pages.
    pub pages: i64,
    /// How often a walk along the primary key would read each of them: 1 where rows lie in the key's order. `None` if
    /// nothing is known.
    pub reads_along_key: Option<f64>,
}

/// What the job asks for.
#[derive(Debug, Clone, Copy)]
pub struct Wishes {
    /// What happens to keys that exist already.
    pub write_mode: WriteMode,
    /// The guarantee that its user chose.
    pub guarantee: Option<Guarantee>,
    /// Whether any destination can take a row again that it holds already.
    pub takes_changes: bool,
}

impl Plan {
    /// The plan for `table`.
    pub fn decide(table: &Table, facts: &Facts, wishes: &Wishes) -> Self {
        match reason_to_stream(table, facts, wishes) {
            Some(reason) => Self {
                guarantee: Guarantee::Snapshot,
                sections: vec![section(&table.table_name(), Strategy::Stream)],
                explanation: format!("{reason}: read as a single stream under one snapshot, all or nothing."),
                began_at_transaction: None,
            },
            None => cut(table, facts, wishes),
        }
    }
}

fn reason_to_stream(table: &Table, facts: &Facts, wishes: &Wishes) -> Option<String> {
    if table.primary_key.is_empty() {
        return Some(match table.kind {
            TableKind::View => "A view has no key to cut it by".to_owned(),
            TableKind::MaterializedView => "A materialized view has no key to cut it by".to_owned(),
            TableKind::ForeignTable => "A foreign table has no key to cut it by".to_owned(),
            TableKind::Table | TableKind::PartitionedTable => "The table has no primary key".to_owned(),
        });
    }
    let index = facts.filter_index.as_ref().filter(|_| wishes.guarantee != Some(Guarantee::Chunked))?;
    let rows = facts.expected_rows;
    let is_few = rows <= FEW_ROWS && table.estimated_rows.is_some_and(|all| rows <= all / FEW_OF);
    is_few.then(|| format!("The index {index} finds the {rows} or so rows that pass the filters"))
}

/// A plan of many chunks.
fn cut(table: &Table, facts: &Facts, wishes: &Wishes) -> Plan {
    let whole = [RelationFacts { name: table.table_name(), pages: 0, reads_along_key: None }];
    let relations = if facts.relations.is_empty() { &whole } else { facts.relations.as_slice() };
    let strategies: Vec<_> = relations.iter().map(|relation| strategy(relation, wishes)).collect();
    let by_pages = strategies.iter().filter(|strategy| **strategy == Strategy::PageRanges).count();
    let guarantee = wishes.guarantee.unwrap_or(match by_pages {
        0 => Guarantee::Chunked,
        _ => Guarantee::Snapshot,
    });
    let pairs = relations.iter().zip(&strategies);
    let mut sections: Vec<_> = pairs.map(|(relation, strategy)| section(&relation.name, *strategy)).collect();
    let mut explanation = explain(table, relations, &strategies, wishes);
    if guarantee == Guarantee::Snapshot {
        explanation.push_str(" All of it is read under one snapshot.");
    } else if wishes.takes_changes && wishes.write_mode != WriteMode::Append {
        sections.push(section(&table.table_name(), Strategy::CatchUp));
        explanation.push_str(" Rows that change meanwhile are read once more at the end.");
    }
    Plan { guarantee, sections, explanation, began_at_transaction: None }
}

/// Ranges of pages are complete under their one snapshot alone, which may be lost on the way; then the rows are copied
/// once more, which takes a way of writing that allows it.
fn strategy(relation: &RelationFacts, wishes: &Wishes) -> Strategy {
    let may_start_over = wishes.write_mode != WriteMode::Append;
    let scattered =
        relation.pages >= FEW_PAGES && relation.reads_along_key.is_some_and(|reads| reads > MOST_READS);
    if scattered && may_start_over && wishes.guarantee != Some(Guarantee::Chunked) {
        Strategy::PageRanges
    } else {
        Strategy::KeyRanges
    }
}

fn explain(table: &Table, relations: &[RelationFacts], strategies: &[Strategy], wishes: &Wishes) -> String {
    let key = table.primary_key.join(", ");
    let [relation] = relations else {
        let by_pages = strategies.iter().filter(|strategy| **strategy == Strategy::PageRanges).count();
        return format!(
            "Each of the {} partitions is copied on its own: {} along the primary key ({key}), {by_pages} by ranges of pages.",
            relations.len(),
            relations.len() - by_pages,
        );
    };
    let reads = relation.reads_along_key.map(f64::round).unwrap_or(1.0);
    let cost = format!("a walk along it reads each page about {reads} times");
    if strategies.contains(&Strategy::PageRanges) {
        return format!(
            "Chunks are ranges of pages: rows lie in another order than the primary key ({key}), {cost}."
        );
    }
    let because = match wishes.guarantee {
        _ if relation.reads_along_key.is_none() => String::new(),
        _ if relation.pages < FEW_PAGES => ", and the table is small".to_owned(),
        _ if reads <= MOST_READS => ", in whose order rows lie on their pages".to_owned(),
        Some(Guarantee::Chunked) => format!(", as asked for, although {cost}"),
        _ => format!(", although {cost}: rows that are appended cannot be started over"),
    };
    format!("Chunks are ranges of the primary key ({key}){because}.")
}

fn section(relation: &TableName, strategy: Strategy) -> Section {
    Section { relation: relation.to_string(), strategy }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(kind: TableKind, primary_key: &[&str]) -> Table {
        Table {
            schema: "public".to_owned(),
            name: "orders".to_owned(),
            kind,
            estimated_rows: Some(3_000_000),
            bytes: None,
            columns: Vec::new(),
            primary_key: primary_key.iter().map(|name| (*name).to_owned()).collect(),
            indexes: Vec::new(),
        }
    }

    fn relation(name: &str, pages: i64, reads_along_key: f64) -> RelationFacts {
        let name = TableName { schema: "public".to_owned(), table: name.to_owned() };
        RelationFacts { name, pages, reads_along_key: Some(reads_along_key) }
    }

    fn facts(relations: &[RelationFacts]) -> Facts {
        Facts { relations: relations.to_vec(), expected_rows: 3_000_000, filter_index: None, scans_all: true }
    }

    const UPSERT: Wishes = Wishes { write_mode: WriteMode::Upsert, guarantee: None, takes_changes: true };

    fn decide(facts: &Facts, wishes: Wishes) -> Plan {
        Plan::decide(&table(TableKind::Table, &["id"]), facts, &wishes)
    }

    fn strategies(plan: &Plan) -> Vec<Strategy> {
        plan.sections.iter().map(|section| section.strategy).collect()
    }

    #[test]
    fn rows_in_the_order_of_their_key_are_read_along_it() {
        let plan = decide(&facts(&[relation("orders", 50_000, 1.1)]), UPSERT);
        assert_eq!(plan.guarantee, Guarantee::Chunked);
        assert_eq!(strategies(&plan), [Strategy::KeyRanges, Strategy::CatchUp]);
        assert_eq!(
            plan.explanation,
            "Chunks are ranges of the primary key (id), in whose order rows lie on their pages. Rows that change \
             meanwhile are read once more at the end."
        );
    }

    #[test]
    fn scattered_rows_are_read_by_pages_under_one_snapshot() {
        let plan = decide(&facts(&[relation("orders", 50_000, 57.2)]), UPSERT);
        assert_eq!(plan.guarantee, Guarantee::Snapshot);
        assert!(plan.needs_snapshot());
        assert_eq!(strategies(&plan), [Strategy::PageRanges]);
        assert_eq!(
            plan.explanation,
            "Chunks are ranges of pages: rows lie in another order than the primary key (id), a walk along it reads \
             each page about 57 times. All of it is read under one snapshot."
        );
    }

    #[test]
    fn what_is_small_appended_or_wished_so_is_read_along_the_key() {
        let small = decide(&facts(&[relation("orders", 100, 57.0)]), UPSERT);
        assert_eq!(strategies(&small), [Strategy::KeyRanges, Strategy::CatchUp]);
        let scattered = facts(&[relation("orders", 50_000, 57.0)]);
        let append = decide(&scattered, Wishes { write_mode: WriteMode::Append, ..UPSERT });
        assert_eq!(strategies(&append), [Strategy::KeyRanges]);
        let chunked = decide(&scattered, Wishes { guarantee: Some(Guarantee::Chunked), ..UPSERT });
        assert_eq!(strategies(&chunked), [Strategy::KeyRanges, Strategy::CatchUp]);
        assert!(!chunked.needs_snapshot());
    }

    #[test]
    fn a_snapshot_that_was_asked_for_needs_no_pass_that_catches_up() {
        let plan = decide(
            &facts(&[relation("orders", 50_000, 1.0)]),
            Wishes { guarantee: Some(Guarantee::Snapshot), ..UPSERT },
        );
        assert_eq!(plan.guarantee, Guarantee::Snapshot);
        assert!(plan.needs_snapshot());
        assert_eq!(strategies(&plan), [Strategy::KeyRanges]);
    }

    #[test]
    fn each_leaf_of_a_partitioned_table_has_its_own_way() {
        let leaves = [relation("orders_1", 50_000, 1.0), relation("orders_2", 50_000, 80.0)];
        let plan = Plan::decide(&table(TableKind::PartitionedTable, &["id"]), &facts(&leaves), &UPSERT);
        assert_eq!(strategies(&plan), [Strategy::KeyRanges, Strategy::PageRanges]);
        assert_eq!(plan.sections[1].relation, "public.orders_2");
        assert_eq!(
            plan.explanation,
            "Each of the 2 partitions is copied on its own: 1 along the primary key (id), 1 by ranges of pages. All of \
             it is read under one snapshot."
        );
    }

    #[test]
    fn without_a_key_and_for_few_rows_that_an_index_finds_there_is_one_stream() {
        let view = Plan::decide(&table(TableKind::View, &[]), &Facts::default(), &UPSERT);
        assert_eq!(strategies(&view), [Strategy::Stream]);
        assert_eq!(view.guarantee, Guarantee::Snapshot);
        assert!(!view.needs_snapshot());
        let indexed = |expected_rows| Facts {
            expected_rows,
            filter_index: Some("orders_by_day".to_owned()),
            scans_all: false,
            ..facts(&[relation("orders", 50_000, 1.0)])
        };
        let few = decide(&indexed(1000), UPSERT);
        assert_eq!(strategies(&few), [Strategy::Stream]);
        assert_eq!(
            few.explanation,
            "The index orders_by_day finds the 1000 or so rows that pass the filters: read as a single stream under one \
             snapshot, all or nothing."
        );
        assert_eq!(strategies(&decide(&indexed(400_000), UPSERT)), [Strategy::KeyRanges, Strategy::CatchUp]);
    }
}
