//! Where a table's Parquet files are, and what they are called.

use std::path::{Path, PathBuf};

use crate::table::TableName;

/// What a part's name begins with.
const PART: &str = "part-";

/// The folder, below a destination's `path`, of the source's `table`; each job has one of its own in it.
pub fn table_folder(path: &str, table: &TableName) -> PathBuf {
    Path::new(path).join(format!("{}.{}", encoded(&table.schema), encoded(&table.table)))
}

/// The name of the folder of a job's parts; an `id` may stand for any.
pub fn job_folder(id: impl std::fmt::Display) -> String {
    format!("job-{id}")
}

/// The name of a chunk's part; a chunk that comes in pieces has many.
pub fn part_name(chunk: i64, piece: Option<usize>) -> String {
    match piece {
        None => format!("{PART}{chunk:06}.parquet"),
        Some(piece) => format!("{PART}{chunk:06}-{piece:04}.parquet"),
    }
}

/// The chunk that a part of this name belongs to; `None` for other files.
pub fn chunk_of(name: &str) -> Option<i64> {
    let number = name.strip_prefix(PART)?.strip_suffix(".parquet")?;
    number.split('-').next()?.parse().ok()
}

/// A name as part of a path: everything but ASCII letters, digits, `_` and `-` percent-encoded. No name thus leaves
/// its folder, and none has a dot.
fn encoded(name: &str) -> String {
    let characters = name.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    });
    characters.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leaves_its_folder() {
        assert_eq!(encoded("orders_2024-Q1"), "orders_2024-Q1");
        assert_eq!(encoded("../a.b/ü%"), "%2E%2E%2Fa%2Eb%2F%C3%BC%25");
        assert_eq!(encoded("a*[b]?"), "a%2A%5Bb%5D%3F");
    }

    #[test]
    fn a_part_says_which_chunk_it_belongs_to() {
        assert_eq!(part_name(7, None), "part-000007.parquet");
        assert_eq!(part_name(1, Some(12)), "part-000001-0012.parquet");
        for name in [part_name(12_345_678, None), part_name(12_345_678, Some(99_999))] {
            assert_eq!(chunk_of(&name), Some(12_345_678));
        }
        for name in ["part-x.parquet", "part-000001.csv", ".part-000001.parquet.tmp-1", "notes.txt"] {
            assert_eq!(chunk_of(name), None, "{name}");
        }
    }
}
