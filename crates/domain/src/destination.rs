//! A destination: a place that a table's history is copied to.

use std::{ops::RangeInclusive, path::Path};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize, de::Error as _};
use utoipa::ToSchema;

use crate::{
    id::DestinationId,
    schema::destinations,
    secret::{self, SecretError},
    source::{ConnectionSettings, Password, SslMode, default_port},
    text_enum::text_enum,
    validation::{FieldError, check_name, check_not_empty, check_text},
};

text_enum! {
    "lowercase",
    /// What kind of place a destination is.
    pub enum DestinationKind {
        /// Another PostgreSQL.
        Postgres,
        /// A DuckDB database file.
        DuckDb,
        /// Parquet files below a folder.
        Parquet,
    }
}

/// What kind of place a destination is, and how to reach it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(tag = "type", content = "config", rename_all = "lowercase")]
pub enum DestinationSettings {
    /// Another PostgreSQL.
    Postgres(PostgresSettings),
    /// A DuckDB database file.
    DuckDb(DuckDbSettings),
    /// Parquet files below a folder.
    Parquet(ParquetSettings),
}

/// How to reach a PostgreSQL destination.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostgresSettings {
    /// Host name or address.
    pub host: String,
    /// TCP port; 5432 unless given.
    #[serde(default = "default_port")]
    pub port: u16,
    /// Database.
    pub database: String,
    /// User.
    pub username: String,
    /// Password. Left out when replacing a destination, the stored one stays.
    pub password: Option<Password>,
    /// Schema of the tables; `public` unless given.
    #[serde(default = "public")]
    pub schema: String,
    /// Whether the connection is encrypted; `prefer` unless given.
    #[serde(default)]
    pub sslmode: SslMode,
    /// Rows that a chunk has at most, as `BACKFILL_BATCH_SIZE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 10_000_000)]
    pub batch_rows: Option<u32>,
    /// Bytes after which a chunk ends; 16 MiB unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 65536, maximum = 268_435_456)]
    pub batch_bytes: Option<u64>,
}

impl PostgresSettings {
    /// How to connect.
    pub fn connection(&self) -> ConnectionSettings {
        ConnectionSettings {
            host: self.host.clone(),
            port: self.port,
            database: self.database.clone(),
            username: self.username.clone(),
            password: self.password.clone(),
            sslmode: self.sslmode,
        }
    }
}

fn public() -> String {
    "public".to_owned()
}

/// Where a DuckDB destination's file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DuckDbSettings {
    /// Absolute path of the file; made when absent.
    #[schema(example = "/data/dwh.duckdb")]
    pub path: String,
    /// Schema of the tables; `main` unless given.
    #[serde(default = "main_schema")]
    pub schema: String,
    /// Rows that a chunk has at most, as `BACKFILL_BATCH_SIZE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 10_000_000)]
    pub batch_rows: Option<u32>,
    /// Bytes after which a chunk ends; 28 MiB unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 65536, maximum = 268_435_456)]
    pub batch_bytes: Option<u64>,
}

fn main_schema() -> String {
    "main".to_owned()
}

/// Where a Parquet destination's files are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ParquetSettings {
    /// Absolute path of a folder; made when absent.
    #[schema(example = "/data/lake")]
    pub path: String,
    /// Rows that a chunk has at most, as `BACKFILL_BATCH_SIZE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 10_000_000)]
    pub batch_rows: Option<u32>,
    /// Bytes after which a chunk ends; 28 MiB unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 65536, maximum = 268_435_456)]
    pub batch_bytes: Option<u64>,
}

impl DestinationSettings {
    /// Whether a row can be written again that is there already. Parquet's files are written once.
    pub fn takes_changes(&self) -> bool {
        !matches!(self, Self::Parquet(_))
    }

    /// Rows that it wants a chunk to have at most, if it was told.
    pub fn batch_rows(&self) -> Option<u32> {
        self.batch().0
    }

    /// Bytes after which it wants a chunk to end: what it must hold at once stays bounded, whatever a row's width. A
    /// columnar destination holds them several times over.
    pub fn batch_bytes(&self) -> u64 {
        self.batch().1.unwrap_or(match self {
            Self::Postgres(_) => 16 << 20,
            Self::DuckDb(_) | Self::Parquet(_) => 28 << 20,
        })
    }

    fn batch(&self) -> (Option<u32>, Option<u64>) {
        match self {
            Self::Postgres(PostgresSettings { batch_rows, batch_bytes, .. })
            | Self::DuckDb(DuckDbSettings { batch_rows, batch_bytes, .. })
            | Self::Parquet(ParquetSettings { batch_rows, batch_bytes, .. }) => (*batch_rows, *batch_bytes),
        }
    }

