//! Puts the mended rows of a job through to their destinations, as one more chunk.
//!
//! The chunk's number is fixed before anything is written, and with it which rows it holds: they are not mended any
//! more. Every destination commits the chunk, also one for which it holds no rows, so that all ledgers stand at the
//! same place. A row that cannot be held this time either goes back into quarantine, as a row of this chunk.

use std::sync::Arc;

use backfill_domain::{
    catalog::Table,
    chunk::{Chunk, ChunkStatus},
    destination::Destination as StoredDestination,
    sql::{identifier, literal},
};
use backfill_pg::Client;

use super::{JobContext, JobError, resume::check_ledgers, rows_of};
use crate::{
    destination::{Destination, DestinationError},
    queue::{Claim, MendedRow},
    source::SourceError,
    wire::{Batch, BatchReader, HEADER, Layout, TRAILER, Tuple, WireError, row_of},
};

/// What a replay works with.
pub(super) struct Replay<'a> {
    pub(super) context: &'a JobContext,
    pub(super) claim: Claim,
    /// The source's table.
    pub(super) table: &'a Table,
    /// The source, which reads the mended values.
    pub(super) client: &'a mut Client,
    pub(super) source_name: &'a str,
    pub(super) stored: &'a [StoredDestination],
    pub(super) destinations: &'a mut [Box<dyn Destination>],
}

impl Replay<'_> {
    /// Replays what is mended, if anything is. `last` is the job's last chunk: one that is not done is an earlier
    /// attempt's replay.
    pub(super) fn run(mut self, last: &Chunk) -> Result<(), JobError> {
        let queue = &self.context.queue;
        let number = last.number + i64::from(last.status == ChunkStatus::Done);
        check_ledgers(self.stored, self.destinations, number - 1, number)?;
        let rows = queue.begin_replay(self.claim, number)?;
        if rows.is_empty() {
            return Ok(());
        }
        let written = self.write(number, &rows);
        if written.is_err() && self.destinations.iter().all(|at| at.watermark().chunk < number) {
            // They can be mended again. Behind a commit whose answer was lost they cannot: it may have come to pass.
            queue.give_up_replay(self.claim, number)?;
        }
        written?;
        self.commit(number)?;
        let held = rows_of(self.stored, self.destinations);
        Ok(queue.finish_replay(self.claim, number, &held)?)
    }

    /// Writes the rows to the destinations that do not have the chunk yet, and proves that they hold them.
    fn write(&mut self, number: i64, rows: &[MendedRow]) -> Result<(), JobError> {
        let mut asides = Vec::new();
        for (stored, destination) in self.stored.iter().zip(self.destinations.iter_mut()) {
            if destination.watermark().chunk == number {
                continue;
            }
            let layout = Arc::new(Layout::new(self.table, &[destination.renditions()]));
            let rows = rows.iter().filter(|row| row.destination_id == stored.id);
            let mended = mended(rows, self.table, &layout, self.client);
            let batches =
                mended.map_err(|error| JobError::Source { name: self.source_name.to_owned(), error })?;
            let written = write(destination.as_mut(), number, &layout, batches);
            if written.is_err() {
                destination.rollback();
            }
            written.map_err(|error| JobError::at(stored, error))?;
            asides.push((stored.id, destination.take_aside()));
        }
        Ok(self.context.queue.set_aside(self.claim, number, &asides)?)
    }

    fn commit(&mut self, number: i64) -> Result<(), JobError> {
        for (stored, destination) in self.stored.iter().zip(self.destinations.iter_mut()) {
            if destination.watermark().chunk < number {
                destination.commit().map_err(|error| JobError::at(stored, error))?;
            }
        }
        Ok(())
    }
}

fn write(
    destination: &mut dyn Destination,
    number: i64,
    layout: &Arc<Layout>,
    batches: Vec<Batch>,
) -> Result<(), DestinationError> {
    destination.begin(number, layout)?;
    batches.into_iter().map(Arc::new).try_for_each(|batch| destination.write(&batch))?;
    destination.verify()
}

/// The rows as they travel, each with the value that it was mended with.
fn mended<'a>(
    rows: impl Iterator<Item = &'a MendedRow>,
    table: &Table,
    layout: &Layout,
    client: &mut Client,
) -> Result<Vec<Batch>, SourceError> {
    let mut stream = HEADER.to_vec();
    for row in rows {
        let kept = read(&[HEADER, &row.tuple, TRAILER].concat(), layout.width())
            .map_err(|_| SourceError::Altered(table.table_name().to_string()))?;
        let Some(tuple) = kept.first().and_then(Batch::last) else { continue };
        stream.extend(with_value(&tuple, row, table, layout, client)?);
    }
    stream.extend(TRAILER);
    Ok(read(&stream, layout.width())?)
}

/// The row with its mended value in every rendition, which the source makes of the text.
fn with_value(
    tuple: &Tuple<'_>,
    row: &MendedRow,
    table: &Table,
    layout: &Layout,
    client: &mut Client,
) -> Result<Vec<u8>, SourceError> {
    let column = table.column(&row.column_name);
    let column = column.ok_or_else(|| SourceError::Altered(table.table_name().to_string()))?;
    let (places, expressions): (Vec<_>, Vec<_>) =
        layout.renditions_of(table, &column.name).into_iter().unzip();
    let value = row.mended_value.as_deref().map_or_else(|| "NULL".to_owned(), literal);
    let sql = format!(
        "COPY (SELECT {} FROM (SELECT {value}::{} AS {}) AS mended) TO STDOUT (FORMAT binary)",
        expressions.join(", "),
        column.type_name,
        identifier(&column.name),
    );
    let mut reader = BatchReader::new(client.copy_out(&sql)?, places.len(), 1);
    let value = reader.next()?;
    let Some(value) = value.as_ref().and_then(Batch::last) else { return Ok(tuple.bytes().to_vec()) };
    let mut fields: Vec<_> = tuple.fields().collect();
    for (place, field) in places.iter().zip(value.fields()) {
        fields[*place] = field;
    }
    Ok(row_of(fields.into_iter()))
}

fn read(stream: &[u8], width: usize) -> Result<Vec<Batch>, WireError> {
    let mut reader = BatchReader::new(stream, width, usize::MAX);
    std::iter::from_fn(|| reader.next().transpose()).collect()
}
