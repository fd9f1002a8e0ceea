//! The audit trail. Triggers write it; here it is read, and told who acts.

use backfill_domain::{
    audit::{ACTOR, ADDRESS, AuditAction, AuditEvent, AuditTarget, REQUEST_ID},
    schema::audit_events as trail,
};
use chrono::{DateTime, Utc};
use diesel::{
    PgConnection, QueryResult, helper_types::IntoBoxed, pg::Pg, prelude::*, sql_query, sql_types::Text,
};

use crate::{
    extract::{Actor, Page},
    listing::Listing,
};

/// Says who acts until the transaction ends.
pub(crate) fn sign(connection: &mut PgConnection, actor: &Actor) -> QueryResult<()> {
    sql_query("SELECT set_config($1, $2, true), set_config($3, $4, true), set_config($5, $6, true)")
        .bind::<Text, _>(ACTOR)
        .bind::<Text, _>(actor.name)
        .bind::<Text, _>(ADDRESS)
        .bind::<Text, _>(actor.address.as_deref().unwrap_or_default())
        .bind::<Text, _>(REQUEST_ID)
        .bind::<Text, _>(&actor.request_id)
        .execute(connection)?;
    Ok(())
}

/// Which events are asked for; `None`, and no action at all, is no condition.
#[derive(Default)]
pub(crate) struct EventFilter {
    pub(crate) actions: Vec<AuditAction>,
    pub(crate) target: Option<AuditTarget>,
    pub(crate) target_id: Option<i64>,
    pub(crate) actor: Option<String>,
    pub(crate) since: Option<DateTime<Utc>>,
}

impl EventFilter {
    fn query(&self) -> IntoBoxed<'static, trail::table, Pg> {
        let mut query = trail::table.into_boxed();
        if !self.actions.is_empty() {
            query = query.filter(trail::action.eq_any(self.actions.clone()));
        }
        if let Some(target) = self.target {
            query = query.filter(trail::target.eq(target));
        }
        if let Some(id) = self.target_id {
            query = query.filter(trail::target_id.eq(id));
        }
        if let Some(actor) = &self.actor {
            query = query.filter(trail::actor.eq(actor.clone()));
        }
        if let Some(since) = self.since {
            query = query.filter(trail::at.ge(since));
        }
        query
    }
}

/// In which order events are listed.
#[derive(Clone, Copy)]
pub(crate) enum EventOrder {
    OldestFirst,
    LatestFirst,
}

pub(crate) fn list(
    connection: &mut PgConnection,
    filter: &EventFilter,
    order: EventOrder,
    page: Page,
) -> QueryResult<Listing<AuditEvent>> {
    let total = filter.query().count().get_result(connection)?;
    let sorted = match order {
        EventOrder::OldestFirst => filter.query().order(trail::id),
        EventOrder::LatestFirst => filter.query().order(trail::id.desc()),
    };
    let items =
        sorted.offset(page.skip).limit(page.limit).select(AuditEvent::as_select()).load(connection)?;
    Ok(Listing { total, items })
}
