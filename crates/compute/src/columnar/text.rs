//! Values for people to read: from PostgreSQL's binary forms to the texts that PostgreSQL itself writes.

use std::{fmt::LowerExp, str::FromStr};

use uuid::Uuid;

use super::{array, numeric, types::Kind};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// Days from 0000-03-01, where the calendar's cycle of 400 years begins, to PostgreSQL's epoch, 2000-01-01.
const EPOCH: i64 = 730_425;

/// Days of the calendar's cycle.
const CYCLE: i64 = 146_097;

/// The value as PostgreSQL casts it to text; its bytes where they are none of its kind.
pub(crate) fn text_of(kind: &Kind, bytes: &[u8]) -> String {
    render(kind, bytes).unwrap_or_else(|| hexadecimal(bytes))
}

fn render(kind: &Kind, bytes: &[u8]) -> Option<String> {
    Some(match kind {
        Kind::Boolean => (bytes.try_into().map(u8::from_be_bytes).ok()? != 0).to_string(),
        Kind::SmallInt => i16::from_be_bytes(bytes.try_into().ok()?).to_string(),
        Kind::Integer => i32::from_be_bytes(bytes.try_into().ok()?).to_string(),
        Kind::BigInt => i64::from_be_bytes(bytes.try_into().ok()?).to_string(),
        Kind::UInteger => u32::from_be_bytes(bytes.try_into().ok()?).to_string(),
        Kind::Float => {
            let value = f32::from_be_bytes(bytes.try_into().ok()?);
            float(value, value.is_nan(), value.is_infinite(), 6)
        }
        Kind::Double => {
            let value = f64::from_be_bytes(bytes.try_into().ok()?);
            float(value, value.is_nan(), value.is_infinite(), 15)
        }
        Kind::Decimal { .. } => numeric::text(bytes)?,
        Kind::Varchar | Kind::Json => std::str::from_utf8(bytes).ok()?.to_owned(),
        Kind::Blob => hexadecimal(bytes),
        Kind::Uuid => Uuid::from_slice(bytes).ok()?.to_string(),
        Kind::Date => date(i32::from_be_bytes(bytes.try_into().ok()?)),
        Kind::Time => time(i64::from_be_bytes(bytes.try_into().ok()?)),
        Kind::Timestamp => timestamp(i64::from_be_bytes(bytes.try_into().ok()?), ""),
        Kind::TimestampTz => timestamp(i64::from_be_bytes(bytes.try_into().ok()?), "+00"),
        Kind::List(element) => list(element, bytes)?,
    })
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\\x{digits}")
}

/// The shortest digits that give the number back; with an exponent from so many digits before the point on.
fn float<T>(value: T, is_nan: bool, is_infinite: bool, fixed_below: i32) -> String
where
    T: LowerExp + FromStr + PartialEq,
{
    let mut scientific = format!("{value:e}");
    // Of two that are as near, PostgreSQL takes the even one.
    let behind_point = scientific.split_once('.').and_then(|(_, rest)| rest.find('e')).unwrap_or_default();
    let even = format!("{value:.behind_point$e}");
    if even.parse().is_ok_and(|even: T| even == value) {
        scientific = even;
    }
    let sign = if scientific.starts_with('-') { "-" } else { "" };
    if is_nan {
        return "NaN".to_owned();
    }
    if is_infinite {
        return format!("{sign}Infinity");
    }
    let (mantissa, exponent) = scientific[sign.len()..].split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if !(-4..fixed_below).contains(&exponent) {
        let exponent_sign = if exponent < 0 { '-' } else { '+' };
        return format!("{sign}{mantissa}e{exponent_sign}{:02}", exponent.abs());
    }
    let digits = mantissa.replace('.', "");
    let behind = usize::try_from(exponent + 1).unwrap_or_default();
    let text = match digits.split_at_checked(behind) {
        _ if exponent < 0 => format!("0.{}{digits}", "0".repeat(exponent.unsigned_abs() as usize - 1)),
        Some((whole, "")) => whole.to_owned(),
        Some((whole, rest)) => format!("{whole}.{rest}"),
        None => format!("{digits:0<behind$}"),
    };
    format!("{sign}{text}")
}

fn date(days: i32) -> String {
    match days {
        i32::MAX => "infinity".to_owned(),
        i32::MIN => "-infinity".to_owned(),
        days => {
            let (day, era) = calendar(days.into());
            format!("{day}{era}")
        }
    }
}

fn time(microseconds: i64) -> String {
    let (seconds, fraction) = (microseconds.div_euclid(1_000_000), microseconds.rem_euclid(1_000_000));
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if fraction == 0 {
        return clock;
    }
    format!("{clock}.{}", format!("{fraction:06}").trim_end_matches('0'))
}

fn timestamp(microseconds: i64, zone: &str) -> String {
    match microseconds {
        i64::MAX => "infinity".to_owned(),
        i64::MIN => "-infinity".to_owned(),
        _ => {
            let (day, era) = calendar(microseconds.div_euclid(DAY));
            format!("{day} {}{zone}{era}", time(microseconds.rem_euclid(DAY)))
        }
    }
}

/// A day, counted from PostgreSQL's epoch, in the calendar: year, month and day, and what marks years before the first.
///
/// Years are counted from March here, so that the leap day is a year's last.
fn calendar(days: i64) -> (String, &'static str) {
    let days = days + EPOCH;
    let (cycle, day) = (days.div_euclid(CYCLE), days.rem_euclid(CYCLE));
    let year = (day - day / 1460 + day / 36_524 - day / (CYCLE - 1)) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = cycle * 400 + year + i64::from(month <= 2);
    let (year, era) = if year > 0 { (year, "") } else { (1 - year, " BC") };
    (format!("{year:04}-{month:02}-{day:02}"), era)
}

fn list(element: &Kind, bytes: &[u8]) -> Option<String> {
    let (dimensions, elements) = array::parts(bytes).ok()?;
    if dimensions.is_empty() {
        return Some("{}".to_owned());
    }
    let mut text = String::new();
    if dimensions.iter().any(|(_, first)| *first != 1) {
        for (length, first) in &dimensions {
            text.push_str(&format!("[{first}:{}]", i64::from(*first) + i64::from(*length) - 1));
        }
        text.push('=');
    }
    let mut parts: Vec<_> = elements
        .iter()
        .map(|field| field.map_or_else(|| "NULL".to_owned(), |bytes| in_list(element, bytes)))
        .collect();
    for (length, _) in dimensions.iter().rev() {
        let length = usize::try_from(*length).ok().filter(|length| *length > 0)?;
        parts = parts.chunks(length).map(|parts| format!("{{{}}}", parts.join(","))).collect();
    }
    text.push_str(&parts.concat());
    Some(text)
}

/// An element, quoted where it must be.
fn in_list(kind: &Kind, bytes: &[u8]) -> String {
    let text = match (kind, bytes) {
        (Kind::Boolean, [0]) => "f".to_owned(),
        (Kind::Boolean, _) => "t".to_owned(),
        _ => text_of(kind, bytes),
    };
    let is_special = |character: char| {
        matches!(character, '"' | '\\' | '{' | '}' | ',' | ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}')
    };
    if text.is_empty() || text.eq_ignore_ascii_case("null") || text.contains(is_special) {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        text
    }
}
