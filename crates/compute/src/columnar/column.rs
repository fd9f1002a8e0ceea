//! One column's values: from PostgreSQL's binary forms to an Arrow array.

use std::sync::Arc;

use duckdb::arrow::{
    array::{
        ArrayRef, ArrowPrimitiveType, BooleanArray, FixedSizeBinaryArray, GenericByteArray, ListArray,
        PrimitiveArray, StringArray,
        builder::NullBufferBuilder,
        types::{
            BinaryType, ByteArrayType, Date32Type, Decimal64Type, Decimal128Type, DecimalType, Float32Type,
            Float64Type, Int16Type, Int32Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType,
            UInt32Type,
        },
    },
    buffer::{NullBuffer, OffsetBuffer},
    error::ArrowError,
};

use super::{
    array,
    fault::{Fault, Unfit},
    numeric,
    types::{Carried as _, Kind, SHORT_PRECISION},
};
use crate::wire::Field;

/// Days and microseconds from the Unix epoch to PostgreSQL's, 2000-01-01.
const EPOCH_DAYS: i32 = 10_957;
const EPOCH_MICROSECONDS: i64 = 946_684_800_000_000;

/// The end of a day: PostgreSQL and DuckDB both know the time 24:00:00.
const DAY_MICROSECONDS: i64 = 86_400_000_000;

