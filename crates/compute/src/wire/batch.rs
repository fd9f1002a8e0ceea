//! Rows in PostgreSQL's binary COPY format (see "Binary Format" under COPY in PostgreSQL's manual).

use std::{
    io::{self, BufRead},
    sync::Arc,
};

use postgres::error::SqlState;

use super::{Checksum, layout::Projection};
use crate::{
    interrupt::Stopped,
    memory::{Hold, Turn, WIDE_ROW, WideRows},
};

/// What a COPY stream begins with: signature, flags, and the length of a header extension.
pub(crate) const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What a COPY stream ends with: a row of -1 columns.
pub(crate) const TRAILER: &[u8] = &(-1_i16).to_be_bytes();

/// Bytes after which a batch is full. A row larger than that is a batch of its own.
const FULL_BATCH: usize = 512 << 10;

/// Why a COPY stream could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WireError {
    /// The stream broke, or the server reported an error in it.
    #[error("{}", describe_io(.0))]
    Io(#[from] io::Error),
    /// The stream is not what the COPY format allows.
    #[error("the server sent a malformed COPY stream: {0}")]
    Malformed(&'static str),
    /// The job was stopped before a row could be taken in.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl WireError {
    /// The server's code for the error, if it reported one in the stream.
    pub(crate) fn code(&self) -> Option<&SqlState> {
        match self {
            Self::Io(error) => server_error(error)?.code(),
            Self::Malformed(_) | Self::Stopped(_) => None,
        }
    }
}

/// What the server said within a stream is wrapped as an I/O error by the client.
pub(crate) fn server_error(error: &io::Error) -> Option<&postgres::Error> {
    error.get_ref()?.downcast_ref()
}

fn describe_io(error: &io::Error) -> String {
    server_error(error).map_or_else(|| error.to_string(), backfill_pg::describe)
}

/// Whole rows, one behind the other.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    held: Option<Hold>,
}

impl Batch {
    /// How many rows.
    pub(crate) fn rows(&self) -> usize {
        self.ends.len()
    }

    /// The rows as they stand in a COPY stream, without its header and trailer.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The rows, one by one.
    pub(crate) fn tuples(&self) -> impl Iterator<Item = Tuple<'_>> {
        self.ends.iter().scan(0, |start, end| Some(Tuple(&self.bytes[std::mem::replace(start, *end)..*end])))
    }

    /// The last row.
    pub(crate) fn last(&self) -> Option<Tuple<'_>> {
        self.tuples_from(self.ends.len().checked_sub(1)?)
    }

    /// The job's turn, if the row is a wide one.
    pub(crate) fn turn(&self) -> Option<&Arc<Turn>> {
        self.held.as_ref().map(Hold::turn)
    }

    fn tuples_from(&self, at: usize) -> Option<Tuple<'_>> {
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        Some(Tuple(&self.bytes[start..*self.ends.get(at)?]))
    }

    fn is_full(&self) -> bool {
        self.bytes.len() >= FULL_BATCH
    }
}

/// A field's bytes; `None` is NULL.
pub(crate) type Field<'a> = Option<&'a [u8]>;

/// A row: the number of its fields, then each field behind its length.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tuple<'a>(&'a [u8]);

impl<'a> Tuple<'a> {
    /// The row's bytes in the COPY stream.
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.0
    }

    /// The row's fields in the layout's order.
    pub(crate) fn fields(&self) -> impl Iterator<Item = Field<'a>> + use<'a> {
        let mut rest = &self.0[2..];
        std::iter::from_fn(move || {
            let (length, tail) = rest.split_first_chunk()?;
            // The reader has checked every length; -1 is NULL.
            let (field, tail) = match usize::try_from(i32::from_be_bytes(*length)) {
                Ok(length) => tail.split_at_checked(length).map(|(field, tail)| (Some(field), tail))?,
                Err(_) => (None, tail),
            };
            rest = tail;
            Some(field)
        })
    }
}

impl Tuple<'_> {
    /// The bytes of a row with these of the row's columns alone.
    pub(crate) fn with(&self, columns: &Projection) -> Vec<u8> {
        let fields: Vec<_> = self.fields().collect();
        row_of(columns.positions().iter().map(|at| fields.get(*at).copied().flatten()))
    }
}

