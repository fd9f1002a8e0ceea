//! Arbitrary values of each kind, as a real PostgreSQL sends them: DuckDB holds what PostgreSQL says it is, and what is
//! shown of them is what PostgreSQL writes.

use std::sync::Arc;

use backfill_domain::sql::literal;
use duckdb::types::ValueRef;
use proptest::{prelude::*, sample::select};

use super::{Session, testing::*};
use crate::{
    columnar::text_of,
    interrupt::Interrupts,
    wire::{Field, Layout},
};

/// What makes a value comparable: an expression of DuckDB, and one of PostgreSQL, for the column `v`.
type Comparable = (&'static str, &'static str);

const AS_TEXT: Comparable = ("v::VARCHAR", "v::text");
const DAYS: Comparable = (
    "CASE WHEN isinf(v) THEN v::VARCHAR ELSE (v - DATE '2000-01-01')::VARCHAR END",
    "CASE WHEN isfinite(v) THEN (v - date '2000-01-01')::text ELSE v::text END",
);
const MICROSECONDS: Comparable = (
    "CASE WHEN isinf(v) THEN v::VARCHAR ELSE epoch_us(v)::VARCHAR END",
    "CASE WHEN isfinite(v) THEN (extract(epoch FROM v) * 1000000)::bigint::text ELSE v::text END",
);
const BYTES: Comparable = ("lower(hex(v))", "encode(v, 'hex')");
const JSON: Comparable = ("to_json(v)::VARCHAR", "array_to_json(v)::text");

/// Copies values, given as SQL, through the stage, and compares them one by one.
fn check(sql_type: &str, values: &[String], (in_duckdb, in_postgres): Comparable) {
    let rows: Vec<_> =
        values.iter().enumerate().map(|(at, value)| format!("({at}, ({value})::{sql_type})")).collect();
    let mut source = RealTable::with(&format!(
        "CREATE TABLE real (id integer PRIMARY KEY, v {sql_type}); INSERT INTO real VALUES {}",
        rows.join(", ")
    ));
    let spec = spec(source.table.clone());
    let mut session = Session::new(MEMORY);
    let mut stage = session.stage(&spec, &Interrupts::default()).unwrap();
    let layout = Arc::new(Layout::new(&spec.table, &[stage.renditions()]));
    let batches = source.batches(&layout);
    stage.clear();
    let mut decoder = stage.decoder(&layout);
    for batch in &batches {
        stage.append(&mut decoder, batch).unwrap();
    }
    let sql = format!("SELECT {in_duckdb} FROM (SELECT c0, c1 AS v FROM {}) ORDER BY c0", stage.table());
    let mut held = stage.connection().prepare(&sql).unwrap();
    let held = held.query_map([], |row| Ok(comparable(row.get_ref(0)?))).unwrap();
    let held: Vec<_> = held.map(Result::unwrap).collect();
    assert_eq!(held, source.texts(in_postgres), "{sql_type}");
    let fields: Vec<_> =
        batches.iter().flat_map(|batch| batch.tuples()).map(|row| second(row.fields())).collect();
    let shown: Vec<_> =
        fields.iter().map(|field| field.map(|bytes| text_of(&stage.kinds()[1], bytes))).collect();
    let written = source.texts("v::text");
    // Of two shortest texts of a float, either may be shown.
    match sql_type {
        "real" => assert_eq!(parsed::<f32>(&shown), parsed::<f32>(&written)),
        "double precision" => assert_eq!(parsed::<f64>(&shown), parsed::<f64>(&written)),
        _ => assert_eq!(shown, written, "{sql_type}"),
    }
}

/// Numbers of these texts, such that NaN equals NaN.
fn parsed<T: std::str::FromStr<Err: std::fmt::Debug> + std::fmt::Display>(
    texts: &[Option<String>],
) -> Vec<String> {
    texts.iter().flatten().map(|text| text.parse::<T>().unwrap().to_string()).collect()
}

fn second<'a>(mut fields: impl Iterator<Item = Field<'a>>) -> Field<'a> {
    fields.nth(1).unwrap()
}

/// Floats as their bits.
fn comparable(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Float(value) => Some(format!("{:08x}", value.to_bits())),
        ValueRef::Double(value) => Some(format!("{:016x}", value.to_bits())),
        other => Some(other.as_str().unwrap().to_owned()),
    }
}

fn many<T: std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<T>> {
    proptest::collection::vec(value, 200)
}

/// Any text that PostgreSQL holds, of every kind of character.
fn text() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        any::<char>(),
        select(vec![
            '\'',
            '"',
            '\\',
            '{',
            '}',
            ',',
            ' ',
            '\t',
            '\n',
            '\r',
            '\u{b}',
            '\u{1}',
            '\u{7f}',
            '\u{feff}',
            '😀',
            '\u{10ffff}'
        ]),
    ];
    let text = proptest::collection::vec(character, 0..9).prop_map(String::from_iter);
    prop_oneof![text, select(vec!["NULL", "null", "", "NaN", "\\N"]).prop_map(str::to_owned)]
        .prop_map(|text| text.replace('\0', "."))
}

fn sql<T>(values: &[T], make: impl Fn(&T) -> String) -> Vec<String> {
    values.iter().map(make).chain(["NULL".to_owned()]).collect()
}

