//! What a row costs the daemon before any destination sees it: to be cut out of the stream, summed up, decoded.
//!
//! `cargo bench --workspace --features backfill-compute/bench --bench rows`

#![allow(clippy::unwrap_used, reason = "a benchmark that fails shall stop")]

use backfill_compute::bench::Rows;
use divan::{
    Bencher, black_box,
    counter::{BytesCount, ItemsCount},
};

const COUNT: u32 = 100_000;

fn main() {
    divan::main();
}

#[divan::bench]
fn cut_a_stream_into_batches(bencher: Bencher) {
    let rows = Rows::new(COUNT);
    counted(bencher, &rows).bench_local(|| rows.cut().unwrap());
}

#[divan::bench]
fn sum_rows_up(bencher: Bencher) {
    let rows = Rows::new(COUNT);
    let batches = rows.cut().unwrap();
    counted(bencher, &rows).bench_local(|| assert_eq!(black_box(&batches).checksum(), u64::from(COUNT)));
}

#[divan::bench]
fn decode_rows_to_arrow(bencher: Bencher) {
    let rows = Rows::new(COUNT);
    let batches = rows.cut().unwrap();
    counted(bencher, &rows)
        .bench_local(|| assert_eq!(rows.decode(black_box(&batches)).unwrap(), COUNT as usize));
}

/// Tells rows and bytes a second beside the time.
fn counted<'a, 'b>(bencher: Bencher<'a, 'b>, rows: &Rows) -> Bencher<'a, 'b> {
    bencher.counter(ItemsCount::new(COUNT)).counter(BytesCount::new(rows.bytes()))
}
