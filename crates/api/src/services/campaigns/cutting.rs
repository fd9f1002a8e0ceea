//! The tables of a campaign, held against the source and cut into windows.

use backfill_domain::{
    campaign::{CampaignTable, Cut, MAX_WINDOWS, PlacedWindow, TableRequest, Window},
    catalog::Table,
    filter,
    id::{CampaignId, PipelineId},
    job::{BackfillRequest, NewJob, WriteMode},
    source::Source,
    validation::FieldError,
};
use serde_json::{Map, Value};

use crate::{
    error::ApiError,
    extract::deserialize,
    services::{
        backfill::{filter_sql, new_job},
        inspection::{Inspected, inspect},
        remote::connect,
    },
};

/// A table that the source has found nothing wrong with.
pub(super) struct Inspection {
    request: BackfillRequest,
    inspected: Inspected,
    whole: NewJob,
}

impl Inspection {
    /// Asks the source about a request for a backfill of a whole table, as if it were for a job of its own.
    pub(super) fn of(
        pipeline: PipelineId,
        source: &Source,
        request: &Map<String, Value>,
    ) -> Result<Self, ApiError> {
        let request = deserialize::<BackfillRequest>(Value::Object(request.clone()));
        let request = request.map_err(|error| ApiError::Invalid(vec![error]))?;
        if request.write_mode == Some(WriteMode::Replace) {
            let message =
                "replaces the rows of the whole table, and a window has but some of them: use upsert";
            return Err(ApiError::field("write_mode", message));
        }
        let inspected = inspect(&source.connection(), &request)?;
        let whole = new_job(pipeline, source, &request, &inspected)?;
        Ok(Self { request, inspected, whole })
    }

    /// How its rows are written.
    pub(super) fn write_mode(&self) -> WriteMode {
        self.whole.write_mode
    }

    /// The job for a window of `column`.
    pub(super) fn job(
        &self,
        campaign: CampaignId,
        column: &str,
        placed: &PlacedWindow,
    ) -> Result<NewJob, ApiError> {
        let filters = [self.request.filters.clone(), placed.window.filters(column)].concat();
        let conditions = filter::bind(&filters, &self.inspected.table).map_err(ApiError::Invalid)?;
        Ok(NewJob {
            filters: serde_json::to_value(&filters)?,
            filter_sql: filter_sql(&conditions),
            campaign_id: Some(campaign),
            campaign_position: Some(placed.position),
            ..self.whole.clone()
        })
    }

    fn is_same(&self, other: &Self) -> bool {
        self.whole.table_name == other.whole.table_name && self.whole.filters == other.whole.filters
    }
}

/// A table of a new campaign, and its windows.
pub(super) struct CutTable {
    pub(super) table: CampaignTable,
    pub(super) inspection: Inspection,
    pub(super) windows: Vec<Window>,
}

/// Holds the tables that are asked for against the source, and cuts them.
pub(super) fn cut_tables(
    pipeline: PipelineId,
    source: &Source,
    asked: &[TableRequest],
    cut: &Cut,
) -> Result<Vec<CutTable>, ApiError> {
    let mut tables: Vec<CutTable> = Vec::with_capacity(asked.len());
    for request in asked {
        let table = cut_table(pipeline, source, request, cut)?;
        if tables.iter().any(|other| other.inspection.is_same(&table.inspection)) {
            let message = format!("{} with these filters is there twice", table.table.table_name);
            return Err(ApiError::field(&format!("{}table_name", request.path), message));
        }
        tables.push(table);
    }
    let count: usize = tables.iter().map(|table| table.windows.len()).sum();
    if count > MAX_WINDOWS {
        let (field, hint) = match cut {
            Cut::Window(_) => ("window", "choose a longer unit or a shorter period"),
            Cut::Ranges(_) => ("ranges.count", "choose fewer ranges"),
        };
        let message = format!("makes more than {MAX_WINDOWS} windows of all tables together: {hint}");
        return Err(ApiError::field(field, message));
    }
    Ok(tables)
}

fn cut_table(
    pipeline: PipelineId,
    source: &Source,
    asked: &TableRequest,
    cut: &Cut,
) -> Result<CutTable, ApiError> {
    let inspection =
        Inspection::of(pipeline, source, &asked.request).map_err(|error| at(&asked.path, error))?;
    let table = &inspection.inspected.table;
    let column = match cut {
        Cut::Window(window) => window_column(asked, &window.column, table)?,
        Cut::Ranges(_) => key_column(asked, table)?,
    };
    let windows = match cut {
        Cut::Window(window) => {
            let column = table.column(&column).ok_or_else(|| no_column("window.column", &column, table))?;
            window.cut(column, MAX_WINDOWS).map_err(ApiError::Invalid)?
        }
        Cut::Ranges(ranges) => {
            let mut client = connect(&source.connection())?;
            Window::between(&backfill_pg::cuts(&mut client, table, &column, ranges.count)?)
        }
    };
    let table = CampaignTable {
        table_name: inspection.whole.table_name.clone(),
        column,
        request: asked.request.clone(),
    };
    Ok(CutTable { table, inspection, windows })
}

fn window_column(asked: &TableRequest, usual: &str, table: &Table) -> Result<String, ApiError> {
    let (field, name) = match &asked.window_column {
        None => ("window.column".to_owned(), usual),
        Some(own) => {
            let field = format!("{}window_column", asked.path);
            let name = own.as_str().ok_or_else(|| ApiError::field(&field, "must be the name of a column"))?;
            (field, name)
        }
    };
    let found = table.column(name).ok_or_else(|| no_column(&field, name, table))?;
    Ok(found.name.clone())
}

fn no_column(field: &str, name: &str, table: &Table) -> ApiError {
    ApiError::field(field, format!("{} has no column {name:?}", table.table_name()))
}

fn key_column(asked: &TableRequest, table: &Table) -> Result<String, ApiError> {
    if asked.window_column.is_some() {
        let message = "is for windows: ranges are those of the primary key";
        return Err(ApiError::field(&format!("{}window_column", asked.path), message));
    }
    table.primary_key.first().cloned().ok_or_else(|| {
        let message =
            format!("{} has no primary key to cut ranges by: use window, or a job", table.table_name());
        ApiError::field(&format!("{}table_name", asked.path), message)
    })
}

/// Says of a table's bad fields where in the campaign's request they are.
fn at(path: &str, error: ApiError) -> ApiError {
    let moved = |error: FieldError| FieldError::new(format!("{path}{}", error.field), error.message);
    match error {
        ApiError::Invalid(errors) => ApiError::Invalid(errors.into_iter().map(moved).collect()),
        error => error,
    }
}
