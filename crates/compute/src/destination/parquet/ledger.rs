//! The note of how far a job has come, in a file beside the parts.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use uuid::Uuid;

use super::folder::{JobFolder, at, hidden_name};
use crate::{
    destination::{CopySpec, DestinationError, Watermark},
    failpoint::failpoint,
};

/// The ledger's file.
const FILE: &str = ".backfill-ledger.json";

/// A job's note for the attempt that writes.
pub(super) struct Ledger {
    path: PathBuf,
    job: Uuid,
    attempt: i32,
}

/// What the file says.
struct Note {
    job: Uuid,
    attempt: i64,
    watermark: Watermark,
}

impl Ledger {
    /// Takes the folder for this attempt, and reads how far the job has come.
    ///
    /// # Errors
    /// [`DestinationError::Fenced`] if a later attempt has been here; [`DestinationError::Table`] if the folder's
    /// files are another job's: they are somebody's data, and not for this job to remove.
    pub(super) fn open(folder: &JobFolder, spec: &CopySpec) -> Result<(Self, Watermark), DestinationError> {
        let ledger = Self { path: folder.path().join(FILE), job: spec.job_uid, attempt: spec.attempt };
        let note = ledger.read()?;
        let is_foreign = match &note {
            Some(note) => note.job != spec.job_uid,
            None => !folder.parts()?.is_empty(),
        };
        if is_foreign {
            return Err(DestinationError::Table {
                table: folder.path().display().to_string(),
                reason: "the folder holds files of another job with the same number: move it away".to_owned(),
            });
        }
        if note.as_ref().is_some_and(|note| ledger.is_fenced_by(note)) {
            return Err(DestinationError::Fenced);
        }
        let given_up = Watermark { chunk: spec.first_chunk - 1, rows: 0 };
        let noted = note.map(|note| note.watermark).filter(|noted| noted.chunk > given_up.chunk);
        let watermark = noted.unwrap_or(given_up);
        ledger.write(folder, watermark)?;
        Ok((ledger, watermark))
    }

    /// Looks whether a later attempt has been here since.
    pub(super) fn check_fence(&self) -> Result<(), DestinationError> {
        match self.read()? {
            Some(note) if self.is_fenced_by(&note) => Err(DestinationError::Fenced),
            Some(_) => Ok(()),
            // Somebody has removed the ledger, and perhaps parts with it.
            None => Err(at(&self.path)(io::ErrorKind::NotFound.into())),
        }
    }

    fn is_fenced_by(&self, note: &Note) -> bool {
        note.attempt > i64::from(self.attempt)
    }

    /// Notes how far the job has come.
    pub(super) fn write(&self, folder: &JobFolder, watermark: Watermark) -> Result<(), DestinationError> {
        let Watermark { chunk, rows } = watermark;
        let note = json!({"job_uid": self.job, "attempt": self.attempt, "chunk": chunk, "rows": rows});
        let hidden = folder.path().join(hidden_name(FILE, self.attempt));
        let written =
            fs::File::create(&hidden).and_then(|mut file| file.write_all(note.to_string().as_bytes()));
        written.map_err(at(&hidden))?;
        failpoint("parquet-note-written")?;
        folder.publish(&hidden, FILE)?;
        folder.sync()
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
        })
    }
}

fn unreadable(path: &Path) -> DestinationError {
    at(path)(io::Error::new(
        io::ErrorKind::InvalidData,
        "this is no ledger of Backfill: move the folder away",
    ))
}