/// The bytes of a row with these fields.
pub(crate) fn row_of<'a>(fields: impl ExactSizeIterator<Item = Field<'a>>) -> Vec<u8> {
    let mut row = (fields.len() as i16).to_be_bytes().to_vec();
    fields.for_each(|field| push_field(&mut row, field));
    row
}

/// Appends a field to a row's bytes.
pub(crate) fn push_field(row: &mut Vec<u8>, field: Field<'_>) {
    match field {
        Some(field) => {
            row.extend((field.len() as i32).to_be_bytes());
            row.extend(field);
        }
        None => row.extend((-1_i32).to_be_bytes()),
    }
}

/// Cuts a COPY stream into batches of whole rows.
pub(crate) struct BatchReader<R> {
    stream: R,
    width: usize,
    max_rows: usize,
    started: bool,
    ended: bool,
    wide_rows: Option<WideRows>,
}

impl<R: BufRead> BatchReader<R> {
    /// Reads rows of `width` columns from `stream`, at most `max_rows` a batch.
    pub(crate) fn new(stream: R, width: usize, max_rows: usize) -> Self {
        Self { stream, width, max_rows, started: false, ended: false, wide_rows: None }
    }

    /// Takes wide rows in when it is the job's turn alone.
    pub(crate) fn with_turns(self, wide_rows: WideRows) -> Self {
        Self { wide_rows: Some(wide_rows), ..self }
    }

    /// The next batch; `None` at the stream's end.
    pub(crate) fn next(&mut self) -> Result<Option<Batch>, WireError> {
        if !std::mem::replace(&mut self.started, true) {
            self.read_header()?;
        }
        let mut batch = Batch::default();
        while !self.ended && batch.rows() < self.max_rows && !batch.is_full() {
            let waiting = self.stream.fill_buf()?.len();
            match &mut self.wide_rows {
                Some(_) if waiting >= WIDE_ROW && batch.rows() > 0 => break,
                Some(wide_rows) if waiting >= WIDE_ROW => batch.held = Some(wide_rows.hold(waiting)?),
                Some(wide_rows) if batch.rows() == 0 => wide_rows.note_narrow(),
                _ => {}
            }
            self.ended = !self.read_tuple(&mut batch)?;
        }
        Ok((batch.rows() > 0).then_some(batch))
    }

    /// Count and checksum of all rows.
    pub(crate) fn sum(mut self) -> Result<Checksum, WireError> {
        let mut sum = Checksum::default();
        if !std::mem::replace(&mut self.started, true) {
            self.read_header()?;
        }
        while !self.ended {
            if let Some(tuple) = leading_tuple(self.stream.fill_buf()?, self.width) {
                sum.add(tuple);
                let length = tuple.len();
                self.stream.consume(length);
            } else {
                let mut rest = Batch::default();
                self.ended = !self.read_tuple_in_pieces(&mut rest)?;
                rest.tuples().for_each(|tuple| sum.add(tuple.bytes()));
            }
        }
        Ok(sum)
    }

    fn read_header(&mut self) -> Result<(), WireError> {
        let mut header = [0; HEADER.len()];
        self.stream.read_exact(&mut header)?;
        if header == HEADER { Ok(()) } else { Err(WireError::Malformed("unknown header")) }
    }

    /// Appends one row to `batch`; false at the trailer. A server sends each row as one message, which is then in the
    /// stream's buffer as a whole.
    fn read_tuple(&mut self, batch: &mut Batch) -> Result<bool, WireError> {
        let buffer = self.stream.fill_buf()?;
        let Some(tuple) = leading_tuple(buffer, self.width) else { return self.read_tuple_in_pieces(batch) };
        let length = tuple.len();
        batch.bytes.extend_from_slice(tuple);
        batch.ends.push(batch.bytes.len());
        self.stream.consume(length);
        Ok(true)
    }

