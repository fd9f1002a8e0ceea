//! The catalogue of a source.

use std::time::{Duration, Instant};

use backfill_domain::catalog::{Column, Table, TableKind, TypeKind};
use backfill_pg::{Client, find_table, tables};

use crate::database::{Database, execute, value};

/// The table of this name in an otherwise empty database in which `sql` was executed.
fn table(sql: &str, name: &str) -> Table {
    let database = Database::with(sql);
    find(&mut database.connect(), name).unwrap_or_else(|| panic!("no table {name}"))
}

fn find(client: &mut Client, name: &str) -> Option<Table> {
    find_table(client, &name.parse().unwrap()).unwrap()
}

fn names(tables: &[Table]) -> Vec<String> {
    tables.iter().map(|table| table.table_name().to_string()).collect()
}

fn column<'a>(table: &'a Table, name: &str) -> &'a Column {
    table.column(name).unwrap_or_else(|| panic!("no column {name}"))
}

/// Columns and whether it forbids duplicates, by the index's name.
fn index<'a>(table: &'a Table, name: &str) -> (Vec<&'a str>, bool) {
    let index =
        table.indexes.iter().find(|index| index.name == name).unwrap_or_else(|| panic!("no index {name}"));
    (index.columns.iter().map(String::as_str).collect(), index.unique)
}

