//! What handlers take out of a request; each tells the exact field that is bad.

mod actor;
mod json;
mod query;

pub(crate) use actor::{Actor, TrustedProxies};
pub(crate) use json::{Json, deserialize};
pub(crate) use query::{NameSearch, Page, Query, separated};

use backfill_domain::validation::FieldError;

/// An error of serde with the path where it happened, as a field error.
fn field_error<E: std::error::Error>(error: serde_path_to_error::Error<E>) -> FieldError {
    let path = error.path().to_string();
    let message = error.inner().to_string();
    let mut field = if path == "." { String::new() } else { path };
    // serde reports a missing field at the object that should hold it.
    if let Some(missing) = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        let dot = if field.is_empty() { "" } else { "." };
        field = format!("{field}{dot}{missing}");
    }
    FieldError::new(field, without_value(message))
}

/// What is wrong, without the text that is: it may be a secret in the wrong place.
fn without_value(message: String) -> String {
    if message == "invalid number" {
        return "must be a whole number within the field's range".to_owned();
    }
    match message.rsplit_once(", expected ") {
        Some((found, expected)) if found.starts_with("invalid type: string") => {
            format!("invalid type: string, expected {expected}")
        }
        _ => message,
    }
}