/// A column's values as the Arrow array of its kind.
pub(super) fn array_of(kind: &Kind, fields: &[Field<'_>]) -> Result<ArrayRef, Fault> {
    Ok(match kind {
        Kind::Boolean => Arc::new(convert::<_, BooleanArray>(fields, boolean)?),
        Kind::SmallInt => primitive::<Int16Type>(fields, |bytes| fixed(bytes).map(i16::from_be_bytes))?,
        Kind::Integer => primitive::<Int32Type>(fields, |bytes| fixed(bytes).map(i32::from_be_bytes))?,
        Kind::BigInt => primitive::<Int64Type>(fields, |bytes| fixed(bytes).map(i64::from_be_bytes))?,
        Kind::UInteger => primitive::<UInt32Type>(fields, |bytes| fixed(bytes).map(u32::from_be_bytes))?,
        Kind::Float => primitive::<Float32Type>(fields, |bytes| fixed(bytes).map(f32::from_be_bytes))?,
        Kind::Double => primitive::<Float64Type>(fields, |bytes| fixed(bytes).map(f64::from_be_bytes))?,
        Kind::Decimal { precision, scale } if *precision <= SHORT_PRECISION => {
            decimals::<Decimal64Type>(fields, *precision, *scale)?
        }
        Kind::Decimal { precision, scale } => decimals::<Decimal128Type>(fields, *precision, *scale)?,
        Kind::Varchar | Kind::Json => Arc::new(strings(fields)?),
        Kind::Blob => Arc::new(bytes_of::<BinaryType>(fields).map_err(|error| unbuilt(&error))?),
        Kind::Uuid => Arc::new(uuids(fields)?),
        Kind::Date => primitive::<Date32Type>(fields, date)?,
        Kind::Time => primitive::<Time64MicrosecondType>(fields, time)?,
        Kind::Timestamp => Arc::new(timestamps(fields)?),
        Kind::TimestampTz => Arc::new(timestamps(fields)?.with_timezone("UTC")),
        Kind::List(element) => Arc::new(lists(element, fields)?),
    })
}

/// Converts each value, and collects them with their NULLs.
fn convert<'a, T, A: FromIterator<Option<T>>>(
    fields: &[Field<'a>],
    convert: impl Fn(&'a [u8]) -> Result<T, Unfit>,
) -> Result<A, Fault> {
    let values = fields.iter().enumerate().map(|(row, field)| match field {
        Some(bytes) => convert(bytes).map(Some).map_err(|unfit| Fault::new(row, unfit)),
        None => Ok(None),
    });
    values.collect()
}

/// Converts each value of a type of fixed width.
fn primitives<T: ArrowPrimitiveType>(
    fields: &[Field<'_>],
    convert: impl Fn(&[u8]) -> Result<T::Native, Unfit>,
) -> Result<PrimitiveArray<T>, Fault> {
    let mut values = Vec::with_capacity(fields.len());
    let mut nulls = NullBufferBuilder::new(fields.len());
    for (row, field) in fields.iter().enumerate() {
        let value = field.map_or(Ok(T::Native::default()), &convert);
        values.push(value.map_err(|unfit| Fault::new(row, unfit))?);
        nulls.append(field.is_some());
    }
    PrimitiveArray::try_new(values.into(), nulls.finish()).map_err(|error| unbuilt(&error))
}

fn primitive<T: ArrowPrimitiveType>(
    fields: &[Field<'_>],
    convert: impl Fn(&[u8]) -> Result<T::Native, Unfit>,
) -> Result<ArrayRef, Fault> {
    Ok(Arc::new(primitives::<T>(fields, convert)?))
}

/// Texts, which are proven to be some all at once.
fn strings(fields: &[Field<'_>]) -> Result<StringArray, Fault> {
    bytes_of(fields).map_err(|error| {
        let is_text = |field: &Field<'_>| field.is_none_or(|bytes| std::str::from_utf8(bytes).is_ok());
        match fields.iter().position(|field| !is_text(field)) {
            Some(row) => Fault::new(row, "it is no UTF-8 text".into()),
            None => unbuilt(&error),
        }
    })
}

/// Values of any length, one behind the other.
fn bytes_of<T: ByteArrayType<Offset = i32>>(fields: &[Field<'_>]) -> Result<GenericByteArray<T>, ArrowError> {
    let lengths = || fields.iter().map(|field| field.map_or(0, <[u8]>::len));
    let mut values = Vec::with_capacity(lengths().sum());
    fields.iter().flatten().for_each(|bytes| values.extend_from_slice(bytes));
    let nulls = fields.iter().any(Option::is_none).then(|| fields.iter().map(Option::is_some).collect());
    GenericByteArray::try_new(OffsetBuffer::from_lengths(lengths()), values.into(), nulls)
}

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Unfit> {
    bytes.try_into().map_err(|_| format!("it came in {} bytes instead of {N}", bytes.len()).into())
}

fn boolean(bytes: &[u8]) -> Result<bool, Unfit> {
    fixed(bytes).map(|[byte]| byte != 0)
}

fn date(bytes: &[u8]) -> Result<i32, Unfit> {
    match fixed(bytes).map(i32::from_be_bytes)? {
        i32::MAX => Ok(i32::MAX),
        // DuckDB's -infinity is the negative of its infinity.
        i32::MIN => Ok(-i32::MAX),
        days => days
            .checked_add(EPOCH_DAYS)
            .filter(|days| days.unsigned_abs() < i32::MAX.unsigned_abs())
            .ok_or_else(|| "it is beyond the range of DuckDB's dates".into()),
    }
}

fn time(bytes: &[u8]) -> Result<i64, Unfit> {
    let microseconds = fixed(bytes).map(i64::from_be_bytes)?;
    if (0..=DAY_MICROSECONDS).contains(&microseconds) {
        Ok(microseconds)
    } else {
        Err("it is no time of a day".into())
    }
}

fn timestamp(bytes: &[u8]) -> Result<i64, Unfit> {
    match fixed(bytes).map(i64::from_be_bytes)? {
        i64::MAX => Ok(i64::MAX),
        i64::MIN => Ok(-i64::MAX),
        microseconds => {
            let moved = microseconds.checked_add(EPOCH_MICROSECONDS).filter(|time| *time < i64::MAX);
            moved.ok_or_else(|| "DuckDB's timestamps end in the year 294247".into())
        }
    }
}

fn timestamps(fields: &[Field<'_>]) -> Result<PrimitiveArray<TimestampMicrosecondType>, Fault> {
    primitives(fields, timestamp)
}

fn decimals<T: DecimalType<Native: TryFrom<i128>>>(
    fields: &[Field<'_>],
    precision: u8,
    scale: u8,
) -> Result<ArrayRef, Fault> {
    let decimals = primitives::<T>(fields, |bytes| {
        let value = numeric::decode(bytes, precision, scale)?;
        T::Native::try_from(value).map_err(|_| "it has too many digits".into())
    })?;
    let decimals = decimals.with_precision_and_scale(precision, scale.cast_signed());
    Ok(Arc::new(decimals.map_err(|error| unbuilt(&error))?))
}

fn uuids(fields: &[Field<'_>]) -> Result<FixedSizeBinaryArray, Fault> {
    let uuids: Vec<Option<[u8; 16]>> = convert(fields, fixed)?;
    FixedSizeBinaryArray::try_from_sparse_iter_with_size(uuids.into_iter(), 16)
        .map_err(|error| unbuilt(&error))
}

fn lists(element: &Kind, fields: &[Field<'_>]) -> Result<ListArray, Fault> {
    let mut elements = Vec::new();
    let mut ends = Vec::with_capacity(fields.len());
    for (row, field) in fields.iter().enumerate() {
        if let Some(bytes) = field {
            array::elements(bytes, &mut elements).map_err(|unfit| Fault::new(row, unfit))?;
        }
        ends.push(elements.len());
    }
    // An element's fault is its row's.
    let row_of = |at: usize| ends.partition_point(|end| *end <= at);
    let values = array_of(element, &elements).map_err(|fault| Fault { row: row_of(fault.row), ..fault })?;
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let lengths = starts.zip(&ends).map(|(start, end)| end - start);
    let nulls: NullBuffer = fields.iter().map(Option::is_some).collect::<Vec<_>>().into();
    let field = element.field("item").into();
    ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), values, Some(nulls))
        .map_err(|error| unbuilt(&error))
}

/// Arrow's own checks: none that could fail is left once every value has been converted.
fn unbuilt(error: &ArrowError) -> Fault {
    Fault { row: 0, reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use duckdb::arrow::array::{Array, Int32Array};
    use proptest::prelude::*;

    use super::*;

    fn fault(kind: &Kind, bytes: &[u8]) -> Fault {
        array_of(kind, &[None, Some(bytes)]).unwrap_err()
    }

    #[test]
    fn a_value_of_another_length_is_a_fault_of_its_row() {
        let kinds = [
            Kind::Boolean,
            Kind::SmallInt,
            Kind::Integer,
            Kind::BigInt,
            Kind::UInteger,
            Kind::Float,
            Kind::Double,
            Kind::Decimal { precision: 9, scale: 2 },
            Kind::Uuid,
            Kind::Date,
            Kind::Time,
            Kind::Timestamp,
            Kind::TimestampTz,
            Kind::List(Kind::Date.into()),
        ];
        for kind in kinds {
            assert_eq!(fault(&kind, b"abc").row, 1, "{kind:?}");
        }
        assert_eq!(fault(&Kind::Varchar, b"\xff").row, 1);
    }

    #[test]
    fn an_element_that_cannot_be_held_is_a_fault_of_its_row() {
        let one = |bytes: &[u8]| {
            let words = [1, 0, 1082, 1, 1, i32::try_from(bytes.len()).unwrap()];
            [&words.map(i32::to_be_bytes).concat(), bytes].concat()
        };
        let (good, bad) = (one(&[0; 4]), one(&[0; 3]));
        let fields = [Some(&good[..]), None, Some(&good[..]), Some(&bad[..]), Some(&good[..])];
        assert_eq!(array_of(&Kind::List(Kind::Date.into()), &fields).unwrap_err().row, 3);
    }

    #[test]
    fn infinities_are_duckdbs() {
        assert_eq!(date(&i32::MAX.to_be_bytes()), Ok(i32::MAX));
        assert_eq!(date(&i32::MIN.to_be_bytes()), Ok(-i32::MAX));
        assert_eq!(timestamp(&i64::MAX.to_be_bytes()), Ok(i64::MAX));
        assert_eq!(timestamp(&i64::MIN.to_be_bytes()), Ok(-i64::MAX));
    }

    #[test]
    fn what_would_become_an_infinity_is_refused() {
        assert!(timestamp(&(i64::MAX - EPOCH_MICROSECONDS).to_be_bytes()).is_err());
        assert_eq!(timestamp(&(i64::MAX - 1 - EPOCH_MICROSECONDS).to_be_bytes()), Ok(i64::MAX - 1));
        assert!(date(&(i32::MAX - EPOCH_DAYS).to_be_bytes()).is_err());
        assert!(time(&(DAY_MICROSECONDS + 1).to_be_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn dates_and_timestamps_move_by_the_epoch(days in -2_451_545..2_145_031_948_i32, time in -211_813_488_000_000_000..9_222_424_646_400_000_000_i64) {
            prop_assert_eq!(date(&days.to_be_bytes()), Ok(days + EPOCH_DAYS));
            prop_assert_eq!(timestamp(&time.to_be_bytes()), Ok(time + EPOCH_MICROSECONDS));
        }

        #[test]
        fn nulls_stay_where_they_were(fields in proptest::collection::vec(proptest::option::of(any::<i32>()), 0..99)) {
            let bytes: Vec<_> = fields.iter().map(|field| field.map(i32::to_be_bytes)).collect();
            let bytes: Vec<Field<'_>> = bytes.iter().map(|field| field.as_ref().map(|bytes| &bytes[..])).collect();
            let array = array_of(&Kind::Integer, &bytes).unwrap();
            let array = array.as_any().downcast_ref::<Int32Array>().unwrap();
            prop_assert_eq!(array.iter().collect::<Vec<_>>(), fields);
        }
    }
}
