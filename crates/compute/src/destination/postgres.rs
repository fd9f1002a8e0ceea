//! PostgreSQL as a destination. A chunk is one transaction, with the note in the ledger part of it.
//!
//! Where the table's columns are just the source's, rows are copied straight into it as they came, and what it holds
//! of them is read back. In every other case, and for the rest of the job as soon as a chunk does not get through that
//! way (a key that is there already, a trigger that changes rows, another collation), they are copied into a temporary
//! table; one INSERT moves them on and returns what the table holds of them.

mod check;
mod count;
mod lane;
mod ledger;
mod once;
mod own_types;
mod prepare;
mod replace;
mod statements;
mod verify;

use std::{collections::HashSet, iter::once, sync::Arc};

use backfill_domain::{
    destination::PostgresSettings, id::DestinationId, job::WriteMode, options::Verification,
};
use backfill_pg::Client;
use bytes::Bytes;
use postgres::error::SqlState;

use self::{
    lane::{BEGIN_BEHIND, Pages, SecondHandle, Standing, is_blocked, open_session},
    prepare::prepare,
    replace::Replacement,
    statements::Statements,
};
use super::{Check, CopySpec, Destination, DestinationError, Opening, SharedWatermark, Watermark};
use crate::{
    failpoint::failpoint,
    interrupt::Interrupts,
    key::Key,
    wire::{Batch, BatchReader, Checksum, HEADER, Layout, Projection, Rendition, TRAILER, push_field},
};

/// A table in another PostgreSQL.
pub(crate) struct PostgresDestination {
    client: Client,
    id: DestinationId,
    spec: Arc<CopySpec>,
    renditions: Vec<Rendition>,
    statements: Arc<Statements>,
    watermark: SharedWatermark,
    mode: WriteMode,
    /// What is to be done when all rows are there.
    replacement: Option<Replacement>,
    route: Route,
    /// How one more handle is opened, where two chunks may be written at the same time.
    second: Option<SecondHandle>,
    /// The page from which on the next chunk's rows are looked for, where another one may be written meanwhile.
    pages: Option<Pages>,
    chunk: Option<OpenChunk>,
}

/// Which way rows go into the table. A job begins with the first that its table allows, and turns to the next for good
/// once a chunk does not get through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    /// Straight in; they are found again on the pages that the table has grown by.
    Direct,
    /// Straight in; they are found again by their keys, for the table had room on its older pages.
    DirectByKey,
    /// Through the staging table.
    Staged,
}

/// The most bytes of a chunk that are kept for the case that it must be staged. Chunks with a key are smaller, but for
/// one that is read once more after its range has filled up.
const MAX_KEPT: usize = 32 << 20;

/// Bytes that are sent at once: the connection keeps room for as many.
const PIECE: usize = 256 << 10;

/// The chunk whose transaction is open.
struct OpenChunk {
    number: i64,
    standing: Standing,
    projection: Projection,
    layout: Arc<Layout>,
    /// Whether rows are summed up, or counted alone.
    is_summed: bool,
    given: Checksum,
    /// Rows that the server says it has copied into the table or the staging table.
    copied: u64,
    /// The rows that are given, by their hashes, where those of known keys are kept as they are: what is added must be
    /// among them.
    given_rows: Option<HashSet<u128>>,
    /// How many of the rows' keys were there before, where those are not counted.
    known: Option<i64>,
    /// The table's pages before it, of a chunk that goes direct: its rows are behind them.
    pages: i64,
    /// The first and the last row's key, of a chunk that goes direct.
    range: Option<(Key, Key)>,
    /// The rows so far, of a chunk that goes direct and may have to be staged yet, or to give way.
    kept: Vec<Bytes>,
}

/// A batch's rows as they are.
struct Whole(Arc<Batch>);

impl AsRef<[u8]> for Whole {
    fn as_ref(&self) -> &[u8] {
        self.0.bytes()
    }
}

impl PostgresDestination {
    /// Connects, makes the table where it is absent, and opens the ledger for this attempt.
    pub(crate) fn open(
        id: DestinationId,
        settings: &PostgresSettings,
        spec: &Arc<CopySpec>,
        interrupts: &Interrupts,
    ) -> Result<Self, DestinationError> {
        let connection = settings.connection();
        let mut client = open_session(&connection, spec, interrupts)?;
        let prepared = prepare(&mut client, &settings.schema, id, spec)?;
        let interrupts = interrupts.clone();
        let second = prepared.second_session.map(|session| SecondHandle { connection, interrupts, session });
        Ok(Self {
            client,
            id,
            spec: spec.clone(),
            renditions: prepared.renditions,
            route: prepared.route,
            statements: Arc::new(prepared.statements),
            watermark: SharedWatermark::new(prepared.watermark),
            mode: prepared.mode,
            replacement: prepared.replacement,
            pages: second.is_some().then(Pages::default),
            second,
            chunk: None,
        })
    }
}