    fn validate(&self, errors: &mut Vec<FieldError>) {
        let (rows, bytes) = self.batch();
        check_range("config.batch_rows", rows.map(u64::from), BATCH_ROWS, errors);
        check_range("config.batch_bytes", bytes, BATCH_BYTES, errors);
        match self {
            Self::Postgres(settings) => {
                settings.connection().validate("config.", errors);
                check_not_empty("config.schema", &settings.schema, errors);
            }
            Self::DuckDb(settings) => {
                check_path(&settings.path, errors);
                check_not_empty("config.schema", &settings.schema, errors);
            }
            Self::Parquet(settings) => check_path(&settings.path, errors),
        }
    }

    /// The settings as the metadata database stores them, with the password encrypted.
    ///
    /// # Errors
    /// If it cannot be.
    pub fn to_stored(&self) -> Result<serde_json::Value, SecretError> {
        let mut stored = self.to_shown();
        if let Self::Postgres(PostgresSettings { password: Some(password), .. }) = self {
            stored["config"]["password"] = secret::seal(password.reveal())?.into();
        }
        Ok(stored)
    }

    fn from_stored(mut stored: serde_json::Value) -> Result<Self, serde_json::Error> {
        if let Some(serde_json::Value::String(password)) = stored.pointer_mut(secret::PASSWORD) {
            *password = secret::open(password).map_err(serde_json::Error::custom)?;
        }
        Self::deserialize(stored)
    }

    /// The settings as clients see them: everything but the password.
    pub fn to_shown(&self) -> serde_json::Value {
        match self {
            Self::Postgres(PostgresSettings {
                host,
                port,
                database,
                username,
                password: _,
                schema,
                sslmode,
                batch_rows,
                batch_bytes,
            }) => {
                let mut shown = serde_json::json!({"type": "postgres", "config": {
                    "host": host, "port": port, "database": database, "username": username,
                    "schema": schema, "sslmode": sslmode,
                }});
                batch_rows.iter().for_each(|rows| shown["config"]["batch_rows"] = (*rows).into());
                batch_bytes.iter().for_each(|bytes| shown["config"]["batch_bytes"] = (*bytes).into());
                shown
            }
            Self::DuckDb(settings) => serde_json::json!({"type": "duckdb", "config": settings}),
            Self::Parquet(settings) => serde_json::json!({"type": "parquet", "config": settings}),
        }
    }

    /// Whether a table copied to both would be one and the same table, or folder of files.
    pub fn is_same_place(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Postgres(one), Self::Postgres(two)) => {
                let place = |of: &PostgresSettings| {
                    (of.host.clone(), of.port, of.database.clone(), of.schema.clone())
                };
                place(one) == place(two)
            }
            (Self::DuckDb(one), Self::DuckDb(two)) => {
                one.schema == two.schema && is_same_path(&one.path, &two.path)
            }
            (Self::Parquet(one), Self::Parquet(two)) => is_same_path(&one.path, &two.path),
            _ => false,
        }
    }

    /// Takes the password over from `stored` where a replacing request left it out.
    pub fn keep_password_of(&mut self, stored: &Self) {
        if let (Self::Postgres(new), Self::Postgres(old)) = (self, stored)
            && new.password.is_none()
        {
            new.password.clone_from(&old.password);
        }
    }
}

/// What a destination may be told of its chunks' rows and bytes.
const BATCH_ROWS: RangeInclusive<u64> = 1..=10_000_000;
const BATCH_BYTES: RangeInclusive<u64> = 64 << 10..=256 << 20;

fn check_range(field: &str, value: Option<u64>, range: RangeInclusive<u64>, errors: &mut Vec<FieldError>) {
    if value.is_some_and(|value| !range.contains(&value)) {
        errors.push(FieldError::new(field, format!("must be from {} to {}", range.start(), range.end())));
    }
}

/// Whether two paths are the same but for doubled and trailing slashes.
fn is_same_path(one: &str, two: &str) -> bool {
    Path::new(one).components().eq(Path::new(two).components())
}

/// Daemons run in folders of their own: a path must mean the same to each of them.
fn check_path(path: &str, errors: &mut Vec<FieldError>) {
    check_text("config.path", path, errors);
    if path.starts_with("s3://") {
        errors.push(FieldError::new("config.path", "S3 is not supported yet: give a folder"));
    } else if !path.starts_with('/') {
        errors.push(FieldError::new("config.path", "must be an absolute path"));
    } else if path.split('/').any(|part| part == "..") {
        errors.push(FieldError::new("config.path", "must not step out of a folder with .."));
    }
}

