//! Values that a columnar destination cannot hold.

/// Why a value cannot be held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unfit(pub(super) String);

impl From<String> for Unfit {
    fn from(reason: String) -> Self {
        Self(reason)
    }
}

impl From<&str> for Unfit {
    fn from(reason: &str) -> Self {
        Self(reason.to_owned())
    }
}

/// A row's value that cannot be held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// Which row.
    pub(super) row: usize,
    /// What forbids it.
    pub(super) reason: String,
}

impl Fault {
    pub(super) fn new(row: usize, unfit: Unfit) -> Self {
        Self { row, reason: unfit.0 }
    }
}