impl Destination for PostgresDestination {
    fn renditions(&self) -> &[Rendition] {
        &self.renditions
    }

    fn watermark(&self) -> Watermark {
        self.watermark.get()
    }

    fn lane(&self) -> Option<Opening> {
        self.second()
    }

    fn begin(&mut self, number: i64, layout: &Arc<Layout>) -> Result<(), DestinationError> {
        let is_first = number <= self.watermark.get().chunk + 1;
        let standing = if is_first { Standing::First } else { Standing::Behind };
        let pages = self.begin_transaction(standing)?;
        let is_summed = self.spec.options.verification == Verification::Checksum;
        self.chunk = Some(OpenChunk {
            number,
            standing,
            pages,
            is_summed,
            copied: 0,
            projection: layout.projection(&self.renditions),
            layout: layout.clone(),
            given: Checksum::default(),
            given_rows: (is_summed && self.mode == WriteMode::InsertMissing).then(HashSet::new),
            known: None,
            range: None,
            kept: Vec::new(),
        });
        Ok(())
    }

    fn expect_known_rows(&mut self) {
        if let Some(chunk) = &mut self.chunk {
            chunk.known = Some(0);
        }
    }

    fn write(&mut self, batch: &Arc<Batch>) -> Result<(), DestinationError> {
        let Some(chunk) = &mut self.chunk else { return Ok(()) };
        let rows = chunk.take(batch);
        let Some(direct) = self.statements.direct.as_ref().filter(|_| self.route != Route::Staged) else {
            return copy_in(&mut self.client, &self.statements.stage, &rows).map(drop);
        };
        if !direct.key.is_empty() {
            chunk.note_range(batch);
            chunk.kept.push(rows.clone());
            if chunk.kept.iter().map(Bytes::len).sum::<usize>() > MAX_KEPT {
                return self.stage_instead("it is too large to be kept");
            }
        }
        self.put(&rows)
    }

    fn give_way(&mut self) {
        if let Err(error) = self.let_go() {
            log::debug!("job {}: cannot roll back, the server will: {error}", self.spec.job_id);
        }
    }

    fn verify(&mut self) -> Result<(), DestinationError> {
        self.come_first()?;
        let Some(chunk) = &self.chunk else { return Ok(()) };
        if !chunk.is_summed {
            return self.verify_count();
        }
        if let Some(direct) = self.statements.direct.as_ref().filter(|_| self.route != Route::Staged) {
            // Without keys to look for, the whole table would be read to find that nothing was added.
            if chunk.given.rows == 0 {
                return Ok(());
            }
            if self.route == Route::Direct {
                let query = direct.read_back_by_page(chunk.pages);
                let held = read_back(&mut self.client, &query, chunk.width())?;
                if held == chunk.given {
                    return Ok(());
                }
                log::info!("job {}: rows are found by their keys from here on", self.spec.job_id);
                self.route = Route::DirectByKey;
            }
            let query = direct.read_back_by_key(chunk.range.as_ref());
            let held = read_back(&mut self.client, &query, chunk.width())?;
            if held == chunk.given {
                return Ok(());
            }
            if direct.key.is_empty() {
                return Err(mismatch(chunk, held.rows));
            }
            self.stage_instead("it was not found again as it was given")?;
        }
        self.count_known()?;
        let Some(chunk) = &self.chunk else { return Ok(()) };
        if let (Some(known), Some(given)) = (&self.statements.known, &chunk.given_rows) {
            return add_missing(&mut self.client, &self.statements, known, chunk, given);
        }
        let mut held = Checksum::default();
        move_on(&mut self.client, self.statements.insert(), chunk.width(), |row| held.add(row))?;
        if held == chunk.given { Ok(()) } else { Err(mismatch(chunk, held.rows)) }
    }

    fn commit(&mut self) -> Result<(), DestinationError> {
        let Some(chunk) = &self.chunk else { return Ok(()) };
        failpoint("postgres-committing")?;
        let rows = self.watermark.get().rows + chunk.given.rows as i64 - chunk.known.unwrap_or_default();
        let noted = self.client.execute(
            &self.statements.note,
            &[&chunk.number, &rows, &self.spec.job_uid, &self.id.0, &self.spec.attempt],
        )?;
        if noted == 0 {
            return Err(DestinationError::Fenced);
        }
        failpoint("postgres-noted")?;
        self.client.batch_execute("COMMIT")?;
        failpoint("postgres-committed")?;
        self.watermark.set(Watermark { chunk: chunk.number, rows });
        self.chunk = None;
        Ok(())
    }

