//! Connection tests.

use backfill_domain::{
    connection_test::{DestinationTest, SourceTest},
    destination::PostgresSettings,
    limits::SourceLimits,
    source::ConnectionSettings,
};

use crate::{Client, connect::connect, error::PgError};

/// The oldest PostgreSQL that is supported, as `server_version_num` counts.
const OLDEST_VERSION: i32 = 140_000;

const SERVER: &str = "
    SELECT pg_catalog.current_setting('server_version'), pg_catalog.current_setting('server_version_num')::int,
           pg_catalog.pg_is_in_recovery(),
           (SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid())";

const READABLE: &str = "
    SELECT pg_catalog.count(*),
           pg_catalog.count(*) FILTER (
               WHERE pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT'))
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'";

const MAY_LOOK: &str = "SELECT pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')";

const MAY_CREATE: &str = "
    SELECT (SELECT pg_catalog.has_schema_privilege(oid, 'CREATE') FROM pg_catalog.pg_namespace WHERE nspname = $1),
           pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'),
           pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMPORARY')";

struct Server {
    version: String,
    version_number: i32,
    is_replica: bool,
    encrypted: Option<bool>,
}

fn server(client: &mut Client) -> Result<Server, PgError> {
    let row = client.query_one(SERVER, &[])?;
    Ok(Server {
        version: row.get(0),
        version_number: row.get(1),
        is_replica: row.get(2),
        encrypted: row.get(3),
    })
}

fn too_old(server: &Server) -> Option<String> {
    let old = server.version_number < OLDEST_VERSION;
    old.then(|| format!("PostgreSQL {} is too old: 14 is the oldest supported", server.version))
}

/// Tests whether a backfill could read from the PostgreSQL at `settings` within `limits`.
pub fn probe_source(settings: &ConnectionSettings, limits: &SourceLimits) -> SourceTest {
    read_source(settings, limits)
        .unwrap_or_else(|error| SourceTest { missing: vec![error.to_string()], ..Default::default() })
}

fn read_source(settings: &ConnectionSettings, limits: &SourceLimits) -> Result<SourceTest, PgError> {
    let mut client = connect(settings, "backfill test")?;
    let server = server(&mut client)?;
    let row = client.query_one(READABLE, &[])?;
    let (tables, readable): (i64, i64) = (row.get(0), row.get(1));
    let mut missing: Vec<_> = too_old(&server).into_iter().collect();
    if readable < tables {
        let unreadable = tables - readable;
        missing.push(format!(
            "user {} may not read {unreadable} of {tables} tables: GRANT USAGE on their schemas and SELECT on them",
            settings.username
        ));
    }
    if limits.back_off.needs_monitor() && !client.query_one(MAY_LOOK, &[])?.get::<_, bool>(0) {
        missing.push(format!(
            "user {} may not look at what back_off limits, and jobs would wait for ever: GRANT pg_monitor to it",
            settings.username
        ));
    }
    Ok(SourceTest {
        reachable: true,
        version: Some(server.version),
        is_replica: Some(server.is_replica),
        encrypted: server.encrypted,
        tables: Some(tables),
        readable_tables: Some(readable),
        missing,
    })
}

/// Tests whether a backfill could write to the PostgreSQL at `settings`.
pub fn probe_destination(settings: &PostgresSettings) -> DestinationTest {
    read_destination(settings)
        .unwrap_or_else(|error| DestinationTest { missing: vec![error.to_string()], ..Default::default() })
}

fn read_destination(settings: &PostgresSettings) -> Result<DestinationTest, PgError> {
    let mut client = connect(&settings.connection(), "backfill test")?;
    let server = server(&mut client)?;
    let row = client.query_one(MAY_CREATE, &[&settings.schema])?;
    let (in_schema, in_database, temporary): (Option<bool>, bool, bool) =
        (row.get(0), row.get(1), row.get(2));
    let (user, schema) = (&settings.username, &settings.schema);
    let mut missing: Vec<_> = too_old(&server).into_iter().collect();
    if server.is_replica {
        missing.push("the server is a replica and takes no writes: name its primary".to_owned());
    }
    if !temporary {
        missing.push(format!("user {user} may not make temporary tables: GRANT TEMPORARY on the database"));
    }
    match (in_schema, in_database) {
        (Some(false), _) => {
            missing.push(format!("user {user} may not create tables in schema {schema}: GRANT CREATE"))
        }
        (None, false) => {
            missing.push(format!("schema {schema} does not exist, and user {user} may not create it"))
        }
        (Some(true), _) | (None, true) => {}
    }
    Ok(DestinationTest { reachable: true, version: Some(server.version), missing })
}
