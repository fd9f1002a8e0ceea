//! Hours of the week, in a stated time zone. When they are is judged by the metadata database, which knows the zones:
//! `backfill_is_within` in its migrations.

use serde::{Deserialize, Serialize};
use strum::{AsRefStr, EnumString};
use utoipa::ToSchema;

use crate::validation::{FieldError, check_not_empty};

/// Windows that hours may have.
const MOST_WINDOWS: usize = 50;

/// Hours of the week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// The zone in which they are told, by its name in the IANA's data base.
    #[schema(example = "Europe/Berlin")]
    pub time_zone: String,
    /// When they are: within any of these, 1 to 50.
    pub windows: Vec<Window>,
}

/// From one time of day to another. One that ends at or before the time at which it begins ends on the next day, and is
/// of the day on which it begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// On which days it begins; on all of them when empty or absent.
    #[serde(default)]
    pub days: Vec<Weekday>,
    /// When it begins.
    #[schema(example = "08:00")]
    pub from: String,
    /// Before when it ends; `24:00` is the day's end.
    #[schema(example = "18:30")]
    pub to: String,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, AsRefStr, EnumString)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
#[allow(missing_docs, reason = "they are the days' names")]
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Hours {
    /// What is wrong with them, but for the name of the zone; `field` is where they are.
    pub(crate) fn validate(&self, field: &str, errors: &mut Vec<FieldError>) {
        check_not_empty(&format!("{field}.time_zone"), &self.time_zone, errors);
        if self.windows.is_empty() || self.windows.len() > MOST_WINDOWS {
            errors.push(FieldError::new(
                format!("{field}.windows"),
                format!("must have from 1 to {MOST_WINDOWS} windows"),
            ));
        }
        for (at, window) in self.windows.iter().enumerate() {
            for (name, time, is_end) in [("from", &window.from, false), ("to", &window.to, true)] {
                if !is_time_of_day(time, is_end) {
                    let field = format!("{field}.windows[{at}].{name}");
                    errors.push(FieldError::new(field, "must be a time of day such as 08:30"));
                }
            }
        }
    }
}

fn is_time_of_day(text: &str, is_end: bool) -> bool {
    let is_two_digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    let two_digits = |part: &str| is_two_digits(part).then(|| part.parse::<u8>().ok()).flatten();
    let parts = text.split_once(':').map(|(hour, minute)| (two_digits(hour), two_digits(minute)));
    match parts {
        Some((Some(24), Some(0))) => is_end,
        Some((Some(hour), Some(minute))) => hour < 24 && minute < 60,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_time_of_day;

    #[test]
    fn a_time_of_day_has_hours_and_minutes() {
        for time in ["00:00", "08:30", "23:59"] {
            assert!(is_time_of_day(time, false), "{time}");
        }
        for time in ["", "8:30", "08:3", "24:00", "12:60", "08:30:00", "+8:30", "ab:cd", "0830"] {
            assert!(!is_time_of_day(time, false), "{time}");
        }
        assert!(is_time_of_day("24:00", true) && !is_time_of_day("24:01", true));
    }
}
