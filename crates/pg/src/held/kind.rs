//! How a columnar destination holds each of PostgreSQL's types.

use backfill_domain::{
    catalog::{DataType, TypeKind},
    options::ValuePolicy,
};
use postgres::types::Type;

use super::Rendition;

/// The most digits that a DECIMAL has in DuckDB and in Parquet.
const MAX_PRECISION: i32 = 38;

/// A type that DuckDB and Parquet hold without loss.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// `BOOLEAN`
    Boolean,
    /// `SMALLINT`
    SmallInt,
    /// `INTEGER`
    Integer,
    /// `BIGINT`
    BigInt,
    /// `UINTEGER`, for object ids
    UInteger,
    /// `FLOAT`
    Float,
    /// `DOUBLE`
    Double,
    /// `DECIMAL(precision, scale)`
    Decimal {
        /// Digits in all.
        precision: u8,
        /// Digits behind the point.
        scale: u8,
    },
    /// `VARCHAR`
    Varchar,
    /// `JSON`
    Json,
    /// `BLOB`
    Blob,
    /// `UUID`
    Uuid,
    /// `DATE`
    Date,
    /// `TIME`
    Time,
    /// `TIMESTAMP`
    Timestamp,
    /// `TIMESTAMP WITH TIME ZONE`
    TimestampTz,
    /// A list of another kind.
    List(Box<Kind>),
}

impl Kind {
    /// The type's name as DuckDB's catalogue writes it.
    pub fn sql(&self) -> String {
        let name = match self {
            Self::Boolean => "BOOLEAN",
            Self::SmallInt => "SMALLINT",
            Self::Integer => "INTEGER",
            Self::BigInt => "BIGINT",
            Self::UInteger => "UINTEGER",
            Self::Float => "FLOAT",
            Self::Double => "DOUBLE",
            Self::Decimal { precision, scale } => return format!("DECIMAL({precision},{scale})"),
            Self::Varchar => "VARCHAR",
            Self::Json => "JSON",
            Self::Blob => "BLOB",
            Self::Uuid => "UUID",
            Self::Date => "DATE",
            Self::Time => "TIME",
            Self::Timestamp => "TIMESTAMP",
            Self::TimestampTz => "TIMESTAMP WITH TIME ZONE",
            Self::List(element) => return format!("{}[]", element.sql()),
        };
        name.to_owned()
    }
}

/// What holds the values of a column of this type under a policy, and in which rendition they must come.
pub fn columnar(data_type: &DataType, policy: ValuePolicy) -> (Kind, Rendition) {
    match (columnar_type(data_type), policy) {
        ((kind, rendition), _) if kind == Kind::Varchar => (kind, rendition),
        (_, ValuePolicy::Text) => (Kind::Varchar, Rendition::Text),
        (by_type, _) => by_type,
    }
}

/// What holds a type's values, and in which rendition they must come.
///
/// What has no counterpart is held as the text that the source casts it to, which loses nothing.
fn columnar_type(data_type: &DataType) -> (Kind, Rendition) {
    if data_type.kind == TypeKind::Enum {
        return (Kind::Varchar, Rendition::Binary);
    }
    if let Some(kind) = binary_kind(data_type) {
        return (kind, Rendition::Binary);
    }
    let is_json = [Type::JSON.oid(), Type::JSONB.oid()].contains(&data_type.oid);
    (if is_json { Kind::Json } else { Kind::Varchar }, Rendition::Text)
}

/// The kind that holds a type's binary form, for types that come with PostgreSQL and are known here.
fn binary_kind(data_type: &DataType) -> Option<Kind> {
    match data_type.kind {
        TypeKind::Base => scalar_kind(data_type.oid, data_type),
        // An array's length or precision is its elements'. The two vector types are arrays that count from 0.
        TypeKind::Array if data_type.is_builtin() && !is_vector(data_type.oid) => {
            scalar_kind(data_type.element_oid?, data_type).map(|element| Kind::List(element.into()))
        }
        _ => None,
    }
}

fn is_vector(oid: u32) -> bool {
    [Type::INT2_VECTOR.oid(), Type::OID_VECTOR.oid()].contains(&oid)
}

