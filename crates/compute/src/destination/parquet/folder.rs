//! Names and files of a job's folder.

use std::{
    fs::{self, File},
    io,
    ops::RangeInclusive,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use backfill_domain::{
    catalog::Table,
    id::JobId,
    parquet::{chunk_of, job_folder, table_folder},
};

use crate::{destination::DestinationError, failpoint::failpoint};

/// The link, beside the folders of the jobs, to that of the job whose parts have replaced all others.
const CURRENT: &str = "current";

/// What ends the name of a file that is still being written, before the attempt's number.
const UNFINISHED: &str = ".tmp-";

/// The folder of a job's parts: `PATH/SCHEMA.TABLE/job-ID`.
#[derive(Clone)]
pub(super) struct JobFolder(PathBuf);

impl JobFolder {
    /// Makes the folder where it is absent.
    pub(super) fn open(path: &str, table: &Table, job: JobId) -> Result<Self, DestinationError> {
        let folder = table_folder(path, &table.table_name()).join(job_folder(job));
        make(&folder)?;
        Ok(Self(folder))
    }

    /// Where the folder is.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// The parts in it.
    pub(super) fn parts(&self) -> Result<Vec<PathBuf>, DestinationError> {
        let names = self.files()?.into_iter().filter(|name| chunk_of(name).is_some());
        Ok(names.map(|name| self.0.join(name)).collect())
    }

    /// The parts of a chunk, by their names.
    pub(super) fn parts_of(&self, chunk: i64) -> Result<Vec<String>, DestinationError> {
        let mut names = self.files()?;
        names.retain(|name| chunk_of(name) == Some(chunk));
        Ok(names)
    }

    /// Removes the hidden files, which an attempt has left behind that did not come to commit.
    pub(super) fn clean_hidden(&self) -> Result<(), DestinationError> {
        for name in self.files()?.iter().filter(|name| is_unfinished(name)) {
            failpoint("parquet-leftover-seen")?;
            self.remove(name)?;
        }
        Ok(())
    }

    /// Removes the parts of other chunks than those in `committed`.
    pub(super) fn clean_parts(&self, committed: RangeInclusive<i64>) -> Result<(), DestinationError> {
        let is_left_over = |name: &&String| chunk_of(name).is_some_and(|chunk| !committed.contains(&chunk));
        self.files()?.iter().filter(is_left_over).try_for_each(|name| self.remove(name))
    }

    /// Removes a file, if it is there.
    pub(super) fn remove(&self, name: &str) -> Result<(), DestinationError> {
        let path = self.0.join(name);
        match fs::remove_file(&path) {
            // The attempt that left it behind may still live, and have renamed it or taken it back at this moment.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed.map_err(at(&path)),
        }
    }

    fn files(&self) -> Result<Vec<String>, DestinationError> {
        let entries = fs::read_dir(&self.0).map_err(at(&self.0))?;
        let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        names.collect::<io::Result<_>>().map_err(at(&self.0))
    }

    /// Gives a file, which is durable, the name that readers see, in place of any other of that name.
    pub(super) fn publish(&self, hidden: &Path, name: &str) -> Result<(), DestinationError> {
        let path = self.0.join(name);
        fs::rename(hidden, &path).map_err(at(&path))
    }

    /// Points readers of the table's `current` folder at this one, from one moment to the next.
    pub(super) fn make_current(&self, attempt: i32) -> Result<(), DestinationError> {
        let (Some(table), Some(name)) = (self.0.parent(), self.0.file_name()) else { return Ok(()) };
        let (current, hidden) = (table.join(CURRENT), table.join(hidden_name(CURRENT, attempt)));
        if current.symlink_metadata().is_ok_and(|found| !found.is_symlink()) {
            let reason = "it is no link, as which replacing jobs keep it: move it away";
            return Err(at(&current)(io::Error::new(io::ErrorKind::AlreadyExists, reason)));
        }
        match fs::remove_file(&hidden) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            removed => removed.map_err(at(&hidden))?,
        }
        symlink(name, &hidden).map_err(at(&hidden))?;
        fs::rename(&hidden, &current).map_err(at(&current))?;
        sync(table)
    }

    /// Makes the folder's names durable.
    pub(super) fn sync(&self) -> Result<(), DestinationError> {
        sync(&self.0)
    }
}

/// The hidden name of a file that `attempt` is writing.
pub(super) fn hidden_name(name: &str, attempt: i32) -> String {
    format!(".{name}{UNFINISHED}{attempt}")
}

fn is_unfinished(name: &str) -> bool {
    name.starts_with('.') && name.contains(UNFINISHED)
}

/// Makes a folder, and those above it, where they are absent; what it makes is durable.
fn make(folder: &Path) -> Result<(), DestinationError> {
    let is_absent = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
    let made: Vec<_> = folder.ancestors().take_while(is_absent).collect();
    fs::create_dir_all(folder).map_err(at(folder))?;
    for path in made {
        sync(path)?;
        // A folder's name is in the one above it; that of a relative path's first is the current one.
        let above = path.parent().filter(|above| !above.as_os_str().is_empty());
        sync(above.unwrap_or(Path::new(".")))?;
    }
    Ok(())
}

/// Removes a hidden file that is to be of no use any more, if it is there.
pub(super) fn take_back(hidden: &Path) {
    if let Err(error) = fs::remove_file(hidden) {
        log::debug!("{} is not there to be taken back: {error}", hidden.display());
    }
}

/// Makes a file's content, or a folder's names, durable.
pub(super) fn sync(path: &Path) -> Result<(), DestinationError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(at(path))
}

/// Names the path in an error.
pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> DestinationError {
    let path = path.to_owned();
    |error| DestinationError::Io { path, error }
}

#[cfg(test)]
mod tests {
    use backfill_domain::parquet::part_name;

    use super::*;

    #[test]
    fn a_part_that_is_not_finished_is_hidden() {
        let part = part_name(7, Some(12));
        assert!(!is_unfinished(&part) && is_unfinished(&hidden_name(&part, 3)));
        assert_eq!(chunk_of(&hidden_name(&part, 3)), None);
    }
}
