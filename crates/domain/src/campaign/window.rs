//! Windows: a period of time, cut where days, months or years begin in a time zone.
//!
//! They tile the period: each begins where the one before ends, so that no moment is in two of them or in none, also where
//! clocks go forward or back.

use chrono::{
    DateTime, Datelike as _, Days, LocalResult, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta,
    TimeZone as _, Timelike as _, Utc,
};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    catalog::Column,
    filter::{Filter, Operator},
    text_enum::text_enum,
    validation::FieldError,
};

text_enum! {
    "snake_case",
    /// How long a window is, unless the period begins or ends within it.
    pub enum Unit {
        /// From a full hour to the next.
        Hour,
        /// From midnight to midnight.
        Day,
        /// From Monday to Monday.
        Week,
        /// From the first of a month to that of the next.
        Month,
        /// From the first of January to the next.
        Year,
    }
}

/// What a client sends to have tables cut by a column that holds dates or times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WindowRequest {
    /// The column: a `date`, `timestamp` or `timestamptz`. A table may name another by `window_column`.
    #[schema(example = "created_at")]
    pub column: String,
    /// How long each window is.
    pub unit: Unit,
    /// Where the first window begins: a date, or a time with an offset or else in the time zone.
    #[schema(example = "2024-01-01")]
    pub from: String,
    /// Where the last window ends, which itself is not in it.
    #[schema(example = "2025-01-01")]
    pub to: String,
    /// Name of the time zone whose days a `timestamptz` is cut by; UTC unless given. A `date` or `timestamp` is what it is.
    #[serde(default = "utc")]
    #[schema(example = "Europe/Berlin")]
    pub time_zone: String,
    /// Whether the rows whose column is NULL are a window of their own; without it they are in none.
    #[serde(default)]
    pub include_null: bool,
}

fn utc() -> String {
    "UTC".to_owned()
}

/// Rows of a table, by their value of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Window {
    /// Those with lower <= value < upper; without a bound, open on that side.
    Range {
        /// The lowest value that is in it.
        lower: Option<String>,
        /// The lowest value above it.
        upper: Option<String>,
    },
    /// Those whose value is NULL.
    Null,
}

impl Window {
    /// The filters that select its rows.
    pub fn filters(&self, column: &str) -> Vec<Filter> {
        let filter = |operator, value: Option<&String>| Filter {
            column: column.to_owned(),
            operator,
            value: value.map(|value| value.as_str().into()),
        };
        match self {
            Self::Null => vec![filter(Operator::IsNull, None)],
            Self::Range { lower, upper } => {
                let lower = lower.iter().map(|bound| filter(Operator::GreaterOrEqual, Some(bound)));
                lower.chain(upper.iter().map(|bound| filter(Operator::Less, Some(bound)))).collect()
            }
        }
    }

    /// The ranges between `cuts`, which are in order; the first and the last are open, so that nothing falls beside them.
    pub fn between(cuts: &[String]) -> Vec<Self> {
        let bound = |at: Option<usize>| at.and_then(|at| cuts.get(at).cloned());
        (0..=cuts.len())
            .map(|at| Self::Range { lower: bound(at.checked_sub(1)), upper: bound(Some(at)) })
            .collect()
    }
}

/// What a column says of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clock {
    /// `date`.
    Days,
    /// `timestamp`: what a clock on a wall shows, wherever it hangs.
    Wall,
    /// `timestamptz`: moments.
    Moments,
}

impl Clock {
    fn of(column: &Column) -> Option<Self> {
        match column.data_type.oid {
            1082 => Some(Self::Days),
            1114 => Some(Self::Wall),
            1184 => Some(Self::Moments),
            _ => None,
        }
    }

    fn write(self, moment: DateTime<Utc>, zone: Tz) -> String {
        match self {
            Self::Days => moment.format("%Y-%m-%d").to_string(),
            Self::Wall => moment.format("%Y-%m-%dT%H:%M:%S%.f").to_string(),
            Self::Moments => {
                let local = moment.with_timezone(&zone).fixed_offset();
                // Clocks of the nineteenth century went by seconds, which the form has no place for.
                let is_whole = local.offset().local_minus_utc() % 60 == 0;
                let local = if is_whole { local } else { moment.fixed_offset() };
                local.format("%Y-%m-%dT%H:%M:%S%.f%:z").to_string()
            }
        }
    }
}

impl WindowRequest {
    /// The windows of `column`, the oldest first, and that of NULL behind them; no more than `most` and one.
    ///
    /// # Errors
    /// Every field that does not fit the column, or is no time.
    pub fn cut(&self, column: &Column, most: usize) -> Result<Vec<Window>, Vec<FieldError>> {
        let (clock, zone) = (self.clock(column)?, self.zone()?);
        let (from, to) =
            (self.moment("window.from", &self.from, zone)?, self.moment("window.to", &self.to, zone)?);
        let errors = self.misfits(clock, column, zone, [from, to]);
        if !errors.is_empty() {
            return Err(errors);
        }
        let range = |(lower, upper)| Window::Range {
            lower: Some(clock.write(lower, zone)),
            upper: Some(clock.write(upper, zone)),
        };
        let null = (self.include_null && column.nullable).then_some(Window::Null);
        Ok(tile(from, to, self.unit, zone).map(range).chain(null).take(most + 1).collect())
    }