    fn rollback(&mut self) {
        if self.chunk.take().is_some_and(|chunk| chunk.standing != Standing::GivenWay)
            && let Err(error) = self.client.batch_execute("ROLLBACK")
        {
            log::debug!("job {}: cannot roll back, the server will: {error}", self.spec.job_id);
        }
    }

    fn check(
        &mut self,
        number: i64,
        layout: &Arc<Layout>,
        _mends: bool,
    ) -> Result<Box<dyn Check + '_>, DestinationError> {
        Ok(Box::new(self.begin_check(number, layout)?))
    }

    fn finish(&mut self) -> Result<(), DestinationError> {
        let Some(replacement) = &self.replacement else { return Ok(()) };
        replacement.swap(&mut self.client, &self.spec)?;
        self.replacement = None;
        Ok(())
    }
}

impl PostgresDestination {
    /// Begins a chunk's transaction; how many pages the table has, where that is to be known.
    fn begin_transaction(&mut self, standing: Standing) -> Result<i64, DestinationError> {
        self.client.batch_execute(if standing == Standing::First { "BEGIN" } else { BEGIN_BEHIND })?;
        let Some(direct) = self.statements.direct.as_ref().filter(|_| self.route == Route::Direct) else {
            return Ok(0);
        };
        let pages = self.client.query_one(&direct.pages, &[])?.get(0);
        Ok(self.pages.as_mut().map_or(pages, |known| known.floor(pages)))
    }

    /// Copies rows straight into the table; or stages the chunk, where they do not get in, or lets go of it, where that
    /// would take long.
    fn put(&mut self, rows: &Bytes) -> Result<(), DestinationError> {
        let (Some(chunk), Some(direct)) = (&mut self.chunk, &self.statements.direct) else { return Ok(()) };
        if chunk.standing == Standing::GivenWay {
            return Ok(());
        }
        let is_behind = chunk.standing == Standing::Behind;
        match copy_in(&mut self.client, &direct.copy, rows).map(|rows| chunk.copied += rows) {
            Err(error) if self.may_pass_staged(&error) => self.stage_instead(&error.to_string()),
            Err(error) if is_behind && is_blocked(&error) => self.let_go(),
            copied => copied,
        }
    }

    /// Counts the staged rows whose keys the table has, where they are not to be counted once more.
    fn count_known(&mut self) -> Result<(), DestinationError> {
        let counted = self.chunk.as_mut().and_then(|chunk| chunk.known.as_mut());
        if let (Some(counted), Some(known)) = (counted, &self.statements.known) {
            *counted = self.client.query_one(known, &[])?.get(0);
        }
        Ok(())
    }

    /// Whether an error of a direct copy may be none by way of the staging table: a key that is there already, where
    /// its row is to be replaced or kept, or a table that takes no COPY, as under row security.
    fn may_pass_staged(&self, error: &DestinationError) -> bool {
        match error.code() {
            Some(&SqlState::UNIQUE_VIOLATION) => self.mode.needs_key(),
            Some(&SqlState::FEATURE_NOT_SUPPORTED) => true,
            _ => false,
        }
    }

    /// Begins the chunk's transaction anew with its rows in the staging table, where those of later chunks go, too.
    fn stage_instead(&mut self, reason: &str) -> Result<(), DestinationError> {
        log::info!(
            "job {}: rows are staged from here on, since a chunk did not go direct: {reason}",
            self.spec.job_id
        );
        self.route = Route::Staged;
        self.client.batch_execute("ROLLBACK; BEGIN")?;
        let Some(chunk) = &mut self.chunk else { return Ok(()) };
        if chunk.standing == Standing::GivenWay {
            chunk.standing = Standing::Behind;
        }
        let kept = std::mem::take(&mut chunk.kept);
        kept.iter().try_for_each(|rows| copy_in(&mut self.client, &self.statements.stage, rows).map(drop))
    }
}

/// Moves rows to the table by an INSERT and its RETURNING; `each` gets what the table holds of them.
///
/// What constraints and triggers say at the statement's very end, the client does not hear behind the rows. If they
/// refused, the statement is run once more without rows to return, for its error.
fn move_on(
    client: &mut Client,
    (insert, returning): (&str, &str),
    width: usize,
    each: impl FnMut(&[u8]),
) -> Result<(), DestinationError> {
    client.batch_execute("SAVEPOINT staged")?;
    for_each_row(client, &format!("{insert} {returning}"), width, each)?;
    match client.batch_execute("RELEASE staged") {
        Err(error) if error.code() == Some(&SqlState::IN_FAILED_SQL_TRANSACTION) => {
            client.batch_execute("ROLLBACK TO staged")?;
            client.batch_execute(insert)?;
            Err(error.into())
        }
        released => Ok(released?),
    }
}