fn scalar_kind(oid: u32, data_type: &DataType) -> Option<Kind> {
    Some(match Type::from_oid(oid)? {
        Type::BOOL => Kind::Boolean,
        Type::INT2 => Kind::SmallInt,
        Type::INT4 => Kind::Integer,
        Type::INT8 => Kind::BigInt,
        Type::OID => Kind::UInteger,
        Type::FLOAT4 => Kind::Float,
        Type::FLOAT8 => Kind::Double,
        Type::NUMERIC => return decimal(data_type),
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME => Kind::Varchar,
        Type::BYTEA => Kind::Blob,
        Type::UUID => Kind::Uuid,
        Type::DATE => Kind::Date,
        Type::TIME => Kind::Time,
        Type::TIMESTAMP => Kind::Timestamp,
        Type::TIMESTAMPTZ => Kind::TimestampTz,
        _ => return None,
    })
}

/// The DECIMAL of a numeric, if there is one: PostgreSQL knows numerics without a precision, with more digits, and with
/// a scale below zero or above the precision.
fn decimal(data_type: &DataType) -> Option<Kind> {
    let (precision, scale) = data_type.numeric_digits()?;
    let fits = (1..=MAX_PRECISION).contains(&precision) && (0..=precision).contains(&scale);
    if !fits {
        return None;
    }
    Some(Kind::Decimal { precision: u8::try_from(precision).ok()?, scale: u8::try_from(scale).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(data_type: &Type, modifier: i32) -> DataType {
        let (oid, name) = (data_type.oid(), data_type.name().to_owned());
        DataType { oid, name, modifier, kind: TypeKind::Base, element_oid: None }
    }

    fn array(data_type: &Type, element: &Type, modifier: i32) -> DataType {
        DataType { kind: TypeKind::Array, element_oid: Some(element.oid()), ..base(data_type, modifier) }
    }

    fn numeric(precision: i32, scale: i32) -> i32 {
        ((precision << 16) | (scale & 0x7ff)) + 4
    }

    #[test]
    fn numerics_that_fit_are_decimals_and_others_text() {
        for (precision, scale) in [(1, 0), (10, 2), (38, 0), (38, 38)] {
            let (kind, rendition) = columnar_type(&base(&Type::NUMERIC, numeric(precision, scale)));
            assert_eq!((kind.sql(), rendition), (format!("DECIMAL({precision},{scale})"), Rendition::Binary));
        }
        for modifier in [-1, numeric(39, 0), numeric(5, -2), numeric(3, 5), numeric(50, 20)] {
            let held = columnar_type(&base(&Type::NUMERIC, modifier));
            assert_eq!(held, (Kind::Varchar, Rendition::Text), "{modifier}");
        }
    }

    #[test]
    fn arrays_are_lists_where_their_elements_are_known() {
        let (kind, rendition) = columnar_type(&array(&Type::NUMERIC_ARRAY, &Type::NUMERIC, numeric(5, 1)));
        assert_eq!((kind.sql().as_str(), rendition), ("DECIMAL(5,1)[]", Rendition::Binary));
        let text = (Kind::Varchar, Rendition::Text);
        assert_eq!(columnar_type(&array(&Type::INTERVAL_ARRAY, &Type::INTERVAL, -1)), text);
        assert_eq!(columnar_type(&array(&Type::INT2_VECTOR, &Type::INT2, -1)), text);
        assert_eq!(
            columnar_type(&DataType { oid: 16400, ..array(&Type::TEXT_ARRAY, &Type::TEXT, -1) }),
            text
        );
    }

    #[test]
    fn json_is_json_enums_are_labels_and_the_rest_is_text() {
        assert_eq!(columnar_type(&base(&Type::JSONB, -1)), (Kind::Json, Rendition::Text));
        let mood = DataType { oid: 20000, kind: TypeKind::Enum, ..base(&Type::TEXT, -1) };
        assert_eq!(columnar_type(&mood), (Kind::Varchar, Rendition::Binary));
        for other in
            [Type::INTERVAL, Type::MONEY, Type::INET, Type::TIMETZ, Type::CHAR, Type::XML, Type::PG_LSN]
        {
            assert_eq!(columnar_type(&base(&other, -1)), (Kind::Varchar, Rendition::Text), "{other}");
        }
    }
}
