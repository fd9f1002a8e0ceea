//! What is wrong with a request, field by field.

use serde::Serialize;
use utoipa::ToSchema;

/// One bad field of a request and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Path of the field in the request, such as `filters[0].value`.
    #[schema(example = "filters[0].value")]
    pub field: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl FieldError {
    /// An error at `field`.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// Longest name that a source, a destination or a pipeline may have, in characters.
pub const MAX_NAME_LENGTH: usize = 200;

/// Checks the name of a record.
pub(crate) fn check_name(name: &str, errors: &mut Vec<FieldError>) {
    if name.trim().is_empty() {
        errors.push(FieldError::new("name", "must not be empty"));
    } else if name.chars().count() > MAX_NAME_LENGTH {
        errors.push(FieldError::new("name", format!("must have at most {MAX_NAME_LENGTH} characters")));
    }
    check_text("name", name, errors);
}

/// Refuses the one character that PostgreSQL's text cannot hold.
pub(crate) fn check_text(field: &str, text: &str, errors: &mut Vec<FieldError>) {
    if text.contains('\0') {
        errors.push(FieldError::new(field, "must not contain the NUL character"));
    }
}

/// Refuses an empty text.
pub(crate) fn check_not_empty(field: &str, text: &str, errors: &mut Vec<FieldError>) {
    if text.trim().is_empty() {
        errors.push(FieldError::new(field, "must not be empty"));
    }
    check_text(field, text, errors);
}
