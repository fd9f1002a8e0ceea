//! Which types of a table that is there already hold the source's values without loss.

use crate::columnar::Kind;

/// Whether a column of DuckDB's type `present` gives back every value of `kind` as it was.
pub(super) fn fits(kind: &Kind, present: &str) -> bool {
    if kind.sql() == present {
        return true;
    }
    match kind {
        Kind::SmallInt => {
            is_one_of(present, &["INTEGER", "BIGINT", "HUGEINT"]) || holds_digits(present, 5, 0)
        }
        Kind::Integer => is_one_of(present, &["BIGINT", "HUGEINT"]) || holds_digits(present, 10, 0),
        Kind::BigInt => is_one_of(present, &["HUGEINT"]) || holds_digits(present, 19, 0),
        Kind::UInteger => {
            is_one_of(present, &["UBIGINT", "BIGINT", "HUGEINT"]) || holds_digits(present, 10, 0)
        }
        Kind::Float => present == "DOUBLE",
        Kind::Decimal { precision, scale } => holds_digits(present, precision - scale, *scale),
        Kind::Json => present == "VARCHAR",
        Kind::List(element) => present.strip_suffix("[]").is_some_and(|present| fits(element, present)),
        _ => false,
    }
}

fn is_one_of(present: &str, names: &[&str]) -> bool {
    names.contains(&present)
}

/// Whether `present` is a DECIMAL with so many digits before and behind the point.
fn holds_digits(present: &str, before: u8, behind: u8) -> bool {
    let digits = || {
        let (precision, scale) = present.strip_prefix("DECIMAL(")?.strip_suffix(')')?.split_once(',')?;
        Some((precision.parse::<u8>().ok()?, scale.parse::<u8>().ok()?))
    };
    digits().is_some_and(|(precision, scale)| scale >= behind && precision.saturating_sub(scale) >= before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wider_type_fits_and_a_narrower_one_does_not() {
        let decimal = Kind::Decimal { precision: 10, scale: 2 };
        let list = Kind::List(Kind::Integer.into());
        for (kind, wide, narrow) in [
            (Kind::Integer, "BIGINT", "SMALLINT"),
            (Kind::Integer, "DECIMAL(12,2)", "DECIMAL(11,2)"),
            (Kind::UInteger, "BIGINT", "INTEGER"),
            (Kind::BigInt, "HUGEINT", "DOUBLE"),
            (Kind::Float, "DOUBLE", "INTEGER"),
            (decimal.clone(), "DECIMAL(12,3)", "DECIMAL(12,1)"),
            (decimal, "DECIMAL(11,3)", "DOUBLE"),
            (Kind::Json, "VARCHAR", "BLOB"),
            (list, "BIGINT[]", "BIGINT"),
            (Kind::TimestampTz, "TIMESTAMP WITH TIME ZONE", "TIMESTAMP"),
        ] {
            assert!(fits(&kind, wide), "{kind:?} does not fit {wide}");
            assert!(!fits(&kind, narrow), "{kind:?} fits {narrow}");
        }
    }
}
