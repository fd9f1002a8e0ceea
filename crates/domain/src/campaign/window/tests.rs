use proptest::prelude::*;

use super::*;
use crate::catalog::{DataType, TypeKind};

fn column(type_name: &str, oid: u32, nullable: bool) -> Column {
    let name = type_name.to_owned();
    let data_type =
        DataType { oid, name: name.clone(), modifier: -1, kind: TypeKind::Base, element_oid: None };
    Column { name: "at".to_owned(), type_name: name, nullable, data_type }
}

fn request(unit: Unit, from: &str, to: &str, time_zone: &str) -> WindowRequest {
    WindowRequest {
        column: "at".to_owned(),
        unit,
        from: from.to_owned(),
        to: to.to_owned(),
        time_zone: time_zone.to_owned(),
        include_null: false,
    }
}

/// The lower bounds, and the last upper one; each window must begin where the one before ends.
fn bounds(windows: &[Window]) -> Vec<String> {
    let mut bounds: Vec<String> = Vec::new();
    for window in windows {
        let Window::Range { lower: Some(lower), upper: Some(upper) } = window else { panic!("{window:?}") };
        assert!(bounds.last().is_none_or(|last| last == lower), "{windows:?}");
        if bounds.is_empty() {
            bounds.push(lower.clone());
        }
        bounds.push(upper.clone());
    }
    bounds
}

fn cut(request: &WindowRequest, type_name: &str, oid: u32) -> Vec<String> {
    bounds(&request.cut(&column(type_name, oid, true), 10_000).unwrap())
}

#[test]
fn each_type_has_its_own_bounds() {
    let months = request(Unit::Month, "2024-01-15", "2024-03-01", "UTC");
    assert_eq!(cut(&months, "date", 1082), ["2024-01-15", "2024-02-01", "2024-03-01"]);
    assert_eq!(
        cut(&months, "timestamp", 1114),
        ["2024-01-15T00:00:00", "2024-02-01T00:00:00", "2024-03-01T00:00:00"]
    );
    let berlin = request(Unit::Month, "2024-03-15T06:30:00Z", "2024-05-01", "Europe/Berlin");
    assert_eq!(
        cut(&berlin, "timestamptz", 1184),
        ["2024-03-15T07:30:00+01:00", "2024-04-01T00:00:00+02:00", "2024-05-01T00:00:00+02:00"]
    );
}

#[test]
fn clocks_that_change_leave_no_gap() {
    let spring = request(Unit::Hour, "2024-03-31T00:00:00", "2024-03-31T05:00:00", "Europe/Berlin");
    assert_eq!(cut(&spring, "timestamptz", 1184).len(), 5, "four hours");
    let autumn = request(Unit::Day, "2024-10-27", "2024-10-29", "Europe/Berlin");
    assert_eq!(
        cut(&autumn, "timestamptz", 1184),
        ["2024-10-27T00:00:00+02:00", "2024-10-28T00:00:00+01:00", "2024-10-29T00:00:00+01:00"]
    );
    // On this day clocks went from midnight to one, in another year a whole day was left out.
    let gap = request(Unit::Day, "2018-11-03", "2018-11-05", "America/Sao_Paulo");
    assert_eq!(
        cut(&gap, "timestamptz", 1184),
        ["2018-11-03T00:00:00-03:00", "2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"]
    );
    let samoa = request(Unit::Day, "2011-12-29", "2012-01-01", "Pacific/Apia");
    assert_eq!(
        cut(&samoa, "timestamptz", 1184),
        ["2011-12-29T00:00:00-10:00", "2011-12-31T00:00:00+14:00", "2012-01-01T00:00:00+14:00"]
    );
}

#[test]
fn rows_without_a_value_are_a_window_if_there_can_be_any() {
    let with_null =
        WindowRequest { include_null: true, ..request(Unit::Day, "2024-01-01", "2024-01-02", "UTC") };
    let of = |nullable| with_null.cut(&column("date", 1082, nullable), 10).unwrap();
    assert_eq!(of(true).last(), Some(&Window::Null));
    assert_eq!(of(false).len(), 1);
}