    fn clock(&self, column: &Column) -> Result<Clock, Vec<FieldError>> {
        Clock::of(column).ok_or_else(|| {
            let (name, type_name) = (&column.name, &column.type_name);
            let message = format!(
                "{name} is of type {type_name}: windows need a date, timestamp or timestamptz; use ranges"
            );
            vec![FieldError::new("window.column", message)]
        })
    }

    fn zone(&self) -> Result<Tz, Vec<FieldError>> {
        self.time_zone.parse().map_err(|_| {
            let message = format!("there is no time zone {:?}; write it like Europe/Berlin", self.time_zone);
            vec![FieldError::new("window.time_zone", message)]
        })
    }

    fn moment(&self, field: &str, text: &str, zone: Tz) -> Result<DateTime<Utc>, Vec<FieldError>> {
        let read = DateTime::parse_from_rfc3339(text).map(|moment| moment.to_utc()).ok();
        let read = read.or_else(|| read_local(text).map(|local| resolve(local, zone, None)));
        read.filter(|moment| (1..=9999).contains(&moment.year())).ok_or_else(|| {
            let message = "must be a date like 2024-01-31 or a time like 2024-01-31T06:00:00, with or without an offset, \
                           in the years 1 to 9999";
            vec![FieldError::new(field, message)]
        })
    }

    fn misfits(&self, clock: Clock, column: &Column, zone: Tz, ends: [DateTime<Utc>; 2]) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let (name, type_name) = (&column.name, &column.type_name);
        if clock != Clock::Moments && zone != Tz::UTC && zone != Tz::Etc__UTC {
            let message = format!("{name} is of type {type_name}, which has no time zone: leave it out");
            errors.push(FieldError::new("window.time_zone", message));
        }
        if clock == Clock::Days && self.unit == Unit::Hour {
            errors.push(FieldError::new(
                "window.unit",
                format!("{name} is of type {type_name}, which has no hours"),
            ));
        }
        let is_midnight = ends.iter().all(|end| end.time() == NaiveTime::MIN);
        if clock == Clock::Days && errors.is_empty() && !is_midnight {
            errors.push(FieldError::new(
                "window",
                format!("{name} is of type {type_name}: from and to must be dates"),
            ));
        }
        if ends[0] >= ends[1] {
            errors.push(FieldError::new("window.to", "must be later than window.from"));
        }
        errors
    }
}

fn read_local(text: &str) -> Option<NaiveDateTime> {
    const TIMES: [&str; 4] =
        ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(NaiveDateTime::from);
    date.or_else(|| TIMES.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok()))
}

/// From `from` to `to`, cut wherever a unit begins in `zone`.
fn tile(
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    unit: Unit,
    zone: Tz,
) -> impl Iterator<Item = (DateTime<Utc>, DateTime<Utc>)> {
    let mut lower = from;
    std::iter::from_fn(move || {
        let upper = next(lower, unit, zone).unwrap_or(to).min(to);
        let window = (lower < to).then_some((lower, upper));
        lower = upper;
        window
    })
}

/// Where the next unit begins behind `moment`; `None` at the end of time.
fn next(moment: DateTime<Utc>, unit: Unit, zone: Tz) -> Option<DateTime<Utc>> {
    let begun = begin(moment.with_timezone(&zone).naive_local(), unit)?;
    let next = match unit {
        Unit::Hour => begun.checked_add_signed(TimeDelta::hours(1)),
        Unit::Day => begun.checked_add_days(Days::new(1)),
        Unit::Week => begun.checked_add_days(Days::new(7)),
        Unit::Month => begun.checked_add_months(Months::new(1)),
        Unit::Year => begun.checked_add_months(Months::new(12)),
    };
    Some(resolve(next?, zone, Some(moment)))
}

/// Where the unit began that `local` is in.
fn begin(local: NaiveDateTime, unit: Unit) -> Option<NaiveDateTime> {
    let date = local.date();
    let date = match unit {
        Unit::Hour => return date.and_hms_opt(local.hour(), 0, 0),
        Unit::Day => date,
        Unit::Week => date.checked_sub_days(Days::new(date.weekday().num_days_from_monday().into()))?,
        Unit::Month => date.with_day(1)?,
        Unit::Year => date.with_day(1)?.with_month(1)?,
    };
    Some(date.into())
}

/// The moment at which clocks in `zone` show `local`: the first of two that is later than `after`, and where clocks have
/// skipped it, as much later.
fn resolve(local: NaiveDateTime, zone: Tz, after: Option<DateTime<Utc>>) -> DateTime<Utc> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(moment) => moment.to_utc(),
        LocalResult::Ambiguous(first, second) => {
            let is_past = after.is_some_and(|after| first <= after);
            if is_past { second.to_utc() } else { first.to_utc() }
        }
        LocalResult::None => {
            // Far enough back to be on the other side of what was skipped, whatever the zone.
            let before = zone.offset_from_utc_datetime(&(local - TimeDelta::days(1)));
            (local - chrono::Offset::fix(&before)).and_utc()
        }
    }
}

#[cfg(test)]
mod tests;
