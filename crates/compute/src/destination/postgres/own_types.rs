//! The source's own types, made at the destination before the table that needs them.

use backfill_domain::catalog::OwnType;
use backfill_pg::Client;

use super::prepare::create_schema;
use crate::destination::DestinationError;

/// Makes those of the types that the destination has not. One that cannot be made, for want of a right or of what it
/// refers to, stays away: columns of it are made as text, or as what a domain is of.
pub(super) fn make(client: &mut Client, types: &[OwnType]) -> Result<(), DestinationError> {
    for own in types {
        let exists = "SELECT pg_catalog.to_regtype($1) IS NOT NULL";
        if client.query_one(exists, &[&own.name])?.get(0) {
            continue;
        }
        let made =
            create_schema(client, &own.schema).and_then(|()| Ok(client.batch_execute(&own.definition)?));
        match made {
            Err(error) if error.code().is_some() => {
                log::warn!("type {} cannot be made at the destination: {error}", own.name);
            }
            made => made?,
        }
    }
    Ok(())
}
