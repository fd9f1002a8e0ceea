//! PostgreSQL's error codes, by their classes: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.

/// A condition that passes by itself.
const PASSES: bool = true;
/// An error that stays until somebody mends statement, data, rights or settings.
const STAYS: bool = false;

/// Every class.
pub(super) const CLASSES: &[(&str, bool)] = &[
    ("00", STAYS),  // success
    ("01", STAYS),  // warning
    ("02", STAYS),  // no data
    ("03", STAYS),  // statement not yet complete
    ("08", PASSES), // connection; poolers say 08P01 of a server that they cannot reach
    ("09", STAYS),  // triggered action
    ("0A", STAYS),  // feature not supported
    ("0B", STAYS),  // transaction initiation
    ("0F", STAYS),  // locator
    ("0L", STAYS),  // grantor
    ("0P", STAYS),  // role
    ("0Z", STAYS),  // diagnostics
    ("10", STAYS),  // XQuery
    ("20", STAYS),  // case not found
    ("21", STAYS),  // cardinality
    ("22", STAYS),  // data
    ("23", STAYS),  // integrity constraint
    ("24", STAYS),  // cursor state
    ("25", STAYS),  // transaction state
    ("26", STAYS),  // statement name
    ("27", STAYS),  // triggered data change
    ("28", STAYS),  // authorization: password, role
    ("2B", STAYS),  // dependent privileges
    ("2D", STAYS),  // transaction termination
    ("2F", STAYS),  // SQL routine
    ("34", STAYS),  // cursor name
    ("38", STAYS),  // external routine
    ("39", STAYS),  // invocation of an external routine
    ("3B", STAYS),  // savepoint
    ("3D", STAYS),  // database name
    ("3F", STAYS),  // schema name
    ("40", PASSES), // transaction rolled back: serialization failure, deadlock
    ("42", STAYS),  // syntax, access rule
    ("44", STAYS),  // WITH CHECK OPTION
    ("53", PASSES), // resources: disk full, out of memory, too many connections
    ("54", STAYS),  // program limit
    ("55", STAYS),  // prerequisite state
    ("57", PASSES), // an operator: shutdown, crash, not yet started, cancelled, time-outs
    ("58", PASSES), // the operating system
    ("72", PASSES), // snapshot too old, up to version 16
    ("F0", STAYS),  // configuration file
    ("HV", STAYS),  // foreign data
    ("P0", STAYS),  // PL/pgSQL: what a trigger raises
    ("XX", PASSES), // internal: a cache lookup that failed beside an ALTER, a tuple that was updated at the same time
];

/// Codes that are not like their class.
const EXCEPTIONS: &[(&str, bool)] = &[
    ("25006", PASSES), // read-only: a primary that was just demoted, or whose disk is full
    ("25P03", PASSES), // idle_in_transaction_session_timeout
    ("25P04", PASSES), // transaction_timeout
    ("40002", STAYS),  // rolled back by an integrity constraint
    ("53400", STAYS),  // a configured limit, which the same statement will meet again
    ("55006", PASSES), // object in use
    ("55P03", PASSES), // lock_timeout
    ("57P04", STAYS),  // the database was dropped
    ("58P01", STAYS),  // a file of the server's is missing
    ("58P02", STAYS),  // a file of the server's exists already
    ("58P03", STAYS),  // a file's name is too long
    ("HV00N", PASSES), // no connection to a foreign server
    ("XX001", STAYS),  // data corrupted
    ("XX002", STAYS),  // index corrupted
];

/// Whether what a server reports with this code may pass by itself. What has no place here does not.
pub(super) fn is_transient(code: &str) -> bool {
    let class = code.get(..2).unwrap_or_default();
    let placed = |table: &[(&str, bool)], wanted: &str| {
        table.iter().find(|(placed, _)| *placed == wanted).map(|(_, verdict)| *verdict)
    };
    placed(EXCEPTIONS, code).or_else(|| placed(CLASSES, class)).unwrap_or(STAYS)
}
