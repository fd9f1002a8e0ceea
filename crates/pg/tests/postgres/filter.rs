//! The SQL of a filter selects what PostgreSQL selects when it gets the value as a parameter, out of band.

use std::{cell::RefCell, error::Error};

use backfill_domain::{
    catalog::Table,
    filter::{Filter, Operand, Operator, bind, join},
};
use backfill_pg::{Client, find_table};
use bytes::BytesMut;
use postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};
use proptest::{
    collection::{btree_set, vec},
    prelude::*,
    sample::{Index, select},
    test_runner::{Config, TestRunner},
};
use serde_json::{Number, Value, json};
use strum::VariantArray;

use crate::database::{Database, execute, value};

/// A column type and values of it, extremes among them. A row is inserted for each value.
struct Kind {
    column: &'static str,
    sql_type: &'static str,
    samples: &'static [&'static str],
}

const TYPES: &str = r#"
    CREATE SCHEMA "odd schema";
    CREATE TYPE "odd schema"."Odd ""Mood.s" AS ENUM ('zen', 'Happy', 'it''s; --', 'back\slash', '');
    CREATE DOMAIN "odd schema".price AS numeric(6,2) CHECK (VALUE >= 0);
"#;

const KINDS: &[Kind] = &[
    kind("small", "smallint", &["-32768", "-1", "0", "1", "2", "32767"]),
    kind("whole", "int", &["-2147483648", "-1", "0", "1", "10", "2147483647"]),
    kind("big", "bigint", &["-9223372036854775808", "-1", "0", "9007199254740993", "9223372036854775807"]),
    kind(
        "exact",
        "numeric",
        &[
            "12345678901234567890.123456789012345678901",
            "12345678901234567890.123456789012345678902",
            "12345678901234567890",
            "0",
            "1.0",
            "1.00",
            "-0.5",
            "1e-30",
            "1e30",
            "NaN",
            "Infinity",
            "-Infinity",
        ],
    ),
    kind("money_like", "numeric(10,2)", &["99999999.99", "-99999999.99", "0", "0.01", "1.10", "1.1", "NaN"]),
    kind(
        "single",
        "real",
        &[
            "0",
            "-0",
            "0.1",
            "0.10000001",
            "16777217",
            "3.4028235e38",
            "1e-45",
            "NaN",
            "Infinity",
            "-Infinity",
        ],
    ),
    kind(
        "double",
        "double precision",
        &[
            "0",
            "-0",
            "0.1",
            "0.30000000000000004",
            "9007199254740993",
            "1.7976931348623157e308",
            "5e-324",
            "NaN",
            "Infinity",
            "-Infinity",
        ],
    ),
    kind("flag", "boolean", &["true", "false", "t", "no", "1"]),
    kind("words", "text", HOSTILE),
    kind(
        "short",
        "varchar(12)",
        &["", " ", "a", "A", "a ", "100%", "a_b", "it's", r"c:\d", "e\u{301}", "é", "𝕏", "NULL"],
    ),
    kind("padded", "char(5)", &["", "a", "a  ", "A", "abcde", "%", "a_b", r"\", "'", "𝕏"]),
    kind(
        "bytes",
        "bytea",
        &["", r"\x", r"\x00", r"\x00ff", r"\x61", "a", r"a\\b", r"\134", "it's", "%", r"\xdeadbeef"],
    ),
    kind(
        "unique_id",
        "uuid",
        &[
            "00000000-0000-0000-0000-000000000000",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
            "{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}",
            "a0eebc999c0b4ef8bb6d6bb9bd380a12",
        ],
    ),
    kind(
        "day",
        "date",
        &[
            "-infinity",
            "4713-01-01 BC",
            "1970-01-01",
            "2024-02-29",
            "2024-03-01",
            "5874897-12-31",
            "infinity",
        ],
    ),
    kind(
        "moment",
        "timestamp",
        &[
            "-infinity",
            "4713-01-01 00:00:00 BC",
            "2024-02-29",
            "2024-02-29 00:00:00.000001",
            "2024-02-29 23:59:59.999999",
            "2024-02-29T12:00:00Z",
            "294276-12-31 23:59:59.999999",
            "infinity",
        ],
    ),
    kind(
        "instant",
        "timestamptz",
        &[
            "-infinity",
            "2024-03-31 02:30:00+01",
            "2024-03-31 01:30:00Z",
            "2024-03-31 01:30:00.000001+00",
            "2024-10-27 02:30:00 Europe/Berlin",
            "2024-02-29",
            "infinity",
        ],
    ),
    kind(
        "clock",
        "time",
        &["00:00:00", "00:00:00.000001", "12:34:56", "23:59:59.999999", "24:00:00", "12:34 PM"],
    ),
    kind(
        "span",
        "interval",
        &["0", "1 mon", "30 days", "1 day", "24:00:00", "-1 year", "P1Y2M3DT4H5M6.5S", "1 mon -30 days"],
    ),
    kind(
        "document",
        "jsonb",
        &[
            "null",
            "1",
            "1.0",
            "1e2",
            "true",
            r#""it's; --""#,
            r#""a\\b""#,
            r#""\u00e9""#,
            r#"{"a": 1, "b": [1, 2.50, null]}"#,
            r#"{"b":[1,2.5,null],"a":1}"#,
            "[]",
            "{}",
        ],
    ),
    kind(
        "address",
        "inet",
        &["0.0.0.0", "10.0.0.1", "10.0.0.1/8", "10.0.0.0/8", "::1", "2001:db8::/32", "::ffff:10.0.0.1"],
    ),
    kind("mood", r#""odd schema"."Odd ""Mood.s""#, &["zen", "Happy", "it's; --", r"back\slash", ""]),
    kind("price", r#""odd schema".price"#, &["0", "0.01", "1.1", "1.10", "9999.99", "NaN"]),
    kind("numbers", "int[]", &["{}", "{1,2}", "{1,NULL}", "{2}", "{{1,2},{3,4}}", "[0:1]={1,2}"]),
    kind(
        "tags",
        "text[]",
        &["{}", "{a,b}", "{A}", r#"{"it's","a,b","c\"d","e\\f"}"#, "{NULL}", r#"{"NULL"}"#, "{''}"],
    ),
    kind("clock_zoned", "timetz", &["00:00:00+00", "12:00:00+02", "10:00:00Z", "24:00:00-15:59"]),
    kind("bits", "bit(4)", &["0000", "1010", "1111"]),
    kind("more_bits", "varbit", &["", "1", "01", "0101"]),
    kind("letter", r#""char""#, &["", "a", "A", "'", r"\"]),
    kind("system_name", "name", &["", "a", "A", "it's", "a_b"]),
    kind(
        "period",
        "daterange",
        &["empty", "[2024-01-01,2024-02-01)", "[2024-01-01,2024-01-31]", "(,)", "[2024-01-01,)"],
    ),
];

const HOSTILE: &[&str] = &[
    "",
    " ",
    "'",
    "''",
    "\"",
    "\\",
    "\\'",
    "'\\",
    "\\\\",
    "'; DROP TABLE samples; --",
    "x' OR '1'='1",
    "-- comment",
    "/* comment */",
    "*/",
    ";",
    "$$",
    "$1",
    "$tag$x$tag$",
    "%",
    "_",
    "100%",
    "a_b",
    "a%b",
    "\\%",
    "\\_",
    "E'x'",
    "U&'\\0041'",
    "NULL",
    "null",
    "DEFAULT",
    "a\nb",
    "a\r\nb",
    "\t",
    "\u{1}",
    "\u{7f}",
    "é",
    "e\u{301}",
    "ß",
    "İ",
    "ÄPFEL",
    "äpfel",
    "𝕏",
    "👩\u{200d}👩\u{200d}👧",
    "\u{feff}",
    "\u{202e}",
    "\u{2019}",
    "\u{ff07}",
    "\u{2028}",
    "\u{fffd}",
    "\u{10ffff}",
];

const HOSTILE_NAMES: &[&str] = &[
    "select",
    "user",
    "order",
    "Mixed Case",
    "a.b",
    "a\"b",
    "\"",
    "\"\"",
    "a'b",
    ";",
    "; DROP TABLE samples; --",
    "\\",
    " ",
    "\t",
    "\n",
    "--",
    "/*",
    "*/",
    "$1",
    "?",
    "%",
    "a::int",
    "1",
    "é",
    "𝕏",
    "e\u{301}",
    "\u{feff}",
    "\u{202e}",
    "a_name_of_exactly_sixty_three_bytes_is_the_longest_that_is_kept",
];

const fn kind(column: &'static str, sql_type: &'static str, samples: &'static [&'static str]) -> Kind {
    Kind { column, sql_type, samples }
}

impl Kind {
    /// Whether its input takes a number in any notation: then a filter may have it as a JSON number.
    fn is_number(&self) -> bool {
        ["smallint", "int", "bigint", "numeric", "numeric(10,2)", "real", "double precision"]
            .contains(&self.sql_type)
            || self.column == "price"
    }

    fn value(&self, text: String, as_json: bool) -> Asked {
        let json = match text.as_str() {
            "true" | "false" if as_json => Value::Bool(text == "true"),
            _ if as_json && self.is_number() => {
                text.parse::<Number>().map_or_else(|_| json!(text), Value::Number)
            }
            _ => json!(text),
        };
        Asked { text, json }
    }
}

/// A value that is asked for: what the parameter holds and what the filter holds.
#[derive(Debug, Clone)]
struct Asked {
    text: String,
    json: Value,
}

/// A filter, with its values ready to be parameters.
#[derive(Debug, Clone)]
struct Question {
    column: String,
    operator: Operator,
    asked: Vec<Asked>,
}

impl Question {
    /// As many of `asked` as the operator takes.
    fn new(column: &str, operator: Operator, mut asked: Vec<Asked>) -> Self {
        match operator.operand() {
            Operand::Nothing => asked.clear(),
            Operand::Value => asked.truncate(1),
            Operand::Pattern => {
                asked.truncate(1);
                asked.iter_mut().for_each(|pattern| *pattern = pattern_of(&pattern.text));
            }
            Operand::List => {}
            Operand::Pair => asked.truncate(2),
        }
        Self { column: column.to_owned(), operator, asked }
    }

    fn filter(&self) -> Filter {
        let value = match self.operator.operand() {
            Operand::Nothing => None,
            Operand::Value | Operand::Pattern => Some(self.asked[0].json.clone()),
            Operand::List | Operand::Pair => {
                Some(self.asked.iter().map(|asked| asked.json.clone()).collect())
            }
        };
        Filter { column: self.column.clone(), operator: self.operator, value }
    }

    /// The condition with parameters from `$first` on for its values, the column quoted by the server.
    fn parameterised(&self, quoted: &str, first: usize) -> String {
        let operator = self.operator.as_ref();
        let parameters: Vec<_> =
            (first..first + self.asked.len()).map(|number| format!("${number}")).collect();
        match self.operator.operand() {
            Operand::Nothing => format!("{quoted} {operator}"),
            Operand::Value | Operand::Pattern => format!("{quoted} {operator} {}", parameters[0]),
            Operand::List => format!("{quoted} {operator} ({})", parameters.join(", ")),
            Operand::Pair => format!("{quoted} {operator} {}", parameters.join(" AND ")),
        }
    }
}

/// The text as a pattern that does not end with an escape of nothing.
fn pattern_of(text: &str) -> Asked {
    let backslashes = text.chars().rev().take_while(|c| *c == '\\').count();
    let text = format!("{text}{}", "\\".repeat(backslashes % 2));
    Asked { json: json!(text), text }
}

/// A parameter whose type the server infers and whose text form it parses.
#[derive(Debug)]
struct Parameter<'a>(&'a str);

impl ToSql for Parameter<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

/// A table `samples (id, …)` and connections that ask it.
struct Samples {
    /// Reads literals as the standard has them.
    standard: Client,
    /// Reads a backslash in a plain literal as an escape.
    backslashes: Client,
    table: Option<Table>,
    // Dropped last, after the connections.
    _database: Database,
}

impl Samples {
    fn new(types: &str) -> Self {
        let database = Database::with(types);
        let mut backslashes = database.connect();
        execute(&mut backslashes, "SET standard_conforming_strings = off; SET escape_string_warning = off");
        Self { standard: database.connect(), backslashes, table: None, _database: database }
    }

    /// One row for each sample, as long as the longest list of them; a column without a sample left is NULL.
    fn of_all_kinds() -> Self {
        let mut samples = Self::new(TYPES);
        let columns: Vec<_> = KINDS.iter().map(|kind| format!("{} {}", kind.column, kind.sql_type)).collect();
        let create = format!("CREATE TABLE public.samples (id int, {})", columns.join(", "));
        execute(&mut samples.standard, &create);
        let rows = KINDS.iter().map(|kind| kind.samples.len()).max().unwrap() + 1;
        execute(
            &mut samples.standard,
            &format!("INSERT INTO public.samples SELECT generate_series(1, {rows})"),
        );
        for kind in KINDS {
            let update = format!("UPDATE public.samples SET {} = $1 WHERE id = {{}}", kind.column);
            for (at, sample) in kind.samples.iter().enumerate() {
                let update = update.replace("{}", &(at + 1).to_string());
                samples.standard.execute(&update, &[&Parameter(sample)]).unwrap();
            }
        }
        samples.read_catalogue();
        samples
    }

    /// Text columns of these names; the texts turn by one row from column to column, so that no two columns are alike.
    fn replace_by_texts(&mut self, names: &[String], texts: &[String]) {
        execute(
            &mut self.standard,
            "DROP TABLE IF EXISTS public.samples; CREATE TABLE public.samples (id int)",
        );
        execute(
            &mut self.standard,
            &format!("INSERT INTO public.samples SELECT generate_series(0, {})", texts.len()),
        );
        for (turn, name) in names.iter().enumerate() {
            let quoted = self.quoted(name);
            execute(&mut self.standard, &format!("ALTER TABLE public.samples ADD COLUMN {quoted} text"));
            let update = format!("UPDATE public.samples SET {quoted} = $1 WHERE id = ($2::text)::int");
            let update = self.standard.prepare(&update).unwrap();
            for (at, text) in texts.iter().enumerate() {
                let row = ((at + turn) % texts.len()).to_string();
                self.standard.execute(&update, &[&Parameter(text), &row]).unwrap();
            }
        }
        self.read_catalogue();
    }

    fn read_catalogue(&mut self) {
        self.table = find_table(&mut self.standard, &"samples".parse().unwrap()).unwrap();
    }

    fn quoted(&mut self, name: &str) -> String {
        self.standard.query_one("SELECT quote_ident($1)", &[&name]).unwrap().get(0)
    }

    /// The ids of the rows that the questions' SQL selects; `None` where PostgreSQL refuses a value.
    /// Both ways of reading literals must agree.
    fn rendered(&mut self, questions: &[Question]) -> Option<Vec<i32>> {
        let filters: Vec<_> = questions.iter().map(Question::filter).collect();
        let conditions =
            bind(&filters, self.table.as_ref().unwrap()).unwrap_or_else(|errors| panic!("{errors:?}"));
        let sql = format!(
            "SELECT array_agg(id) FROM (SELECT id FROM public.samples WHERE {}) s",
            join(&conditions).unwrap()
        );
        let standard = selected(&mut self.standard, &sql);
        assert_eq!(
            standard,
            selected(&mut self.backslashes, &sql),
            "standard_conforming_strings matters to {sql}"
        );
        standard
    }

    /// The ids of the rows that PostgreSQL selects with the values as parameters; `None` where it refuses one.
    fn parameterised(&mut self, questions: &[Question]) -> Option<Vec<i32>> {
        let mut parameters: Vec<Parameter<'_>> = Vec::new();
        let mut conditions = Vec::new();
        for question in questions {
            let quoted = self.quoted(&question.column);
            conditions.push(question.parameterised(&quoted, parameters.len() + 1));
            parameters.extend(question.asked.iter().map(|asked| Parameter(&asked.text)));
        }
        let parameters: Vec<_> =
            parameters.iter().map(|parameter| parameter as &(dyn ToSql + Sync)).collect();
        let sql = format!("SELECT id FROM public.samples WHERE {} ORDER BY id", conditions.join(" AND "));
        let rows = self.standard.query(&sql, &parameters).ok()?;
        Some(rows.iter().map(|row| row.get(0)).collect())
    }

    fn assert_agreement(&mut self, questions: &[Question]) {
        assert_eq!(self.rendered(questions), self.parameterised(questions), "{questions:#?}");
    }
}

fn selected(client: &mut Client, sql: &str) -> Option<Vec<i32>> {
    match value(client, sql) {
        Ok(ids) => {
            let ids = ids.unwrap_or_default();
            let ids = ids.trim_matches(['{', '}']).split(',').filter(|id| !id.is_empty());
            let mut ids: Vec<_> = ids.map(|id| id.parse().unwrap()).collect();
            ids.sort_unstable();
            Some(ids)
        }
        Err(error) => {
            // A value that the type cannot hold, or a type without the operator: never a broken statement.
            let code = error.code().unwrap_or_else(|| panic!("{error}: {sql}")).code();
            assert!(code.starts_with("22") || code == "42883", "{code} {error:?}: {sql}");
            None
        }
    }
}

fn run<S: Strategy>(cases: u32, strategy: &S, test: impl Fn(S::Value))
where
    S::Value: std::fmt::Debug,
{
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 500, ..Config::default() };
    let result = TestRunner::new(config).run(strategy, |case| {
        test(case);
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}

/// Any text that PostgreSQL can hold, often a nasty one.
fn text() -> impl Strategy<Value = String> {
    let nasty = select(HOSTILE).prop_map(str::to_owned);
    let mixed = vec(select(HOSTILE), 2..4).prop_map(|parts| parts.concat());
    prop_oneof![nasty, mixed, "[^\0]{0,12}", r"['\\%_$;*/a-]{0,8}"]
}

/// Any name that PostgreSQL keeps whole, but those of system columns.
fn name() -> impl Strategy<Value = String> {
    let nasty = select(HOSTILE_NAMES).prop_map(str::to_owned);
    let long = "[^\0]{63}".prop_map(|name| name[..name.floor_char_boundary(63)].to_owned());
    let system = ["id", "ctid", "tableoid", "xmin", "xmax", "cmin", "cmax"];
    prop_oneof![nasty, long, "[^\0]{1,15}"]
        .prop_filter("a name of a system column", move |name| !system.contains(&name.as_str()))
}

/// A value for a column of this kind: a sample, one beside it, seldom something else altogether.
fn asked(kind: &'static Kind) -> impl Strategy<Value = Asked> {
    let sample = select(kind.samples).prop_map(str::to_owned);
    let beside = (
        select(kind.samples),
        any::<Index>(),
        select(vec!['0', '1', '9', '.', '-', 'a', ' ', '\\', '\'']),
        any::<bool>(),
    );
    let beside = beside.prop_map(|(sample, at, character, replace)| {
        let mut characters: Vec<_> = sample.chars().collect();
        let at = at.index(characters.len() + 1);
        if replace && at < characters.len() {
            characters[at] = character;
        } else {
            characters.insert(at, character);
        }
        characters.into_iter().collect()
    });
    let text = prop_oneof![5 => sample, 4 => beside, 1 => text()];
    (text, any::<bool>()).prop_map(|(text, as_json)| kind.value(text, as_json))
}

fn question(kind: &'static Kind, operator: Operator) -> impl Strategy<Value = Question> {
    let asked =
        if operator.operand() == Operand::Pair { vec(asked(kind), 2) } else { vec(asked(kind), 1..4) };
    asked.prop_map(move |asked| Question::new(kind.column, operator, asked))
}

#[test]
fn every_sample_of_every_type_compares_as_a_parameter_does() {
    let mut samples = Samples::of_all_kinds();
    for kind in KINDS {
        for operator in Operator::VARIANTS.iter().filter(|operator| operator.operand() == Operand::Value) {
            for sample in kind.samples {
                let asked = vec![kind.value((*sample).to_owned(), true)];
                samples.assert_agreement(&[Question::new(kind.column, *operator, asked)]);
            }
        }
    }
}

#[test]
fn any_value_selects_what_a_parameter_selects_for_every_type_and_operator() {
    let samples = RefCell::new(Samples::of_all_kinds());
    for kind in KINDS {
        for operator in Operator::VARIANTS {
            run(12, &question(kind, *operator), |question| {
                samples.borrow_mut().assert_agreement(&[question])
            });
        }
    }
}

#[test]
fn several_filters_select_what_all_of_them_select() {
    let samples = RefCell::new(Samples::of_all_kinds());
    let any_question = (0..KINDS.len(), select(Operator::VARIANTS))
        .prop_flat_map(|(kind, operator)| question(&KINDS[kind], operator));
    run(300, &vec(any_question, 1..=5), |questions| samples.borrow_mut().assert_agreement(&questions));
}

#[test]
fn any_text_in_a_column_of_any_name_is_found_exactly() {
    let samples = RefCell::new(Samples::new(""));
    let names = btree_set(name(), 1..5).prop_map(|names| names.into_iter().collect::<Vec<_>>());
    run(40, &(names, vec(text(), 2..10)), |(names, texts)| {
        let mut samples = samples.borrow_mut();
        samples.replace_by_texts(&names, &texts);
        for (turn, name) in names.iter().enumerate() {
            let text = &texts[turn % texts.len()];
            // What the row holds is known here, without a word from PostgreSQL.
            let rows = |wanted: fn(&str, &str) -> bool| -> Vec<i32> {
                let found = (0..texts.len()).filter(|at| wanted(&texts[*at], text));
                let mut rows: Vec<_> = found.map(|at| ((at + turn) % texts.len()) as i32).collect();
                rows.sort_unstable();
                rows
            };
            let (equal, different) = (rows(|a, b| a == b), rows(|a, b| a != b));
            let exactly = text.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
            let mut ask = |operator, text: &str| {
                let asked = Asked { text: text.to_owned(), json: json!(text) };
                samples.rendered(&[Question::new(name, operator, vec![asked; 2])]).unwrap()
            };
            assert_eq!(ask(Operator::Equal, text), equal, "{name:?} = {text:?}");
            assert_eq!(ask(Operator::In, text), equal, "{name:?} IN {text:?}");
            assert_eq!(ask(Operator::Between, text), equal, "{name:?} BETWEEN {text:?}");
            assert_eq!(ask(Operator::Like, &exactly), equal, "{name:?} LIKE {exactly:?}");
            assert_eq!(ask(Operator::NotEqual, text), different, "{name:?} != {text:?}");
            assert_eq!(ask(Operator::NotIn, text), different, "{name:?} NOT IN {text:?}");
            assert_eq!(ask(Operator::IsNull, text), [texts.len() as i32], "{name:?} IS NULL");
        }
    });
}

#[test]
fn any_text_in_a_column_of_any_name_compares_as_a_parameter_does() {
    let samples = RefCell::new(Samples::new(""));
    let names = btree_set(name(), 1..5).prop_map(|names| names.into_iter().collect::<Vec<_>>());
    let operators = vec((select(Operator::VARIANTS), text(), text()), 1..8);
    run(40, &(names, vec(text(), 2..10), operators), |(names, texts, operators)| {
        let mut samples = samples.borrow_mut();
        samples.replace_by_texts(&names, &texts);
        for (at, (operator, low, high)) in operators.into_iter().enumerate() {
            let asked = [low, high].map(|text| Asked { json: json!(text), text }).to_vec();
            samples.assert_agreement(&[Question::new(&names[at % names.len()], operator, asked)]);
        }
    });
}

#[test]
fn numbers_with_many_digits_are_told_apart() {
    let mut samples = Samples::of_all_kinds();
    for (row, digits) in
        [(1, "12345678901234567890.123456789012345678901"), (2, "12345678901234567890.123456789012345678902")]
    {
        let json = format!(r#"{{"column": "exact", "operator": "=", "value": {digits}}}"#);
        let filter: Filter = serde_json::from_str(&json).unwrap();
        let conditions = bind(&[filter], samples.table.as_ref().unwrap()).unwrap();
        let sql = format!("SELECT array_agg(id) FROM public.samples WHERE {}", join(&conditions).unwrap());
        assert_eq!(selected(&mut samples.standard, &sql), Some(vec![row]));
    }
}

/// Their operators live in the schema of the extension, which no search_path names.
#[test]
fn types_of_extensions_compare_by_their_own_operators() {
    let mut samples = Samples::new(
        r#"CREATE SCHEMA "Ext.s"; CREATE EXTENSION citext SCHEMA "Ext.s"; CREATE EXTENSION ltree SCHEMA "Ext.s";
           CREATE TABLE public.samples (id int, email "Ext.s".citext, path "Ext.s".ltree);
           INSERT INTO public.samples VALUES (1, 'Bob', 'a.b'), (2, 'bob', 'a'), (3, 'eve', 'b'), (4, NULL, NULL)"#,
    );
    samples.read_catalogue();
    for (column, operator, value, expected) in [
        ("email", "=", json!("BOB"), vec![1, 2]),
        ("email", "!=", json!("BOB"), vec![3]),
        ("email", ">", json!("BOB"), vec![3]),
        ("email", "IN", json!(["BOB", "Eve"]), vec![1, 2, 3]),
        ("email", "NOT IN", json!(["BOB", "x"]), vec![3]),
        ("email", "BETWEEN", json!(["BOA", "BOC"]), vec![1, 2]),
        ("email", "LIKE", json!("B%"), vec![1, 2]),
        ("email", "IS NULL", json!(null), vec![4]),
        ("path", "=", json!("a"), vec![2]),
        ("path", "<=", json!("a.b"), vec![1, 2]),
    ] {
        let filter = json!({ "column": column, "operator": operator, "value": value });
        let filters = [serde_json::from_value(filter).unwrap()];
        let conditions = bind(&filters, samples.table.as_ref().unwrap()).unwrap();
        let sql = format!("SELECT array_agg(id) FROM public.samples WHERE {}", join(&conditions).unwrap());
        assert_eq!(selected(&mut samples.standard, &sql), Some(expected), "{sql}");
    }
}