#[test]
fn what_does_not_fit_is_named() {
    let bad = |request: WindowRequest, type_name: &str, oid| {
        let errors = request.cut(&column(type_name, oid, true), 10).unwrap_err();
        errors.iter().map(|error| error.field.clone()).collect::<Vec<_>>().join(" ")
    };
    let day = |from, to, zone| request(Unit::Day, from, to, zone);
    assert_eq!(bad(day("2024-01-01", "2024-01-02", "UTC"), "integer", 23), "window.column");
    assert_eq!(bad(day("2024-01-01", "2024-01-02", "Berlin"), "date", 1082), "window.time_zone");
    assert_eq!(bad(day("2024-01-01", "2024-01-02", "Europe/Berlin"), "date", 1082), "window.time_zone");
    assert_eq!(bad(day("yesterday", "2024-01-02", "UTC"), "date", 1082), "window.from");
    assert_eq!(bad(day("2024-01-01", "12024-01-01", "UTC"), "date", 1082), "window.to");
    assert_eq!(bad(day("2024-01-02", "2024-01-02", "UTC"), "date", 1082), "window.to");
    assert_eq!(bad(day("2024-01-01T01:00", "2024-01-02", "UTC"), "date", 1082), "window");
    let hours = request(Unit::Hour, "2024-01-01", "2024-01-02", "UTC");
    assert_eq!(bad(hours, "date", 1082), "window.unit");
}

#[test]
fn no_more_are_cut_than_are_of_use() {
    let hours = request(Unit::Hour, "0001-01-01", "9999-12-31", "UTC");
    assert_eq!(hours.cut(&column("timestamp", 1114, true), 500).unwrap().len(), 501);
}

#[test]
fn ranges_are_open_at_both_ends() {
    let range = |lower: Option<&str>, upper: Option<&str>| Window::Range {
        lower: lower.map(str::to_owned),
        upper: upper.map(str::to_owned),
    };
    assert_eq!(Window::between(&[]), [range(None, None)]);
    let cuts = ["10".to_owned(), "20".to_owned()];
    assert_eq!(
        Window::between(&cuts),
        [range(None, Some("10")), range(Some("10"), Some("20")), range(Some("20"), None)]
    );
}

const ZONES: [Tz; 9] = [
    Tz::UTC,
    Tz::Europe__Berlin,
    Tz::America__New_York,
    Tz::America__Sao_Paulo,
    Tz::America__Havana,
    Tz::Atlantic__Azores,
    Tz::Australia__Lord_Howe,
    Tz::Asia__Kolkata,
    Tz::Pacific__Apia,
];
const UNITS: [Unit; 5] = [Unit::Hour, Unit::Day, Unit::Week, Unit::Month, Unit::Year];

proptest! {
    #[test]
    fn windows_tile_their_period(
        zone in prop::sample::select(&ZONES[..]),
        unit in prop::sample::select(&UNITS[..]),
        from in 0_i64..2_000_000_000,
        length in 1_i64..40_000_000,
    ) {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        let (from, to) = (at(from), at(from + length));
        let windows: Vec<_> = tile(from, to, unit, zone).collect();
        prop_assert_eq!(windows[0].0, from);
        prop_assert_eq!(windows[windows.len() - 1].1, to);
        for pair in windows.windows(2) {
            prop_assert_eq!(pair[0].1, pair[1].0);
        }
        for (lower, upper) in windows {
            prop_assert!(lower < upper);
            // All of it is in one hour, day, … by the zone's clocks.
            let unit_of = |moment: DateTime<Utc>| begin(moment.with_timezone(&zone).naive_local(), unit);
            prop_assert_eq!(unit_of(lower), unit_of(upper - TimeDelta::microseconds(1)));
        }
    }

    #[test]
    fn bounds_are_read_as_they_are_written(
        zone in prop::sample::select(&ZONES[..]),
        seconds in -60_000_000_000_i64..200_000_000_000,
    ) {
        let moment = DateTime::from_timestamp(seconds, 0).unwrap();
        let written = Clock::Moments.write(moment, zone);
        prop_assert_eq!(DateTime::parse_from_rfc3339(&written).unwrap().to_utc(), moment);
    }
}
