//! What goes through a COPY, and what the server says of it at any moment.

use std::io::{BufRead, Read};

use backfill_pg::describe;
use bytes::Bytes;

use crate::database::{Database, execute, value};

#[test]
fn rows_come_as_they_were_given_narrow_and_wide() {
    let database = Database::new();
    let mut client = database.connect();
    execute(&mut client, "CREATE TABLE public.texts (text text)");
    let narrow: String = (0..50_000).map(|number| format!("{number}\n")).collect();
    let wide = "w".repeat(3 << 20) + "\n";
    let given = [narrow.as_str(), &wide, &wide, &narrow].concat();
    let pieces = given.as_bytes().chunks(100_000).map(Bytes::copy_from_slice);
    assert_eq!(client.copy_in("COPY public.texts FROM STDIN", pieces).unwrap(), 100_002);
    let mut held = String::new();
    let mut stream = client.copy_out("COPY public.texts TO STDOUT").unwrap();
    stream.read_to_string(&mut held).unwrap();
    assert!(held == given);
    assert_eq!(value(&mut client, "SELECT count(*) FROM public.texts").unwrap().as_deref(), Some("100002"));
}

#[test]
fn a_row_is_in_the_buffer_alone() {
    let database = Database::new();
    let mut client = database.connect();
    let mut stream = client.copy_out("COPY (SELECT generate_series(1, 3)) TO STDOUT").unwrap();
    for row in [b"1\n", b"2\n", b"3\n"] {
        assert_eq!(stream.fill_buf().unwrap(), row);
        stream.consume(row.len());
    }
    assert!(stream.fill_buf().unwrap().is_empty());
}

#[test]
fn an_error_behind_many_rows_is_told_and_the_session_goes_on() {
    let database = Database::new();
    let mut client = database.connect();
    let copy = "COPY (SELECT 1 / (100000 - i) FROM generate_series(1, 100000) AS i) TO STDOUT";
    let error = client.copy_out(copy).unwrap().read_to_end(&mut Vec::new()).unwrap_err();
    let error = error.get_ref().and_then(|error| error.downcast_ref()).unwrap();
    assert_eq!(describe(error), "division by zero");
    assert_eq!(value(&mut client, "SELECT 1").unwrap().as_deref(), Some("1"));
}

#[test]
fn a_stream_that_is_left_and_rows_that_are_refused_leave_the_session_usable() {
    let database = Database::new();
    let mut client = database.connect();
    let mut stream = client.copy_out("COPY (SELECT generate_series(1, 100000)) TO STDOUT").unwrap();
    assert_eq!(stream.fill_buf().unwrap(), b"1\n");
    drop(stream);
    execute(&mut client, "CREATE TABLE public.numbers (number int)");
    let pieces = (0..100).map(|_| Bytes::from_static(b"not a number\n"));
    let refused = client.copy_in("COPY public.numbers FROM STDIN", pieces).unwrap_err();
    assert!(describe(&refused).starts_with("invalid input syntax for type integer"), "{refused}");
    assert_eq!(value(&mut client, "SELECT count(*) FROM public.numbers").unwrap().as_deref(), Some("0"));
}

#[test]
fn a_notification_wakes_whoever_waits() {
    let database = Database::new();
    let (mut listener, mut speaker) = (database.connect(), database.connect());
    execute(&mut listener, "LISTEN word");
    execute(&mut speaker, "NOTIFY word");
    assert!(listener.wait_for_notification().unwrap());
}

#[test]
fn the_session_ends_with_its_client() {
    let database = Database::new();
    let (client, mut other) = (database.connect(), database.connect());
    let sessions = "SELECT count(*) FROM pg_catalog.pg_stat_activity \
                    WHERE datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid()";
    assert_eq!(value(&mut other, sessions).unwrap().as_deref(), Some("1"));
    drop(client);
    while value(&mut other, sessions).unwrap().as_deref() != Some("0") {
        std::thread::yield_now();
    }
}
