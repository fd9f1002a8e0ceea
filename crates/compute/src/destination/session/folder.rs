//! A folder that nobody else sees, removed at the end.

use std::{
    env, fs,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use uuid::Uuid;

use crate::destination::DestinationError;

/// A folder of a unique name among the system's temporary files, for this user alone.
pub(super) struct PrivateFolder(PathBuf);

impl PrivateFolder {
    pub(super) fn new() -> Result<Self, DestinationError> {
        let path = env::temp_dir().join(format!("backfill-{}", Uuid::new_v4().simple()));
        match fs::DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => Ok(Self(path)),
            Err(error) => Err(DestinationError::Io { path, error }),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for PrivateFolder {
    fn drop(&mut self) {
        // What cannot be removed is a temporary file, where the system's own cleaning finds it.
        let _ = fs::remove_dir_all(&self.0);
    }
}
