//! A source: a PostgreSQL to copy from, and how to reach it.

use std::{borrow::Cow, fmt, io::Write};

use chrono::{DateTime, Utc};
use diesel::{
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    pg::{Pg, PgValue},
    prelude::*,
    serialize::{self, IsNull, Output, ToSql},
    sql_types::Text,
};
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use crate::{
    id::SourceId,
    limits::SourceLimits,
    schema::sources,
    secret,
    text_enum::text_enum,
    validation::{FieldError, check_name, check_not_empty, check_text},
};

text_enum! {
    "kebab-case",
    /// Whether a connection is encrypted.
    #[derive(Default)]
    pub enum SslMode {
        /// Never encrypted.
        Disable,
        /// Encrypted where the server offers it.
        #[default]
        Prefer,
        /// Encrypted, or no connection. The server's certificate is not checked.
        Require,
    }
}

/// A password. It is never shown, logged or serialised, and stored encrypted.
#[derive(Clone, PartialEq, Eq, Deserialize, ToSchema, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
#[serde(transparent)]
#[schema(value_type = String, format = Password)]
pub struct Password(String);

impl Password {
    /// The password itself, for the one who connects or stores it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl ToSql<Text, Pg> for Password {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(secret::seal(&self.0)?.as_bytes())?;
        Ok(IsNull::No)
    }
}

impl FromSql<Text, Pg> for Password {
    fn from_sql(bytes: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(secret::open(&<String as FromSql<Text, Pg>>::from_sql(bytes)?)?))
    }
}

/// Everything it takes to connect to a PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionSettings {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Database.
    pub database: String,
    /// User.
    pub username: String,
    /// Password, where one is needed.
    pub password: Option<Password>,
    /// Whether the connection is encrypted.
    pub sslmode: SslMode,
}

/// PostgreSQL's own port.
pub const DEFAULT_PORT: u16 = 5432;

pub(crate) fn default_port() -> u16 {
    DEFAULT_PORT
}

impl ConnectionSettings {
    /// Checks the parts; `prefix` is put before each field's name.
    pub(crate) fn validate(&self, prefix: &str, errors: &mut Vec<FieldError>) {
        let field = |name: &str| format!("{prefix}{name}");
        check_not_empty(&field("host"), &self.host, errors);
        check_not_empty(&field("database"), &self.database, errors);
        check_not_empty(&field("username"), &self.username, errors);
        if self.port == 0 {
            errors.push(FieldError::new(field("port"), "must be from 1 to 65535"));
        }
        if let Some(password) = &self.password {
            check_text(&field("password"), password.reveal(), errors);
        }
    }

    /// Reads a `postgres://user:password@host:port/database?sslmode=…` address.
    pub fn from_url(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| format!("is no valid URL: {error}"))?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(format!("must begin with postgres://, not {}://", url.scheme()));
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or("names no host")?;
        let database = decode(url.path().trim_start_matches('/'))?;
        Ok(Self {
            // Brackets belong to the URL, not to an IPv6 address.
            host: decode(host.trim_start_matches('[').trim_end_matches(']'))?,
            port: url.port().unwrap_or(DEFAULT_PORT),
            username: decode(url.username())?,
            password: url.password().map(decode).transpose()?.map(Password),
            sslmode: sslmode_of(&url)?,
            database,
        })
    }
}

/// Percent-decodes a part of a URL.
fn decode(part: &str) -> Result<String, String> {
    percent_encoding::percent_decode_str(part)
        .decode_utf8()
        .map(Cow::into_owned)
        .map_err(|_| "holds percent-encoded bytes that are no UTF-8".to_owned())
}

fn sslmode_of(url: &Url) -> Result<SslMode, String> {
    let mut sslmode = SslMode::default();
    for (key, value) in url.query_pairs() {
        if key != "sslmode" {
            return Err(format!("has the parameter {key}; only sslmode is known"));
        }
        sslmode = value
            .parse()
            .map_err(|_| format!("has sslmode {value}; known are disable, prefer and require"))?;
    }
    Ok(sslmode)
}

/// A source as stored.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = sources, check_for_backend(diesel::pg::Pg))]
pub struct Source {
    /// Identifier.
    pub id: SourceId,
    /// What people call it.
    pub name: String,
    host: String,
    port: i32,
    database: String,
    username: String,
    password: Option<Password>,
    sslmode: SslMode,
    /// What it can bear.
    pub limits: SourceLimits,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Source {
    /// How to reach it.
    pub fn connection(&self) -> ConnectionSettings {
        ConnectionSettings {
            host: self.host.clone(),
            // The table's CHECK keeps the port within 16 bits.
            port: self.port as u16,
            database: self.database.clone(),
            username: self.username.clone(),
            password: self.password.clone(),
            sslmode: self.sslmode,
        }
    }
}

/// A source to be stored.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = sources)]
pub struct NewSource {
    name: String,
    host: String,
    port: i32,
    database: String,
    username: String,
    // None leaves a stored password as it is, so that a client can send back what it was shown.
    password: Option<Password>,
    sslmode: SslMode,
    // Likewise.
    limits: Option<SourceLimits>,
}

impl NewSource {
    /// What it is said to bear, if that is said.
    pub fn limits(&self) -> Option<&SourceLimits> {
        self.limits.as_ref()
    }