#[test]
fn every_schema_and_kind_of_relation_is_listed_by_schema_and_name() {
    let database = Database::with(
        r#"CREATE TABLE b (i int); CREATE TABLE a (i int);
           CREATE SCHEMA "Odd; Schema"; CREATE TABLE "Odd; Schema"."T.1" (i int);
           CREATE VIEW v AS SELECT * FROM a;
           CREATE MATERIALIZED VIEW m AS SELECT * FROM a;
           CREATE TABLE p (i int) PARTITION BY RANGE (i);
           CREATE EXTENSION postgres_fdw;
           CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw;
           CREATE FOREIGN TABLE f (i int) SERVER elsewhere;
           CREATE SEQUENCE s; CREATE TYPE c AS (i int); CREATE TEMP TABLE hidden (i int);"#,
    );
    let tables = tables(&mut database.connect()).unwrap();
    let expected =
        [r#""Odd; Schema"."T.1""#, "public.a", "public.b", "public.f", "public.m", "public.p", "public.v"];
    assert_eq!(names(&tables), expected);
    let kinds: Vec<_> = tables.iter().map(|table| table.kind).collect();
    let expected = [
        TableKind::Table,
        TableKind::Table,
        TableKind::Table,
        TableKind::ForeignTable,
        TableKind::MaterializedView,
        TableKind::PartitionedTable,
        TableKind::View,
    ];
    assert_eq!(kinds, expected);
    for table in &tables {
        let has_storage = matches!(table.kind, TableKind::Table | TableKind::MaterializedView);
        assert_eq!(table.bytes.is_some(), has_storage, "{}", table.name);
    }
}

#[test]
fn a_table_is_found_by_its_exact_name_first_and_then_in_lower_case() {
    let database = Database::with(
        r#"CREATE TABLE orders (lower int); CREATE TABLE "Orders" (mixed int);
           CREATE TABLE plain (i int); CREATE TABLE "a""b.c" (odd int);
           CREATE SCHEMA shop; CREATE TABLE shop.orders (shop int); CREATE TABLE "Äb" (umlaut int);"#,
    );
    let mut client = database.connect();
    let mut first_column = |name: &str| find(&mut client, name).map(|table| table.columns[0].name.clone());
    assert_eq!(first_column("orders").as_deref(), Some("lower"));
    assert_eq!(first_column("Orders").as_deref(), Some("mixed"));
    assert_eq!(first_column("ORDERS").as_deref(), Some("lower"));
    assert_eq!(first_column("\"ORDERS\""), None);
    assert_eq!(first_column("Public.PLAIN").as_deref(), Some("i"));
    assert_eq!(first_column(r#""a""b.c""#).as_deref(), Some("odd"));
    assert_eq!(first_column("shop.orders").as_deref(), Some("shop"));
    assert_eq!(first_column("ÄB").as_deref(), Some("umlaut"));
    assert_eq!(first_column("nowhere.orders"), None);
    assert_eq!(first_column("orders; DROP TABLE orders"), None);
    assert_eq!(first_column("pg_catalog.pg_class"), None);
}

#[test]
fn an_index_or_a_sequence_is_no_table() {
    let database = Database::with("CREATE TABLE t (i serial PRIMARY KEY)");
    let mut client = database.connect();
    assert!(find(&mut client, "t_pkey").is_none());
    assert!(find(&mut client, "t_i_seq").is_none());
}

#[test]
fn rows_are_estimated_once_analyzed() {
    let database =
        Database::with("CREATE TABLE t AS SELECT generate_series(1, 1000) AS i; CREATE VIEW v AS TABLE t");
    let mut client = database.connect();
    assert_eq!(find(&mut client, "t").unwrap().estimated_rows, None);
    execute(&mut client, "ANALYZE public.t");
    let table = find(&mut client, "t").unwrap();
    assert_eq!(table.estimated_rows, Some(1000));
    assert!(table.bytes.unwrap() >= 1000 * 28);
    assert_eq!(find(&mut client, "v").unwrap().estimated_rows, None);
}

#[test]
fn bytes_count_long_values_that_are_stored_aside() {
    let table = table(
        "CREATE TABLE t (s text); ALTER TABLE t ALTER s SET STORAGE EXTERNAL;
         INSERT INTO t SELECT repeat('x', 1000000)",
        "t",
    );
    assert!(table.bytes.unwrap() > 1_000_000);
}

const PARTITIONED: &str = "
    CREATE TABLE p (i int, j int, PRIMARY KEY (i, j)) PARTITION BY RANGE (i);
    CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (1000);
    CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (1000) TO (2000) PARTITION BY RANGE (j);
    CREATE TABLE p2a PARTITION OF p2 DEFAULT;
    INSERT INTO p SELECT i, i FROM generate_series(0, 1999) AS i;
    ANALYZE p1, p2a";

#[test]
fn a_partitioned_table_counts_its_partitions_at_every_depth() {
    let database = Database::with(PARTITIONED);
    let mut client = database.connect();
    let [p, p1, p2, p2a] = ["p", "p1", "p2", "p2a"].map(|name| find(&mut client, name).unwrap());
    assert_eq!([&p, &p1, &p2, &p2a].map(|table| table.estimated_rows.unwrap()), [2000, 1000, 1000, 1000]);
    assert_eq!(p.bytes.unwrap(), p1.bytes.unwrap() + p2a.bytes.unwrap());
    assert_eq!(p2.bytes, p2a.bytes);
    assert_eq!(
        [p.kind, p1.kind, p2.kind],
        [TableKind::PartitionedTable, TableKind::Table, TableKind::PartitionedTable]
    );
    assert_eq!(p.primary_key, ["i", "j"]);
}

/// Autovacuum analyzes partitions, never their parent: what one ANALYZE of the parent found stays for ever.
#[test]
fn a_partitioned_table_follows_its_partitions_rather_than_an_old_analyze_of_its_own() {
    let database = Database::with(PARTITIONED);
    let mut client = database.connect();
    execute(
        &mut client,
        "ANALYZE public.p; INSERT INTO public.p SELECT i, -i FROM generate_series(1, 999) AS i",
    );
    execute(&mut client, "ANALYZE public.p1");
    assert_eq!(find(&mut client, "p").unwrap().estimated_rows, Some(2999));
}

#[test]
fn a_partitioned_table_without_partitions_has_no_bytes() {
    let table = table("CREATE TABLE p (i int) PARTITION BY LIST (i)", "p");
    assert_eq!((table.bytes, table.estimated_rows), (None, None));
}

/// SELECT from the parent reads the children's rows, and its key is not unique across them.
#[test]
fn an_inheritance_parent_counts_its_children_and_has_no_primary_key() {
    let database = Database::with(
        "CREATE TABLE parent (i int PRIMARY KEY); CREATE TABLE child (PRIMARY KEY (i)) INHERITS (parent);
         CREATE TABLE other () INHERITS (parent); CREATE TABLE grandchild () INHERITS (child, other);
         INSERT INTO parent SELECT generate_series(1, 100); INSERT INTO child SELECT generate_series(1, 200);
         INSERT INTO grandchild SELECT generate_series(1, 300); ANALYZE",
    );
    let mut client = database.connect();
    let parent = find(&mut client, "parent").unwrap();
    assert!(parent.primary_key.is_empty());
    assert!(parent.indexes.iter().all(|index| !index.primary));
    assert_eq!(parent.estimated_rows, Some(600), "a child of two parents counts once");
    assert_eq!(parent.kind, TableKind::Table);
    assert!(find(&mut client, "child").unwrap().primary_key.is_empty());
    assert!(!index(&parent, "parent_pkey").1, "the index forbids duplicates only in the parent itself");
}

#[test]
fn the_primary_key_is_back_once_the_last_child_is_gone() {
    let table = table(
        "CREATE TABLE parent (i int PRIMARY KEY); CREATE TABLE child () INHERITS (parent); DROP TABLE child",
        "parent",
    );
    assert_eq!(table.primary_key, ["i"]);
}

#[test]
fn a_composite_key_keeps_its_own_order() {
    let table = table(
        r#"CREATE TABLE t (a int, "B c" int, d int, e text, PRIMARY KEY (d, "B c") INCLUDE (e));
           CREATE UNIQUE INDEX another ON t (e DESC, a)"#,
        "t",
    );
    assert_eq!(table.primary_key, ["d", "B c"]);
    let keys: Vec<_> = table.key_columns().iter().map(|column| column.name.clone()).collect();
    assert_eq!(keys, ["d", "B c"]);
    assert_eq!(index(&table, "another"), (vec!["e", "a"], true));
    assert!(
        table.indexes[0].primary && table.indexes[0].columns == ["d", "B c"],
        "the primary key comes first"
    );
}

#[test]
fn indexes_name_their_columns_and_expressions() {
    let table = table(
        r#"CREATE TABLE t (a text, "B" int);
           CREATE INDEX plain ON t ("B"); CREATE INDEX expression ON t (lower(a), "B", ("B" + 1));"#,
        "t",
    );
    assert_eq!(index(&table, "plain"), (vec!["B"], false));
    assert_eq!(index(&table, "expression"), (vec!["lower(a)", "B", r#"(("B" + 1))"#], false));
    assert!(table.primary_key.is_empty());
}

#[test]
fn a_partial_unique_index_forbids_duplicates_only_in_part() {
    let table = table("CREATE TABLE t (a int, b int); CREATE UNIQUE INDEX partial ON t (a) WHERE b > 0", "t");
    assert_eq!(index(&table, "partial"), (vec!["a"], false));
}

#[test]
fn domains_are_unwrapped_and_keep_their_modifiers() {
    let table = table(
        r#"CREATE SCHEMA "My types";
           CREATE DOMAIN "My types".price AS numeric(6,2);
           CREATE DOMAIN "My types"."Net price" AS "My types".price CHECK (VALUE > 0);
           CREATE DOMAIN code AS varchar(7); CREATE DOMAIN any_code AS varchar; CREATE DOMAIN prices AS numeric(6,2)[];
           CREATE TABLE t (direct numeric(6,2), once "My types".price, twice "My types"."Net price", code code,
                           any_code any_code, list prices, direct_code varchar(7), direct_list numeric(6,2)[]);"#,
        "t",
    );
    let direct = &column(&table, "direct").data_type;
    assert_eq!((direct.name.as_str(), direct.oid, direct.kind), ("numeric", 1700, TypeKind::Base));
    assert_eq!(&column(&table, "once").data_type, direct);
    assert_eq!(&column(&table, "twice").data_type, direct);
    assert_eq!(column(&table, "twice").type_name, r#""My types"."Net price""#);
    assert_eq!(column(&table, "code").data_type, column(&table, "direct_code").data_type);
    assert_eq!(column(&table, "any_code").data_type.modifier, -1);
    assert_eq!(column(&table, "list").data_type, column(&table, "direct_list").data_type);
}

#[test]
fn a_type_says_what_kind_it_is_and_how_a_cast_names_it() {
    let table = table(
        r#"CREATE SCHEMA "My types"; CREATE TYPE "My types"."Mood" AS ENUM ('a'); CREATE TYPE pair AS (a int, b text);
           CREATE TABLE t (number int, fixed char(3), bits bit(3), letter "char", stamp timestamptz(0),
                           list int[], matrix text[][], mood "My types"."Mood", moods "My types"."Mood"[], pair pair,
                           range int4range, ranges int4multirange, vector int2vector, place point);"#,
        "t",
    );
    for (name, type_name, cast, kind, element) in [
        ("number", "integer", "integer", TypeKind::Base, None),
        ("fixed", "character(3)", "bpchar", TypeKind::Base, None),
        ("bits", "bit(3)", "\"bit\"", TypeKind::Base, None),
        ("letter", "\"char\"", "\"char\"", TypeKind::Base, None),
        ("stamp", "timestamp(0) with time zone", "timestamp with time zone", TypeKind::Base, None),
        ("list", "integer[]", "integer[]", TypeKind::Array, Some(23)),
        ("matrix", "text[]", "text[]", TypeKind::Array, Some(25)),
        ("mood", r#""My types"."Mood""#, r#""My types"."Mood""#, TypeKind::Enum, None),
        ("pair", "public.pair", "public.pair", TypeKind::Composite, None),
        ("range", "int4range", "int4range", TypeKind::Range, None),
        ("ranges", "int4multirange", "int4multirange", TypeKind::Range, None),
        ("place", "point", "point", TypeKind::Base, None),
    ] {
        let column = column(&table, name);
        let data_type = &column.data_type;
        assert_eq!((column.type_name.as_str(), data_type.name.as_str()), (type_name, cast), "{name}");
        assert_eq!((data_type.kind, data_type.element_oid), (kind, element), "{name}");
    }
    let (mood, moods) = (&column(&table, "mood").data_type, &column(&table, "moods").data_type);
    assert_eq!((moods.kind, moods.element_oid), (TypeKind::Array, Some(mood.oid)));
    assert!(!mood.is_builtin() && column(&table, "number").data_type.is_builtin());
}

#[test]
fn columns_keep_their_order_and_dropped_ones_are_gone() {
    let table = table(
        r#"CREATE TABLE t (a int, gone text, "Z z" int NOT NULL, id int GENERATED ALWAYS AS IDENTITY,
                           sum int GENERATED ALWAYS AS (a + 1) STORED, PRIMARY KEY ("Z z", a));
           ALTER TABLE t DROP COLUMN gone; ALTER TABLE t ADD COLUMN last int; CREATE INDEX i ON t (last, id)"#,
        "t",
    );
    let columns: Vec<_> =
        table.columns.iter().map(|column| (column.name.as_str(), column.nullable)).collect();
    assert_eq!(columns, [("a", false), ("Z z", false), ("id", false), ("sum", true), ("last", true)]);
    assert_eq!(table.primary_key, ["Z z", "a"]);
    assert_eq!(index(&table, "i"), (vec!["last", "id"], false));
}

#[test]
fn a_table_without_columns_is_listed() {
    assert!(table("CREATE TABLE t ()", "t").columns.is_empty());
}

#[test]
fn views_have_columns_but_no_key() {
    let database = Database::with(
        "CREATE TABLE t (id int PRIMARY KEY, price numeric(6,2)); CREATE VIEW v AS SELECT id, price AS \"Price\" FROM t;
         CREATE MATERIALIZED VIEW m AS TABLE v; CREATE UNIQUE INDEX ON m (id)",
    );
    let mut client = database.connect();
    for name in ["v", "m"] {
        let view = find(&mut client, name).unwrap();
        let columns: Vec<_> = view.columns.iter().map(|column| column.type_name.as_str()).collect();
        assert_eq!(columns, ["integer", "numeric(6,2)"]);
        assert!(view.primary_key.is_empty());
    }
    assert_eq!(index(&find(&mut client, "m").unwrap(), "m_id_idx"), (vec!["id"], true));
}

#[test]
fn what_the_list_says_of_a_table_is_what_finding_it_says() {
    let database = Database::with(PARTITIONED);
    let mut client = database.connect();
    let tables = tables(&mut client).unwrap();
    assert_eq!(names(&tables), ["public.p", "public.p1", "public.p2", "public.p2a"]);
    for table in tables {
        assert_eq!(find(&mut client, &table.table_name().to_string()), Some(table));
    }
}

#[test]
fn two_thousand_tables_are_read_in_few_queries_and_little_time() {
    let database = Database::with(
        "DO $$ BEGIN FOR i IN 1..2000 LOOP
             EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, a int)', i);
         END LOOP; END $$; ANALYZE pg_catalog.pg_class, pg_catalog.pg_attribute, pg_catalog.pg_index",
    );
    let mut client = database.connect();
    let before = statements(&mut client);
    let found = tables(&mut client).unwrap();
    let executed = statements(&mut client) - before;
    assert_eq!(found.len(), 2000);
    assert!(found.iter().all(|table| table.columns.len() == 2 && table.primary_key == ["id"]));
    assert!(executed < 20, "{executed} statements");
    // The quickest of three: the machine may be busy.
    let quickest = (0..3).map(|_| elapsed(|| drop(tables(&mut client).unwrap()))).min().unwrap();
    assert!(quickest < Duration::from_secs(1), "{quickest:?}");
}

fn elapsed(action: impl FnOnce()) -> Duration {
    let start = Instant::now();
    action();
    start.elapsed()
}

/// How many statements the database has executed: each of them commits a transaction.
fn statements(client: &mut Client) -> i64 {
    value(client, "SELECT pg_stat_force_next_flush()").unwrap();
    let sql = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()";
    value(client, sql).unwrap().unwrap().parse().unwrap()
}