fn float(value: f64, shown: &str) -> String {
    let text = if value.is_nan() { "NaN" } else { shown };
    literal(text)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, max_shrink_iters: 0, ..ProptestConfig::default() })]

    #[test]
    fn integers(values in many(any::<i64>()), small in many(any::<i16>())) {
        check("bigint", &sql(&values, |value| literal(&value.to_string())), AS_TEXT);
        check("integer", &sql(&values, |value| literal(&(*value as i32).to_string())), AS_TEXT);
        check("oid", &sql(&values, |value| literal(&(*value as u32).to_string())), AS_TEXT);
        check("smallint", &sql(&small, |value| literal(&value.to_string())), AS_TEXT);
    }

    #[test]
    fn floats_of_any_bits(bits in many(prop_oneof![any::<u64>(), any::<f64>().prop_map(f64::to_bits), Just((-0.0_f64).to_bits()), Just(1)])) {
        let doubles = sql(&bits, |bits| { let value = f64::from_bits(*bits); float(value, &format!("{value:e}")) });
        check("double precision", &doubles, ("v", "encode(float8send(v), 'hex')"));
        let floats = sql(&bits, |bits| { let value = f32::from_bits(*bits as u32); float(value.into(), &format!("{value:e}")) });
        check("real", &floats, ("v", "encode(float4send(v), 'hex')"));
    }

    #[test]
    fn numerics_of_any_digits(values in many(-10_i128.pow(38) + 1..10_i128.pow(38)), scale in 0_i32..=37) {
        let number = |value: &i128| format!("'{value}e-{scale}'::numeric");
        check(&format!("numeric(38,{scale})"), &sql(&values, number), AS_TEXT);
        check("numeric(9,4)", &sql(&values, |value| format!("'{}e-4'::numeric", value % 1_000_000_000)), AS_TEXT);
    }

    #[test]
    fn texts_and_bytes(texts in many(text()), bytes in many(proptest::collection::vec(any::<u8>(), 0..9))) {
        check("text", &sql(&texts, |text| literal(text)), AS_TEXT);
        let hexadecimal = |bytes: &Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        check("bytea", &sql(&bytes, |bytes| format!("'\\x{}'", hexadecimal(bytes))), BYTES);
    }

    #[test]
    fn moments_over_the_whole_range(
        days in many(-2_451_545..=2_145_031_948_i32),
        microseconds in many(-211_813_488_000_000_000..=9_222_424_646_400_000_000_i64),
        times in many(0..=86_400_000_000_i64),
    ) {
        let infinities = ["'infinity'".to_owned(), "'-infinity'".to_owned()];
        let day = |days: &i32| format!("date '2000-01-01' + {days}");
        check("date", &[&sql(&days, day)[..], &infinities].concat(), DAYS);
        let moment = |time: &i64| format!("timestamp '2000-01-01' + '{time} microseconds'::interval");
        check("timestamp", &[&sql(&microseconds, moment)[..], &infinities].concat(), MICROSECONDS);
        check("timestamptz", &[&sql(&microseconds, moment)[..], &infinities].concat(), MICROSECONDS);
        let time = |time: &i64| format!("'{:02}:{:02}:{:02}.{:06}'", time / 3_600_000_000, time / 60_000_000 % 60, time / 1_000_000 % 60, time % 1_000_000);
        check("time", &sql(&times, time), AS_TEXT);
    }

    #[test]
    fn lists_with_nulls_and_without_anything(
        numbers in many(proptest::collection::vec(proptest::option::of(any::<i32>()), 0..5)),
        texts in many(proptest::collection::vec(proptest::option::of(text()), 0..5)),
        flags in many(proptest::collection::vec(proptest::option::of(any::<bool>()), 0..5)),
    ) {
        let of = |elements: Vec<Option<String>>| format!("ARRAY[{}]", elements.into_iter().map(|element| element.unwrap_or_else(|| "NULL".to_owned())).collect::<Vec<_>>().join(", "));
        let number = |list: &Vec<Option<i32>>| of(list.iter().map(|value| value.map(|value| format!("({value})"))).collect());
        check("integer[]", &sql(&numbers, |list| format!("{}::integer[]", number(list))), JSON);
        let text = |list: &Vec<Option<String>>| of(list.iter().map(|value| value.as_deref().map(literal)).collect());
        check("text[]", &sql(&texts, |list| format!("{}::text[]", text(list))), ("array_to_string(list_transform(v, lambda x: coalesce(hex(encode(x)), 'N')), '-')", "upper(array_to_string(ARRAY(SELECT coalesce(encode(convert_to(x, 'UTF8'), 'hex'), 'N') FROM unnest(v) x WHERE v IS NOT NULL), '-')) || left(v::text, 0)"));
        let flag = |list: &Vec<Option<bool>>| of(list.iter().map(|value| value.map(|value| value.to_string())).collect());
        check("boolean[]", &sql(&flags, |list| format!("{}::boolean[]", flag(list))), JSON);
    }

    #[test]
    fn arrays_of_any_shape_are_shown_as_postgres_writes_them(
        numbers in proptest::collection::vec(any::<i32>(), 12), first in -3..3_i32, second in -3..3_i32,
    ) {
        let row = |at: usize| numbers[at..at + 3].iter().map(i32::to_string).collect::<Vec<_>>().join(",");
        let rows: Vec<_> = (0..4).map(|at| format!("{{{}}}", row(at * 3))).collect();
        let array = format!("'[{first}:{}][{second}:{}]={{{}}}'", first + 3, second + 2, rows.join(","));
        let mut source = RealTable::with(&format!("CREATE TABLE real (v integer[]); INSERT INTO real VALUES ({array})"));
        let layout = Layout::new(&source.table, &[&[crate::wire::Rendition::Binary]]);
        let batches = source.batches(&layout);
        let shown = text_of(&crate::columnar::Kind::List(crate::columnar::Kind::Integer.into()), batches[0].last().unwrap().fields().next().unwrap().unwrap());
        prop_assert_eq!(Some(shown), source.texts("v::text").remove(0));
    }
}
