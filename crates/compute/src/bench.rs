//! What the benchmarks reach: of the pure parts, with rows like those of an order book, in memory, as the source sends
//! them; and the queue.

mod claims;

use std::{error::Error, sync::Arc};

use backfill_domain::{
    catalog::{Column, DataType, Table, TableKind, TypeKind},
    options::ValuePolicy,
};
use duckdb::Connection;
use postgres::types::Type;

use crate::{
    columnar::{Decoder, Held},
    wire::{Batch, BatchReader, Checksum, HEADER, Layout, TRAILER},
};

pub use self::claims::{ClaimBench, ClaimRate};

/// As in a chunk of the daemon's.
const MAX_ROWS: usize = 10_000;

/// Rows `(id bigint PRIMARY KEY, customer integer, placed_at timestamp, amount numeric(10,2), status text)`.
pub struct Rows {
    stream: Vec<u8>,
    table: Table,
    held: Vec<Held>,
    layout: Arc<Layout>,
}

/// Rows that have been cut into batches.
pub struct Batches(Vec<Batch>);

impl Rows {
    /// So many of them.
    pub fn new(count: u32) -> Self {
        let table = orders();
        let held = table.columns.iter().map(|column| Held::new(&column.data_type, ValuePolicy::Fail));
        let held: Vec<_> = held.collect();
        let renditions: Vec<_> = held.iter().map(|held| held.rendition).collect();
        let layout = Arc::new(Layout::new(&table, &[&renditions]));
        let mut stream = HEADER.to_vec();
        (1..=count).for_each(|id| append(&mut stream, id));
        stream.extend(TRAILER);
        Self { stream, table, held, layout }
    }

    /// Bytes of the stream.
    pub fn bytes(&self) -> usize {
        self.stream.len()
    }

    /// Cuts the stream into batches of whole rows.
    ///
    /// # Errors
    /// When the stream is malformed.
    pub fn cut(&self) -> Result<Batches, Box<dyn Error>> {
        let mut reader = BatchReader::new(&self.stream[..], self.layout.width(), MAX_ROWS);
        let mut batches = Vec::new();
        while let Some(batch) = reader.next()? {
            batches.push(batch);
        }
        Ok(Batches(batches))
    }

    /// Decodes batches to Arrow, and tells how many rows that gave.
    ///
    /// # Errors
    /// When a value cannot be held.
    pub fn decode(&self, batches: &Batches) -> Result<usize, Box<dyn Error>> {
        let connection = Connection::open_in_memory()?;
        let mut decoder = Decoder::new(&self.table, &self.held, &self.layout);
        let mut rows = 0;
        for batch in &batches.0 {
            rows += decoder.decode(batch, &connection)?.iter().map(|record| record.num_rows()).sum::<usize>();
        }
        Ok(rows)
    }
}

impl Batches {
    /// Sums all rows up, and tells how many that were.
    pub fn checksum(&self) -> u64 {
        let mut checksum = Checksum::default();
        self.0.iter().flat_map(Batch::tuples).for_each(|tuple| checksum.add(tuple.bytes()));
        std::hint::black_box(checksum).rows
    }
}

fn orders() -> Table {
    let columns = [
        ("id", Type::INT8, -1),
        ("customer", Type::INT4, -1),
        ("placed_at", Type::TIMESTAMP, -1),
        ("amount", Type::NUMERIC, ((10 << 16) | 2) + 4),
        ("status", Type::TEXT, -1),
    ];
    Table {
        schema: "public".to_owned(),
        name: "orders".to_owned(),
        kind: TableKind::Table,
        estimated_rows: None,
        bytes: None,
        columns: columns.map(|(name, data_type, modifier)| column(name, &data_type, modifier)).into(),
        primary_key: vec!["id".to_owned()],
        indexes: Vec::new(),
    }
}

fn column(name: &str, data_type: &Type, modifier: i32) -> Column {
    let type_name = data_type.name().to_owned();
    Column {
        name: name.to_owned(),
        type_name: type_name.clone(),
        nullable: false,
        data_type: DataType {
            oid: data_type.oid(),
            name: type_name,
            modifier,
            kind: TypeKind::Base,
            element_oid: None,
        },
    }
}

/// A row on the wire: its columns, and the key's text behind them.
fn append(stream: &mut Vec<u8>, id: u32) {
    let digits = u16::try_from(id % 10_000).unwrap_or_default();
    // A numeric's header (two digits to the base of 10,000, weight 0, positive, scale 2), then the digits.
    let amount: Vec<u8> = [2, 0, 0, 2, digits, 5000].into_iter().flat_map(u16::to_be_bytes).collect();
    let key = id.to_string();
    let fields: [&[u8]; 6] = [
        &u64::from(id).to_be_bytes(),
        &(id % 100_003).to_be_bytes(),
        &(u64::from(id) * 7_000_000).to_be_bytes(),
        &amount,
        b"delivered",
        key.as_bytes(),
    ];
    stream.extend(6_u16.to_be_bytes());
    for field in fields {
        stream.extend(u32::try_from(field.len()).unwrap_or_default().to_be_bytes());
        stream.extend(field);
    }
}
