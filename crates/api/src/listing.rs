//! Lists as clients see them.

use serde::Serialize;
use utoipa::ToSchema;

/// A page of a list, and how long the whole list is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Listing<T> {
    /// Length of the whole list.
    pub(crate) total: i64,
    /// The page.
    pub(crate) items: Vec<T>,
}

impl<T> Listing<T> {
    /// The list with each item turned into another.
    pub(crate) fn map<U>(self, change: impl FnMut(T) -> U) -> Listing<U> {
        Listing { total: self.total, items: self.items.into_iter().map(change).collect() }
    }

    /// The list with each item turned into another, or the first error.
    pub(crate) fn try_map<U, E>(self, change: impl FnMut(T) -> Result<U, E>) -> Result<Listing<U>, E> {
        let items: Result<_, _> = self.items.into_iter().map(change).collect();
        Ok(Listing { total: self.total, items: items? })
    }
}
