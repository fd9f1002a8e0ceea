//! Query strings.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use backfill_domain::validation::FieldError;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IntoDeserializer as _, value::StrDeserializer},
};
use url::form_urlencoded;
use utoipa::{
    IntoParams,
    openapi::path::{Parameter, ParameterIn},
};

use super::field_error;
use crate::error::ApiError;

/// Parameters of the query string. Parameters that `T` does not know belong to others.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse(request.query_string()).map(Self))
    }
}

fn parse<T: DeserializeOwned>(query: &str) -> Result<T, ApiError> {
    if percent_encoding::percent_decode_str(query).decode_utf8().is_err() {
        return Err(ApiError::Malformed("the query string is no UTF-8".to_owned()));
    }
    let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(pairs).map_err(|error| ApiError::Invalid(vec![field_error(error)]))
}

/// What the names in a list have to contain.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct NameSearch {
    /// Only those whose name has this in it, in any case
    #[serde(default)]
    #[param(required = false)]
    pub(crate) search: String,
}

/// Reads values that are separated by commas.
pub(crate) fn separated<'de, T, D>(parameter: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let text = String::deserialize(parameter)?;
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    words
        .map(|word| {
            let word: StrDeserializer<'_, D::Error> = word.into_deserializer();
            T::deserialize(word)
        })
        .collect()
}

/// The most items a page may have.
const MAX_LIMIT: i64 = 1000;

/// Which part of a list is asked for; `DEFAULT` items where the client names no limit.
pub(crate) struct Page<const DEFAULT: i64 = 100> {
    /// How many items are left out at the start.
    pub(crate) skip: i64,
    /// How many items the page has at most.
    pub(crate) limit: i64,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PageParameters {
    /// How many items to leave out at the start
    #[param(minimum = 0, default = 0)]
    skip: Option<i64>,
    /// How many items to return at most
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

impl<const DEFAULT: i64> FromRequest for Page<DEFAULT> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse(request.query_string()).and_then(Self::new))
    }
}

impl<const DEFAULT: i64> Page<DEFAULT> {
    fn new(parameters: PageParameters) -> Result<Self, ApiError> {
        let page = Self { skip: parameters.skip.unwrap_or(0), limit: parameters.limit.unwrap_or(DEFAULT) };
        let mut errors = Vec::new();
        if page.skip < 0 {
            errors.push(FieldError::new("skip", "must not be negative"));
        }
        if !(1..=MAX_LIMIT).contains(&page.limit) {
            errors.push(FieldError::new("limit", format!("must be from 1 to {MAX_LIMIT}")));
        }
        if errors.is_empty() { Ok(page) } else { Err(ApiError::Invalid(errors)) }
    }
}

/// Documents the parameters, each with the default of its list.
impl<const DEFAULT: i64> IntoParams for Page<DEFAULT> {
    fn into_params(parameter_in: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        PageParameters::into_params(parameter_in)
    }
}