    fn read_tuple_in_pieces(&mut self, batch: &mut Batch) -> Result<bool, WireError> {
        let mut count = [0; 2];
        self.stream.read_exact(&mut count)?;
        if count == TRAILER {
            // The server's own end must be read too: an error of the last moment arrives there.
            let left = io::copy(&mut self.stream, &mut io::sink())?;
            return if left == 0 { Ok(false) } else { Err(WireError::Malformed("bytes after the end")) };
        }
        if usize::from(u16::from_be_bytes(count)) != self.width {
            return Err(WireError::Malformed("a row with another number of columns"));
        }
        batch.bytes.extend_from_slice(&count);
        for _ in 0..self.width {
            self.read_field(&mut batch.bytes)?;
        }
        batch.ends.push(batch.bytes.len());
        Ok(true)
    }

    fn read_field(&mut self, bytes: &mut Vec<u8>) -> Result<(), WireError> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length)?;
        bytes.extend_from_slice(&length);
        match i32::from_be_bytes(length) {
            -1 => Ok(()),
            length => {
                let length =
                    usize::try_from(length).map_err(|_| WireError::Malformed("a negative length"))?;
                let start = bytes.len();
                bytes.resize(start + length, 0);
                Ok(self.stream.read_exact(&mut bytes[start..])?)
            }
        }
    }
}

/// The row of `width` columns that `bytes` begins with; `None` if it is not all there, or none.
fn leading_tuple(bytes: &[u8], width: usize) -> Option<&[u8]> {
    let (count, mut rest) = bytes.split_first_chunk()?;
    if usize::from(u16::from_be_bytes(*count)) != width {
        return None;
    }
    for _ in 0..width {
        let (length, tail) = rest.split_first_chunk()?;
        rest = match i32::from_be_bytes(*length) {
            -1 => tail,
            length => tail.get(usize::try_from(length).ok()?..)?,
        };
    }
    Some(&bytes[..bytes.len() - rest.len()])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Row = Vec<Option<Vec<u8>>>;

    fn encode(rows: &[Row]) -> Vec<u8> {
        let mut stream = HEADER.to_vec();
        for row in rows {
            stream.extend((row.len() as i16).to_be_bytes());
            for field in row {
                match field {
                    Some(field) => {
                        stream.extend((field.len() as i32).to_be_bytes());
                        stream.extend(field);
                    }
                    None => stream.extend((-1_i32).to_be_bytes()),
                }
            }
        }
        stream.extend(TRAILER);
        stream
    }

    fn decode(stream: &[u8], width: usize, max_rows: usize) -> Result<Vec<Row>, WireError> {
        decode_buffered(stream, 1 << 16, width, max_rows)
    }

    fn decode_buffered(
        stream: &[u8],
        buffer: usize,
        width: usize,
        max_rows: usize,
    ) -> Result<Vec<Row>, WireError> {
        let mut reader = BatchReader::new(io::BufReader::with_capacity(buffer, stream), width, max_rows);
        let mut rows = Vec::new();
        while let Some(batch) = reader.next()? {
            assert!(batch.rows() <= max_rows);
            rows.extend(
                batch.tuples().map(|tuple| tuple.fields().map(|field| field.map(<[u8]>::to_vec)).collect()),
            );
        }
        Ok(rows)
    }

    fn rows() -> impl Strategy<Value = (usize, Vec<Row>)> {
        (1_usize..5).prop_flat_map(|width| {
            let field = proptest::option::of(proptest::collection::vec(any::<u8>(), 0..9));
            let row = proptest::collection::vec(field, width);
            (Just(width), proptest::collection::vec(row, 0..40))
        })
    }

    proptest! {
        #[test]
        fn rows_come_out_as_they_went_in((width, rows) in rows(), max_rows in 1_usize..9) {
            prop_assert_eq!(decode(&encode(&rows), width, max_rows).unwrap(), rows);
        }

        #[test]
        fn rows_may_come_in_pieces((width, rows) in rows(), buffer in 1_usize..20) {
            prop_assert_eq!(decode_buffered(&encode(&rows), buffer, width, 7).unwrap(), rows);
        }

        #[test]
        fn a_stream_cut_short_is_an_error((width, rows) in rows(), cut in any::<proptest::sample::Index>()) {
            let stream = encode(&rows);
            prop_assert!(decode(&stream[..cut.index(stream.len())], width, 7).is_err());
        }
    }
}
