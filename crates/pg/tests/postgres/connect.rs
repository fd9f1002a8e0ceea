//! Connections.

use backfill_domain::{
    limits::SourceLimits,
    source::{ConnectionSettings, Password, SslMode},
};
use backfill_pg::{connect, probe_source};

use crate::database::{server, value};

/// A server with TLS may run these tests too: then there is nothing to see here.
fn has_tls() -> bool {
    let mut client = connect(&server(), "backfill pg tests").unwrap();
    value(&mut client, "SHOW ssl").unwrap().as_deref() == Some("on")
}

#[test]
fn sslmode_prefer_works_against_a_server_without_tls() {
    let settings = ConnectionSettings { sslmode: SslMode::Prefer, ..server() };
    assert!(connect(&settings, "backfill pg tests").is_ok());
    let test = probe_source(&settings, &SourceLimits::default());
    assert!(test.reachable, "{:?}", test.missing);
    assert_eq!(test.encrypted, Some(has_tls()));
}

#[test]
fn sslmode_require_refuses_a_server_without_tls() {
    if has_tls() {
        return;
    }
    let settings = ConnectionSettings { sslmode: SslMode::Require, ..server() };
    let error = connect(&settings, "backfill pg tests").err().expect("connected in the clear").to_string();
    assert!(error.contains("TLS"), "{error}");
}

#[test]
fn a_failed_connection_says_where_and_why_but_never_the_password() {
    let secret = "hunter2-not-the-password";
    let settings = ConnectionSettings { password: Some(Password::from(secret.to_owned())), ..server() };
    let error = connect(&settings, "backfill pg tests").err().expect("any password is taken").to_string();
    assert!(error.contains(&settings.host) && error.contains("password authentication failed"), "{error}");
    assert!(!error.contains(secret), "{error}");
}

#[test]
fn values_read_the_same_whatever_the_database_is_set_to() {
    let database = crate::database::Database::new();
    let mut client = database.connect();
    let name = value(&mut client, "SELECT current_database()").unwrap().unwrap();
    for setting in [
        "DateStyle = 'SQL, DMY'",
        "TimeZone = 'Asia/Kolkata'",
        "IntervalStyle = 'iso_8601'",
        "bytea_output = 'escape'",
        "extra_float_digits = 0",
    ] {
        crate::database::execute(&mut client, &format!("ALTER DATABASE {name} SET {setting}"));
    }
    let sql = "SELECT concat_ws(' | ', timestamptz '2024-05-06 12:00:00+05:30', interval '1 day 2 hours', bytea '\\x00ff', \
               0.1::float8 + 0.2::float8)";
    let text = value(&mut database.connect(), sql).unwrap().unwrap();
    assert_eq!(text, r"2024-05-06 06:30:00+00 | 1 day 02:00:00 | \x00ff | 0.30000000000000004");
}
