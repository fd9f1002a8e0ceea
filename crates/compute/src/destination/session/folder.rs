//! A folder that nobody else sees, removed at the end.

use std::{
    env,
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use uuid::Uuid;

use crate::destination::DestinationError;

const PREFIX: &str = "backfill-duckdb-";
const LOCK: &str = "lock";

/// A folder of a unique name among the system's temporary files, for this user alone.
///
/// A locked file beside it says that it is in use. The system unlocks it however the process ends, so that the next
/// one can remove what a killed one left behind.
pub(super) struct PrivateFolder {
    path: PathBuf,
    _lock: File,
}

impl PrivateFolder {
    pub(super) fn new() -> Result<Self, DestinationError> {
        remove_abandoned();
        let path = env::temp_dir().join(format!("{PREFIX}{}", Uuid::new_v4().simple()));
        let made = locked(&path).and_then(|lock| DirBuilder::new().mode(0o700).create(&path).map(|()| lock));
        match made {
            Ok(lock) => Ok(Self { path, _lock: lock }),
            Err(error) => Err(DestinationError::Io { path, error }),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for PrivateFolder {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

fn locked(folder: &Path) -> io::Result<File> {
    let lock = File::create_new(folder.with_extension(LOCK))?;
    lock.lock()?;
    Ok(lock)
}

/// Removes the folders whose processes have ended.
fn remove_abandoned() {
    for entry in fs::read_dir(env::temp_dir()).into_iter().flatten().flatten() {
        let lock = entry.path();
        let is_lock = entry.file_name().to_string_lossy().starts_with(PREFIX)
            && lock.extension().is_some_and(|extension| extension == LOCK);
        if is_lock && File::open(&lock).is_ok_and(|file| file.try_lock().is_ok()) {
            remove(&lock.with_extension(""));
        }
    }
}

/// Removes a folder and its lock. What cannot be removed is left to the system's own cleaning.
fn remove(folder: &Path) {
    let _ = fs::remove_dir_all(folder);
    let _ = fs::remove_file(folder.with_extension(LOCK));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_at_its_end_or_after_its_process() {
        let folder = PrivateFolder::new().unwrap();
        let abandoned = env::temp_dir().join(format!("{PREFIX}{}", Uuid::new_v4().simple()));
        fs::create_dir(&abandoned).unwrap();
        fs::write(abandoned.with_extension(LOCK), "").unwrap();
        fs::write(abandoned.join("spilled"), "").unwrap();
        let other = PrivateFolder::new().unwrap();
        assert!(!abandoned.exists() && !abandoned.with_extension(LOCK).exists());
        assert!(folder.path().exists());
        let path = other.path().to_owned();
        drop(other);
        assert!(!path.exists() && !path.with_extension(LOCK).exists());
    }
}
