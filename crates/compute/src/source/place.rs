//! Where in a plan a chunk is.

use backfill_domain::{
    chunk::Chunk,
    plan::{Plan, Strategy},
};

use crate::key::{Key, KeyChanged, KeyColumns};

/// A chunk whose range is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChunkRange {
    /// Place in the job's order, from 1.
    pub(crate) number: i64,
    /// Which of the plan's sections it is of, from 0.
    pub(crate) section: usize,
    /// Which of the section's rows are in it.
    pub(crate) bounds: Bounds,
}

/// Which rows of a section are in a chunk. A bound that is `None` is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Bounds {
    /// Those with `lower` < key <= `upper`. Without an upper bound only where there are no rows at all.
    Keys { lower: Option<Key>, upper: Option<Key> },
    /// Those on the pages from `lower` to before `upper`; without one, to the end of the section.
    Pages { lower: i64, upper: Option<i64> },
    /// All of them.
    Whole,
}

/// Where in its section a chunk begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Start {
    /// Behind this key, or at the first one.
    Key(Option<Key>),
    /// At this page.
    Page(i64),
    /// The section is one chunk.
    Whole,
}

/// The chunk to read next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NextChunk {
    /// One whose range was fixed by an earlier attempt: some destinations may have committed it.
    Again(ChunkRange),
    /// One that ends where its rows reach the chunk's size.
    New {
        /// Place in the job's order, from 1.
        number: i64,
        /// Which of the plan's sections it is of, from 0.
        section: usize,
        /// Where in that it begins.
        start: Start,
    },
}

impl NextChunk {
    /// Place in the job's order, from 1.
    pub(crate) fn number(&self) -> i64 {
        match self {
            Self::Again(range) => range.number,
            Self::New { number, .. } => *number,
        }
    }

    /// Which of the plan's sections it is of.
    pub(crate) fn section(&self) -> usize {
        match self {
            Self::Again(range) => range.section,
            Self::New { section, .. } => *section,
        }
    }

    /// The chunk with which a section begins; `None` behind the plan's last.
    pub(crate) fn first_of(plan: &Plan, section: usize, number: i64) -> Option<Self> {
        let start = match plan.sections.get(section)?.strategy {
            Strategy::KeyRanges => Start::Key(None),
            Strategy::PageRanges => Start::Page(0),
            Strategy::Stream | Strategy::CatchUp => Start::Whole,
        };
        Some(Self::New { number, section, start })
    }
}

impl ChunkRange {
    /// Reads a chunk of `plan` as the metadata database stores it.
    pub(crate) fn from_stored(chunk: &Chunk, plan: &Plan, key: &KeyColumns) -> Result<Self, KeyChanged> {
        let read =
            |stored: &Option<serde_json::Value>| stored.as_ref().map(|stored| key.read(stored)).transpose();
        let section = usize::try_from(chunk.section).unwrap_or(usize::MAX);
        let bounds = match plan.sections.get(section).ok_or(KeyChanged)?.strategy {
            Strategy::KeyRanges => {
                Bounds::Keys { lower: read(&chunk.lower_key)?, upper: read(&chunk.upper_key)? }
            }
            Strategy::PageRanges => {
                Bounds::Pages { lower: chunk.lower_page.unwrap_or_default(), upper: chunk.upper_page }
            }
            Strategy::Stream | Strategy::CatchUp => Bounds::Whole,
        };
        Ok(Self { number: chunk.number, section, bounds })
    }

    /// The same range, to be read anew: it may end elsewhere.
    pub(crate) fn anew(self) -> NextChunk {
        let start = match self.bounds {
            Bounds::Keys { lower, .. } => Start::Key(lower),
            Bounds::Pages { lower, .. } => Start::Page(lower),
            Bounds::Whole => Start::Whole,
        };
        NextChunk::New { number: self.number, section: self.section, start }
    }

    /// The chunk behind it; `None` behind the plan's last. Whether a range of keys was its section's last, reading on
    /// tells.
    pub(crate) fn next(self, plan: &Plan) -> Option<NextChunk> {
        let number = self.number + 1;
        let start = match self.bounds {
            Bounds::Keys { upper: Some(upper), .. } => Start::Key(Some(upper)),
            Bounds::Pages { upper: Some(upper), .. } => Start::Page(upper),
            _ => return NextChunk::first_of(plan, self.section + 1, number),
        };
        Some(NextChunk::New { number, section: self.section, start })
    }
}