/// A destination as stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = destinations, check_for_backend(diesel::pg::Pg))]
pub struct Destination {
    /// Identifier.
    pub id: DestinationId,
    /// What people call it.
    pub name: String,
    settings: serde_json::Value,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Destination {
    /// How to reach it.
    ///
    /// # Errors
    /// If the stored settings are none that this version knows.
    pub fn settings(&self) -> Result<DestinationSettings, serde_json::Error> {
        DestinationSettings::from_stored(self.settings.clone())
    }
}

/// What a client sends to create or replace a destination.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct DestinationRequest {
    /// What people call it.
    #[schema(example = "dwh")]
    pub name: String,
    /// What kind of place it is, and how to reach it.
    #[serde(flatten)]
    pub settings: DestinationSettings,
}

impl DestinationRequest {
    /// What is wrong with the request.
    pub fn validate(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        check_name(&self.name, &mut errors);
        self.settings.validate(&mut errors);
        errors
    }
}

/// A destination as clients see it: everything but the password.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DestinationResponse {
    /// Identifier.
    pub id: DestinationId,
    /// What people call it.
    pub name: String,
    /// `type` and `config`, the password left out.
    #[serde(flatten)]
    #[schema(value_type = DestinationSettings)]
    pub settings: serde_json::Value,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl DestinationResponse {
    /// The client's view of `destination`.
    ///
    /// # Errors
    /// If the stored settings are none that this version knows.
    pub fn new(destination: Destination) -> Result<Self, serde_json::Error> {
        Ok(Self {
            settings: destination.settings()?.to_shown(),
            id: destination.id,
            name: destination.name,
            created_at: destination.created_at,
            updated_at: destination.updated_at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Keys;

    fn request(json: serde_json::Value) -> DestinationRequest {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn settings_come_back_from_storage_as_they_were() {
        let request = request(serde_json::json!({"name": "dwh", "type": "postgres", "config":
            {"host": "h", "database": "d", "username": "u", "password": "p"}}));
        Keys::parse("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap().install();
        let stored = request.settings.to_stored().unwrap();
        assert!(stored["config"]["password"].as_str().unwrap().starts_with("sealed:"), "{stored}");
        assert_eq!(DestinationSettings::from_stored(stored).unwrap(), request.settings);
        assert!(!request.settings.to_shown().to_string().contains("password"));
    }

    #[test]
    fn a_place_is_the_same_however_it_is_written() {
        let parquet = |path: &str| {
            let json = serde_json::json!({"type": "parquet", "config": {"path": path}});
            DestinationSettings::deserialize(json).unwrap()
        };
        assert!(parquet("/data/lake").is_same_place(&parquet("/data//lake/")));
        assert!(!parquet("/data/lake").is_same_place(&parquet("/data/lake2")));
        let duckdb = |schema: &str| {
            let json = serde_json::json!({"type": "duckdb", "config": {"path": "/data/x", "schema": schema}});
            DestinationSettings::deserialize(json).unwrap()
        };
        assert!(!duckdb("main").is_same_place(&duckdb("other")));
    }

    #[test]
    fn chunks_are_as_large_as_a_destination_wants_within_bounds() {
        let lake = |rows: u64, bytes: u64| {
            let config = serde_json::json!({"path": "/data/lake", "batch_rows": rows, "batch_bytes": bytes});
            request(serde_json::json!({"name": "lake", "type": "parquet", "config": config}))
        };
        let taken = lake(500, 1 << 20);
        assert_eq!((taken.settings.batch_rows(), taken.settings.batch_bytes()), (Some(500), 1 << 20));
        assert_eq!(taken.validate(), []);
        assert_eq!(
            DestinationSettings::from_stored(taken.settings.to_stored().unwrap()).unwrap(),
            taken.settings
        );
        let fields = |request: DestinationRequest| {
            request.validate().into_iter().map(|error| error.field).collect::<Vec<_>>()
        };
        assert_eq!(fields(lake(0, 1)), ["config.batch_rows", "config.batch_bytes"]);
        assert_eq!(fields(lake(1 << 30, 1 << 30)), ["config.batch_rows", "config.batch_bytes"]);
    }

    #[test]
    fn a_path_must_be_absolute_and_stay_where_it_is() {
        for path in ["", "data", "s3://bucket/x", "/data/../etc", "/a\0b"] {
            let request =
                request(serde_json::json!({"name": "lake", "type": "parquet", "config": {"path": path}}));
            assert!(!request.validate().is_empty(), "{path:?} was taken");
        }
    }
}