/// Moves the staged rows to the table whose keys it has not, and makes sure that it has the key of each in the end, and
/// has added none but these rows.
///
/// A row that is in the way of another may be removed by somebody else at any moment; then the other one is added after
/// all. A row that is not added though nothing is in its way is lost.
fn add_missing(
    client: &mut Client,
    statements: &Statements,
    known: &str,
    chunk: &OpenChunk,
    given: &HashSet<u128>,
) -> Result<(), DestinationError> {
    loop {
        let (mut added, mut altered) = (0, 0);
        move_on(client, statements.insert(), chunk.width(), |row| {
            added += 1;
            altered += u64::from(!given.contains(&Checksum::hash(row)));
        })?;
        let held = client.query_one(known, &[])?.get::<_, i64>(0).cast_unsigned();
        if altered == 0 && held == chunk.given.rows {
            return Ok(());
        }
        if altered > 0 || added == 0 {
            return Err(mismatch(chunk, held - altered));
        }
    }
}

/// Count and checksum of the rows of `width` columns that `query` returns.
fn read_back(client: &mut Client, query: &str, width: usize) -> Result<Checksum, DestinationError> {
    let stream = client.copy_out(&format!("COPY ({query}) TO STDOUT (FORMAT binary)"))?;
    Ok(BatchReader::new(stream, width, usize::MAX).sum()?)
}

fn for_each_row(
    client: &mut Client,
    query: &str,
    width: usize,
    mut each: impl FnMut(&[u8]),
) -> Result<(), DestinationError> {
    let stream = client.copy_out(&format!("COPY ({query}) TO STDOUT (FORMAT binary)"))?;
    let mut batches = BatchReader::new(stream, width, usize::MAX);
    while let Some(batch) = batches.next()? {
        batch.tuples().for_each(|tuple| each(tuple.bytes()));
    }
    Ok(())
}

fn mismatch(chunk: &OpenChunk, held: u64) -> DestinationError {
    DestinationError::Mismatch { chunk: chunk.number, given: chunk.given.rows, held }
}

/// Copies rows; how many the server says it took.
fn copy_in(client: &mut Client, statement: &str, rows: &Bytes) -> Result<u64, DestinationError> {
    let piece = |start| rows.slice(start..rows.len().min(start + PIECE));
    let pieces = (0..rows.len()).step_by(PIECE).map(piece);
    let (header, trailer) = (Bytes::from_static(HEADER), Bytes::from_static(TRAILER));
    Ok(client.copy_in(statement, once(header).chain(pieces).chain(once(trailer)))?)
}

impl OpenChunk {
    /// How many columns a row has at this destination.
    fn width(&self) -> usize {
        self.projection.positions().len()
    }

    /// The batch's rows with this destination's columns alone, counted and summed up.
    fn take(&mut self, batch: &Arc<Batch>) -> Bytes {
        if self.projection.is_whole_row(self.layout.width()) {
            batch.tuples().for_each(|tuple| self.count(tuple.bytes()));
            return Bytes::from_owner(Whole(batch.clone()));
        }
        let mut rows = Vec::with_capacity(batch.bytes().len());
        let positions = self.projection.positions().to_vec();
        let count = (positions.len() as i16).to_be_bytes();
        let mut fields = Vec::new();
        for tuple in batch.tuples() {
            let start = rows.len();
            fields.clear();
            fields.extend(tuple.fields());
            rows.extend(count);
            positions.iter().for_each(|at| push_field(&mut rows, fields[*at]));
            self.count(&rows[start..]);
        }
        rows.into()
    }

    fn count(&mut self, row: &[u8]) {
        if !self.is_summed {
            self.given.rows += 1;
            return;
        }
        self.given.add(row);
        if let Some(rows) = &mut self.given_rows {
            rows.insert(Checksum::hash(row));
        }
    }

    /// Rows come in the order of their keys.
    fn note_range(&mut self, batch: &Batch) {
        let key = |tuple| self.layout.key_of(&tuple);
        let (Some(first), Some(last)) = (batch.tuples().next().map(key), batch.last().map(key)) else {
            return;
        };
        let first = self.range.take().map_or(first, |(first, _)| first);
        self.range = Some((first, last));
    }
}