    /// How to reach it, with the password of `stored` where it names none.
    pub fn connection(&self, stored: Option<&Source>) -> ConnectionSettings {
        let password = self.password.clone().or_else(|| stored.and_then(|stored| stored.password.clone()));
        ConnectionSettings {
            host: self.host.clone(),
            // It was a u16 when the request was read.
            port: self.port as u16,
            database: self.database.clone(),
            username: self.username.clone(),
            password,
            sslmode: self.sslmode,
        }
    }
}

/// What a client sends to create or replace a source: a URL, or its parts.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceRequest {
    /// What people call it.
    #[schema(example = "shop")]
    pub name: String,
    /// `postgres://user:password@host:5432/database?sslmode=require`, in place of the parts below.
    #[schema(value_type = Option<String>, format = Password)]
    pub url: Option<Password>,
    /// Host name or address.
    pub host: Option<String>,
    /// TCP port; 5432 unless given.
    pub port: Option<u16>,
    /// Database.
    pub database: Option<String>,
    /// User.
    pub username: Option<String>,
    /// Password. Left out when replacing a source, the stored one stays.
    pub password: Option<Password>,
    /// Whether the connection is encrypted; `prefer` unless given.
    pub sslmode: Option<SslMode>,
    /// What the source can bear. Left out when replacing a source, the stored limits stay; `{}` takes them off.
    pub limits: Option<SourceLimits>,
}

impl SourceRequest {
    /// The source to store, or what is wrong with the request.
    pub fn validate(self) -> Result<NewSource, Vec<FieldError>> {
        let mut errors = Vec::new();
        check_name(&self.name, &mut errors);
        let (name, limits) = (self.name.clone(), self.limits.clone());
        if let Some(limits) = &limits {
            limits.validate("limits.", &mut errors);
        }
        let connection = self.connection(&mut errors);
        match connection {
            Some(connection) if errors.is_empty() => Ok(NewSource {
                name,
                host: connection.host,
                port: connection.port.into(),
                database: connection.database,
                username: connection.username,
                password: connection.password,
                sslmode: connection.sslmode,
                limits,
            }),
            _ => Err(errors),
        }
    }

    fn connection(self, errors: &mut Vec<FieldError>) -> Option<ConnectionSettings> {
        let Some(url) = &self.url else {
            let connection = self.connection_from_parts();
            connection.validate("", errors);
            return Some(connection);
        };
        if self.host.is_some() || self.database.is_some() || self.username.is_some() {
            errors.push(FieldError::new("url", "give either the URL or its parts, not both"));
        }
        let connection = ConnectionSettings::from_url(url.reveal());
        let connection = connection.map_err(|message| errors.push(FieldError::new("url", message))).ok()?;
        let mut parts = Vec::new();
        connection.validate("", &mut parts);
        errors.extend(
            parts.into_iter().map(|part| FieldError::new("url", format!("{} {}", part.field, part.message))),
        );
        Some(connection)
    }

    fn connection_from_parts(self) -> ConnectionSettings {
        ConnectionSettings {
            host: self.host.unwrap_or_default(),
            port: self.port.unwrap_or(DEFAULT_PORT),
            database: self.database.unwrap_or_default(),
            username: self.username.unwrap_or_default(),
            password: self.password,
            sslmode: self.sslmode.unwrap_or_default(),
        }
    }
}

/// A source as clients see it: everything but the password.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SourceResponse {
    /// Identifier.
    pub id: SourceId,
    /// What people call it.
    pub name: String,
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: i32,
    /// Database.
    pub database: String,
    /// User.
    pub username: String,
    /// Whether the connection is encrypted.
    pub sslmode: SslMode,
    /// What it can bear.
    pub limits: SourceLimits,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl From<Source> for SourceResponse {
    fn from(source: Source) -> Self {
        Self {
            id: source.id,
            name: source.name,
            host: source.host,
            port: source.port,
            database: source.database,
            username: source.username,
            sslmode: source.sslmode,
            limits: source.limits,
            created_at: source.created_at,
            updated_at: source.updated_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart_and_decoded() {
        let settings =
            ConnectionSettings::from_url("postgresql://me:p%40%2Fss@[::1]:6432/my%20db?sslmode=require");
        let expected = ConnectionSettings {
            host: "::1".to_owned(),
            port: 6432,
            database: "my db".to_owned(),
            username: "me".to_owned(),
            password: Some(Password("p@/ss".to_owned())),
            sslmode: SslMode::Require,
        };
        assert_eq!(settings, Ok(expected));
    }

    #[test]
    fn a_url_that_cannot_be_used_says_why() {
        for (url, reason) in [
            ("mysql://h/d", "postgres://"),
            ("postgres:///d", "host"),
            ("postgres://h/d?sslmode=maybe", "sslmode"),
            ("postgres://h/d?options=x", "options"),
            ("nonsense", "URL"),
        ] {
            let message = ConnectionSettings::from_url(url).unwrap_err();
            assert!(message.contains(reason), "{url}: {message}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let settings = ConnectionSettings::from_url("postgres://me:hunter2@h/d").unwrap();
        assert!(!format!("{settings:?}").contains("hunter2"));
    }
}
