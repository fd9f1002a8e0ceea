//! How a job's columnar destinations hold its columns, and how Arrow carries them there.

use backfill_domain::{catalog::DataType, options::ValuePolicy};
pub(crate) use backfill_pg::held::Kind;
use backfill_pg::held::{Rendition, columnar};
use duckdb::arrow::datatypes::{DataType as ArrowType, Field, TimeUnit};

/// The most digits of a DECIMAL that is carried in 64 bits.
pub(super) const SHORT_PRECISION: u8 = 18;

/// How Arrow carries what it is implemented for.
pub(super) trait Carried {
    /// The Arrow field that carries the kind to DuckDB.
    fn field(&self, name: &str) -> Field;
}

impl Carried for Kind {
    fn field(&self, name: &str) -> Field {
        let field = |data_type| Field::new(name, data_type, true);
        match self {
            Self::Boolean => field(ArrowType::Boolean),
            Self::SmallInt => field(ArrowType::Int16),
            Self::Integer => field(ArrowType::Int32),
            Self::BigInt => field(ArrowType::Int64),
            Self::UInteger => field(ArrowType::UInt32),
            Self::Float => field(ArrowType::Float32),
            Self::Double => field(ArrowType::Float64),
            Self::Decimal { precision, scale } if *precision <= SHORT_PRECISION => {
                field(ArrowType::Decimal64(*precision, scale.cast_signed()))
            }
            Self::Decimal { precision, scale } => {
                field(ArrowType::Decimal128(*precision, scale.cast_signed()))
            }
            Self::Varchar | Self::Json => field(ArrowType::Utf8),
            Self::Blob => field(ArrowType::Binary),
            // DuckDB knows a UUID among fixed-size binaries by this name.
            Self::Uuid => field(ArrowType::FixedSizeBinary(16))
                .with_metadata([("ARROW:extension:name".to_owned(), "arrow.uuid".to_owned())].into()),
            Self::Date => field(ArrowType::Date32),
            Self::Time => field(ArrowType::Time64(TimeUnit::Microsecond)),
            Self::Timestamp => field(ArrowType::Timestamp(TimeUnit::Microsecond, None)),
            Self::TimestampTz => field(ArrowType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))),
            Self::List(element) => field(ArrowType::List(element.field("item").into())),
        }
    }
}

/// How a column is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    /// As what.
    pub(crate) kind: Kind,
    /// In which rendition its values must come.
    pub(crate) rendition: Rendition,
    /// What becomes of values that cannot be held.
    pub(crate) policy: ValuePolicy,
}

impl Held {
    /// How a column of this type is held under a policy.
    pub(crate) fn new(data_type: &DataType, policy: ValuePolicy) -> Self {
        let (kind, rendition) = columnar(data_type, policy);
        Self { kind, rendition, policy }
    }

    /// Whether only DuckDB knows which values it takes, and must be asked before they are given to it.
    pub(super) fn is_judged_by_duckdb(&self) -> bool {
        self.kind == Kind::Json && self.policy.sets_aside()
    }
}
