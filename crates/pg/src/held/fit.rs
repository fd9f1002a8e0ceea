//! Whether a PostgreSQL table holds every row of the source's without loss.

use backfill_domain::{
    catalog::{Column, DataType, Table, TableKind},
    job::WriteMode,
};
use postgres::types::Type;

use super::{Rendition, rendition};

/// Why a table that is there already cannot take the source's rows as they are to be written, and what to do; nothing
/// where it can. Columns that it lacks are another matter.
pub fn misfits(held: &Table, source: &Table, mode: WriteMode) -> Vec<String> {
    if !matches!(held.kind, TableKind::Table | TableKind::PartitionedTable) {
        return vec!["it is no table; rows can only be written to one".to_owned()];
    }
    let narrow = source.columns.iter().filter_map(|column| too_narrow(held, column));
    let mut misfits: Vec<_> = narrow.collect();
    let key = &source.primary_key;
    if mode.needs_key() && !has_unique_index(held, key) {
        let (mode, key) = (mode.as_ref(), key.join(", "));
        misfits.push(format!("{mode} needs a unique index on ({key}): make one, or append"));
    }
    misfits
}

fn too_narrow(held: &Table, column: &Column) -> Option<String> {
    let held = held.column(&column.name)?;
    let fits = fits(&column.data_type, &held.data_type, rendition(column));
    (!fits).then(|| {
        format!(
            "its column {} of type {} cannot hold every value of type {}: alter it",
            column.name, held.type_name, column.type_name
        )
    })
}

/// Whether there is a unique index on exactly these columns.
pub fn has_unique_index(table: &Table, key: &[String]) -> bool {
    let is_key =
        |columns: &[String]| columns.len() == key.len() && key.iter().all(|name| columns.contains(name));
    table.indexes.iter().any(|index| index.unique && is_key(&index.columns))
}

/// Whether `held` can hold every value of `source` and give it back as it was.
fn fits(source: &DataType, held: &DataType, rendition: Rendition) -> bool {
    if is_any_text(held) {
        return true;
    }
    match rendition {
        Rendition::Text => source.name == held.name,
        Rendition::Binary if source.oid == held.oid => keeps_length(source, held),
        Rendition::Binary => held.modifier == -1 && widens(source, held),
    }
}

/// Text without a limit holds what any type writes as text, and every type reads its own text back.
fn is_any_text(held: &DataType) -> bool {
    [Type::TEXT.oid(), Type::VARCHAR.oid()].contains(&held.oid) && held.modifier == -1
}

/// The same type on both sides: what its length, precision or scale still lets through.
fn keeps_length(source: &DataType, held: &DataType) -> bool {
    if held.modifier == -1 || held.modifier == source.modifier {
        return true;
    }
    let grows = source.modifier != -1 && held.modifier >= source.modifier;
    match Type::from_oid(held.oid) {
        Some(
            Type::VARCHAR | Type::VARBIT | Type::TIMESTAMP | Type::TIMESTAMPTZ | Type::TIME | Type::TIMETZ,
        ) => grows,
        Some(Type::NUMERIC) => keeps_digits(source, held),
        _ => false,
    }
}

/// Neither digits before nor digits after the point are lost.
fn keeps_digits(source: &DataType, held: &DataType) -> bool {
    let (Some((source_precision, source_scale)), Some((held_precision, held_scale))) =
        (source.numeric_digits(), held.numeric_digits())
    else {
        return false;
    };
    held_scale >= source_scale && held_precision - held_scale >= source_precision - source_scale
}

/// Another type that holds every value of the source's.
fn widens(source: &DataType, held: &DataType) -> bool {
    let (Some(source), Some(held)) = (Type::from_oid(source.oid), Type::from_oid(held.oid)) else {
        return false;
    };
    match source {
        Type::INT2 => [Type::INT4, Type::INT8, Type::NUMERIC, Type::FLOAT8].contains(&held),
        Type::INT4 => [Type::INT8, Type::NUMERIC, Type::FLOAT8].contains(&held),
        Type::INT8 => held == Type::NUMERIC,
        Type::FLOAT4 => held == Type::FLOAT8,
        Type::DATE => held == Type::TIMESTAMP,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use backfill_domain::catalog::TypeKind;

    use super::*;

    /// Added to lengths in `atttypmod` (`VARHDRSZ` in PostgreSQL's sources).
    const HEADER: i32 = 4;

    fn data_type(of: &Type, modifier: i32) -> DataType {
        DataType {
            oid: of.oid(),
            name: of.name().to_owned(),
            modifier,
            kind: TypeKind::Base,
            element_oid: None,
        }
    }

    fn numeric(precision: i32, scale: i32) -> DataType {
        data_type(&Type::NUMERIC, ((precision << 16) | (scale & 0x7ff)) + HEADER)
    }

    fn varchar(length: i32) -> DataType {
        data_type(&Type::VARCHAR, length + HEADER)
    }

    #[test]
    fn what_is_as_wide_or_wider_fits() {
        let unlimited = |of: &Type| data_type(of, -1);
        for (source, held) in [
            (unlimited(&Type::INT4), unlimited(&Type::INT4)),
            (unlimited(&Type::INT4), unlimited(&Type::INT8)),
            (unlimited(&Type::INT8), unlimited(&Type::NUMERIC)),
            (unlimited(&Type::JSONB), unlimited(&Type::TEXT)),
            (varchar(3), varchar(3)),
            (varchar(3), varchar(5)),
            (varchar(3), unlimited(&Type::TEXT)),
            (numeric(10, 2), numeric(12, 4)),
            (numeric(5, -2), numeric(7, 0)),
        ] {
            assert!(fits(&source, &held, Rendition::Binary), "{source:?} into {held:?}");
        }
    }

    #[test]
    fn what_is_narrower_does_not_fit() {
        let unlimited = |of: &Type| data_type(of, -1);
        for (source, held) in [
            (unlimited(&Type::INT8), unlimited(&Type::INT4)),
            (unlimited(&Type::INT8), unlimited(&Type::FLOAT8)),
            (unlimited(&Type::TEXT), varchar(9)),
            (unlimited(&Type::NUMERIC), numeric(38, 10)),
            (varchar(5), varchar(3)),
            (numeric(10, 2), numeric(10, 4)),
            (numeric(10, 2), numeric(12, 1)),
            (unlimited(&Type::JSON), unlimited(&Type::JSONB)),
            (unlimited(&Type::TIMESTAMP), unlimited(&Type::TIMESTAMPTZ)),
            (data_type(&Type::BPCHAR, 3 + HEADER), data_type(&Type::BPCHAR, 5 + HEADER)),
        ] {
            assert!(!fits(&source, &held, Rendition::Binary), "{source:?} into {held:?}");
        }
    }
}
