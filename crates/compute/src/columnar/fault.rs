//! Values that a columnar destination cannot hold.

/// Why a value cannot be held.
#[derive(Debug, PartialEq)]
pub(super) struct Unfit {
    /// The value for people to read, where more can be said than its bytes.
    value: Option<String>,
    /// What forbids it.
    pub(super) reason: String,
}

impl Unfit {
    pub(super) fn new(value: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { value: Some(value.into()), reason: reason.into() }
    }
}

impl From<String> for Unfit {
    fn from(reason: String) -> Self {
        Self { value: None, reason }
    }
}

impl From<&str> for Unfit {
    fn from(reason: &str) -> Self {
        reason.to_owned().into()
    }
}

/// A row's value that cannot be held.
#[derive(Debug, PartialEq)]
pub(super) struct Fault {
    /// Which row.
    pub(super) row: usize,
    /// Its value.
    pub(super) value: String,
    /// What forbids it.
    pub(super) reason: String,
}

impl Fault {
    pub(super) fn new(row: usize, bytes: &[u8], unfit: Unfit) -> Self {
        Self { row, value: unfit.value.unwrap_or_else(|| hexadecimal(bytes)), reason: unfit.reason }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    const SHOWN: usize = 32;
    let digits: String = bytes.iter().take(SHOWN).map(|byte| format!("{byte:02x}")).collect();
    format!("\\x{digits}{}", if bytes.len() > SHOWN { "…" } else { "" })
}
