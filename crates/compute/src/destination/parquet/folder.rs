//! Names and files of a job's folder.

use std::{
    fs::{self, File},
    io,
    ops::RangeInclusive,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use backfill_domain::{catalog::Table, id::JobId};

use crate::{destination::DestinationError, failpoint::failpoint};

/// What a part's name begins with.
const PART: &str = "part-";

/// The link, beside the folders of the jobs, to that of the job whose parts have replaced all others.
const CURRENT: &str = "current";

/// What ends the name of a file that is still being written, before the attempt's number.
const UNFINISHED: &str = ".tmp-";

/// The folder of a job's parts: `PATH/SCHEMA.TABLE/job-ID`.
pub(super) struct JobFolder(PathBuf);

impl JobFolder {
    /// Makes the folder where it is absent.
    pub(super) fn open(path: &str, table: &Table, job: JobId) -> Result<Self, DestinationError> {
        let table = format!("{}.{}", encoded(&table.schema), encoded(&table.name));
        let folder = Path::new(path).join(table).join(format!("job-{job}"));
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

/// The name of a chunk's part; a chunk that comes in pieces has many.
pub(super) fn part_name(chunk: i64, piece: Option<usize>) -> String {
    match piece {
        None => format!("{PART}{chunk:06}.parquet"),
        Some(piece) => format!("{PART}{chunk:06}-{piece:04}.parquet"),
    }
}

/// The chunk that a part of this name belongs to; `None` for other files.
fn chunk_of(name: &str) -> Option<i64> {
    let number = name.strip_prefix(PART)?.strip_suffix(".parquet")?;
    number.split('-').next()?.parse().ok()
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

/// A name as part of a path: everything but ASCII letters, digits, `_` and `-` percent-encoded. No name thus leaves
/// its folder, and none has a dot.
fn encoded(name: &str) -> String {
    let characters = name.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    });
    characters.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leaves_its_folder() {
        assert_eq!(encoded("orders_2024-Q1"), "orders_2024-Q1");
        assert_eq!(encoded("../a.b/ü%"), "%2E%2E%2Fa%2Eb%2F%C3%BC%25");
        assert_eq!(encoded("a*[b]?"), "a%2A%5Bb%5D%3F");
    }

    #[test]
    fn a_part_says_which_chunk_it_belongs_to() {
        assert_eq!(part_name(7, None), "part-000007.parquet");
        assert_eq!(part_name(1, Some(12)), "part-000001-0012.parquet");
        for name in [part_name(12_345_678, None), part_name(12_345_678, Some(99_999))] {
            assert_eq!(chunk_of(&name), Some(12_345_678));
            assert!(!is_unfinished(&name) && is_unfinished(&hidden_name(&name, 3)));
        }
        for name in ["part-x.parquet", "part-000001.csv", ".part-000001.parquet.tmp-1", "notes.txt"] {
            assert_eq!(chunk_of(name), None, "{name}");
        }
    }
}
