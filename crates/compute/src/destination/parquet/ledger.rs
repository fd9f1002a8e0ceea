//! The note of how far a job has come, in a file beside the parts.
//!
//! It is also the fence. An attempt writes hidden files, looks at the note, and only then renames what it has written.
//! A later attempt enters itself in the note, and only then removes hidden files. So whichever comes first, no file of
//! an earlier attempt takes its place behind a later one's entry and clearing, however long the earlier one hung.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use uuid::Uuid;

use super::folder::{JobFolder, at, hidden_name, sync, take_back};
use crate::{
    destination::{CopySpec, DestinationError, Watermark},
    failpoint::failpoint,
};

/// The ledger's file.
const FILE: &str = ".backfill-ledger.json";

/// A job's note for the attempt that writes.
#[derive(Clone)]
pub(super) struct Ledger {
    path: PathBuf,
    hidden: PathBuf,
    job: Uuid,
    attempt: i32,
    /// Whether readers have been pointed at the job's parts.
    replaced: bool,
}

/// What the file says.
struct Note {
    job: Uuid,
    attempt: i64,
    watermark: Watermark,
    replaced: bool,
}

impl Ledger {
    /// Takes the folder for this attempt, reads how far the job has come, and removes what earlier attempts did not bring
    /// to an end.
    ///
    /// # Errors
    /// [`DestinationError::Fenced`] if a later attempt has been here; [`DestinationError::Table`] if the folder's
    /// files are another job's: they are somebody's data, and not for this job to remove.
    pub(super) fn open(folder: &JobFolder, spec: &CopySpec) -> Result<(Self, Watermark), DestinationError> {
        let mut ledger = Self {
            path: folder.path().join(FILE),
            hidden: folder.path().join(hidden_name(FILE, spec.attempt)),
            job: spec.job_uid,
            attempt: spec.attempt,
            replaced: false,
        };
        ledger.enter(folder, spec.first_chunk)?;
        folder.clean_hidden()?;
        // An earlier attempt that was in the middle of a commit has lost its files by now, or has come to its end.
        let watermark = ledger.enter(folder, spec.first_chunk)?;
        folder.clean_parts(spec.first_chunk..=watermark.chunk)?;
        Ok((ledger, watermark))
    }

    /// Enters this attempt into the note, which stands where it stood, or before the first chunk that counts.
    fn enter(&mut self, folder: &JobFolder, first_chunk: i64) -> Result<Watermark, DestinationError> {
        let note = self.read()?;
        let is_foreign = match &note {
            Some(note) => note.job != self.job,
            None => !folder.parts()?.is_empty(),
        };
        if is_foreign {
            return Err(DestinationError::Table {
                table: folder.path().display().to_string(),
                reason: "the folder holds files of another job with the same number: move it away".to_owned(),
            });
        }
        self.replaced = note.as_ref().is_some_and(|note| note.replaced);
        let given_up = Watermark { chunk: first_chunk - 1, rows: 0 };
        let noted = note.map(|note| note.watermark).filter(|noted| noted.chunk > given_up.chunk);
        let watermark = noted.unwrap_or(given_up);
        let entered =
            self.prepare(watermark).and_then(|()| self.check_fence()).and_then(|()| self.publish(folder));
        if entered.is_err() {
            self.take_back();
        }
        entered.map(|()| watermark)
    }

    /// Looks whether a later attempt has been here since.
    pub(super) fn check_fence(&self) -> Result<(), DestinationError> {
        let is_fenced = self.read()?.is_some_and(|note| note.attempt > i64::from(self.attempt));
        if is_fenced { Err(DestinationError::Fenced) } else { Ok(()) }
    }

    /// Makes sure that nobody has removed the ledger, and perhaps parts with it.
    pub(super) fn check_presence(&self) -> Result<(), DestinationError> {
        fs::metadata(&self.path).map(drop).map_err(at(&self.path))
    }

    /// Writes down how far the job will have come by [`Self::publish`], which needs no more space then.
    pub(super) fn prepare(&self, watermark: Watermark) -> Result<(), DestinationError> {
        let Watermark { chunk, rows } = watermark;
        let (job, attempt, replaced) = (self.job, self.attempt, self.replaced);
        let note =
            json!({"job_uid": job, "attempt": attempt, "chunk": chunk, "rows": rows, "replaced": replaced});
        let written =
            fs::File::create(&self.hidden).and_then(|mut file| file.write_all(note.to_string().as_bytes()));
        written.map_err(at(&self.hidden))?;
        failpoint("parquet-note-written")?;
        sync(&self.hidden)
    }

    /// Makes what was prepared the note. It fails where a later attempt has come meanwhile.
    pub(super) fn publish(&self, folder: &JobFolder) -> Result<(), DestinationError> {
        folder.publish(&self.hidden, FILE)?;
        folder.sync()
    }

    /// Removes what was prepared.
    pub(super) fn take_back(&self) {
        take_back(&self.hidden);
    }

    /// Whether readers have been pointed at the job's parts.
    pub(super) fn is_replaced(&self) -> bool {
        self.replaced
    }

    /// Notes that readers have been pointed at the job's parts.
    pub(super) fn note_replaced(
        &mut self,
        folder: &JobFolder,
        watermark: Watermark,
    ) -> Result<(), DestinationError> {
        self.replaced = true;
        self.prepare(watermark)?;
        self.check_fence()?;
        self.publish(folder)
    }

    fn read(&self) -> Result<Option<Note>, DestinationError> {
        match fs::read(&self.path) {
            Ok(bytes) => Note::parse(&bytes).map(Some).ok_or_else(|| unreadable(&self.path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(at(&self.path)(error)),
        }
    }
}

impl Note {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let note: Value = serde_json::from_slice(bytes).ok()?;
        let number = |name: &str| note.get(name)?.as_i64();
        Some(Self {
            job: note.get("job_uid")?.as_str()?.parse().ok()?,
            attempt: number("attempt")?,
            watermark: Watermark { chunk: number("chunk")?, rows: number("rows")? },
            replaced: note.get("replaced").and_then(Value::as_bool).unwrap_or_default(),
        })
    }
}

fn unreadable(path: &Path) -> DestinationError {
    at(path)(io::Error::new(
        io::ErrorKind::InvalidData,
        "this is no ledger of Backfill: move the folder away",
    ))
}
