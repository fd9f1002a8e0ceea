use std::io;

use backfill_domain::source::ConnectionSettings;

use super::{duckdb, io as is_transient_io, pg, sqlstate};

/// The classes of PostgreSQL's appendix, versions 14 to 18.
const APPENDIX: &str = "00 01 02 03 08 09 0A 0B 0F 0L 0P 0Z 10 20 21 22 23 24 25 26 27 28 2B 2D 2F 34 38 39 3B 3D 3F 40 \
     42 44 53 54 55 57 58 72 F0 HV P0 XX";

#[test]
fn every_class_has_its_place_once() {
    let placed: Vec<_> = sqlstate::CLASSES.iter().map(|(class, _)| *class).collect();
    assert_eq!(placed, APPENDIX.split_whitespace().collect::<Vec<_>>());
}

#[test]
fn a_code_passes_or_stays() {
    let passes = "08000 08001 08003 08004 08006 08007 08P01 25006 25P03 25P04 40000 40001 40003 40P01 53000 53100 53200 \
         53300 55006 55P03 57000 57014 57P01 57P02 57P03 57P05 58000 58030 72000 HV00N XX000";
    let stays = "00000 01000 02000 03000 09000 0A000 0B000 0F000 0L000 0P000 0Z000 10608 20000 21000 22003 22P02 22P04 \
         23502 23503 23505 23514 24000 25001 25P02 26000 27000 28000 28P01 2BP01 2D000 2F000 34000 38000 39000 3B000 \
         3D000 3F000 40002 42501 42703 42P01 44000 53400 54000 55000 55P02 57P04 58P01 58P02 58P03 F0000 HV000 P0001 \
         XX001 XX002 ZZ000 4";
    for (codes, verdict) in [(passes, true), (stays, false)] {
        for code in codes.split_whitespace() {
            assert_eq!(sqlstate::is_transient(code), verdict, "{code}");
        }
    }
}

#[test]
fn what_a_network_or_a_disk_cannot_do_now_passes() {
    use io::ErrorKind::*;
    let passes = [
        ConnectionRefused,
        ConnectionReset,
        ConnectionAborted,
        BrokenPipe,
        TimedOut,
        UnexpectedEof,
        HostUnreachable,
        NetworkUnreachable,
        NetworkDown,
        NotConnected,
        StorageFull,
        QuotaExceeded,
        ResourceBusy,
        Interrupted,
        OutOfMemory,
        StaleNetworkFileHandle,
        WouldBlock,
    ];
    let stays = [
        NotFound,
        PermissionDenied,
        NotADirectory,
        IsADirectory,
        ReadOnlyFilesystem,
        InvalidData,
        FileTooLarge,
    ];
    for (kinds, verdict) in [(&passes[..], true), (&stays[..], false)] {
        for kind in kinds {
            assert_eq!(is_transient_io(&io::Error::from(*kind)), verdict, "{kind:?}");
        }
    }
    // EIO and EMFILE have no kind of their own.
    assert!([5, 24].map(io::Error::from_raw_os_error).iter().all(is_transient_io));
}

#[test]
fn a_server_that_cannot_be_reached_may_come_back() {
    for address in ["127.0.0.1:1", "nowhere.invalid:5432"] {
        let url = format!("postgres://u:p@{address}/d?sslmode=disable");
        let settings = ConnectionSettings::from_url(&url).unwrap();
        let Err(error) = backfill_pg::connect(&settings, "backfill test") else {
            panic!("{address} answers")
        };
        assert!(pg(&error), "{error}");
    }
}

#[test]
fn what_duckdb_says_of_locks_disk_and_memory_passes() {
    for message in [
        "IO Error: Could not set lock on file \"/d.duckdb\": Conflicting lock is held in /usr/bin/duckdb (PID 7)",
        "IO Error: Could not write all bytes to file \"/d.duckdb\": wanted=4096 wrote=0: No space left on device",
        "Out of Memory Error: could not allocate block of size 256.0 KiB (119.9 MiB/120.0 MiB used)",
        "FATAL Error: Failed: database has been invalidated because of a previous fatal error.",
    ] {
        assert!(duckdb(message), "{message}");
    }
    for message in [
        "Constraint Error: Duplicate key \"id: 7\" violates primary key constraint",
        "Conversion Error: Could not cast value",
        "IO Error: Cannot open file \"/d\": Permission denied",
        "Catalog Error: Table with name t does not exist!",
    ] {
        assert!(!duckdb(message), "{message}");
    }
}
