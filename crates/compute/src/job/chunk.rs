//! A chunk on its way, as the conductor sees it.

use std::{rc::Rc, sync::Arc};

use backfill_domain::id::DestinationId;

use crate::{columnar::Aside, memory::Turn, queue::Progress, source::ChunkRange, wire::Batch};

/// Writers of one lane.
#[derive(Clone)]
pub(super) struct Writers {
    pub(super) lane: usize,
    /// Which, by their places among the job's destinations.
    pub(super) at: Rc<[usize]>,
}

/// A chunk on its way.
pub(super) struct Chunk {
    /// Those that have not committed it in an earlier attempt.
    pub(super) writers: Writers,
    /// Those of them that take its rows.
    pub(super) takers: Writers,
    /// Whether it brings rows that were copied before.
    pub(super) catches_up: bool,
    pub(super) rows: i64,
    pub(super) bytes: i64,
    /// What it holds, and whether it is the last, once it is read.
    pub(super) end: Option<(ChunkRange, bool)>,
    /// What the writers that have proven it have set aside.
    pub(super) asides: Vec<(DestinationId, Aside)>,
    /// The job's turns at it, at wide rows among them: until it is committed.
    turns: Vec<Arc<Turn>>,
}

impl Chunk {
    /// One of which nothing is read yet.
    pub(super) fn new(writers: Writers, takers: Writers, catches_up: bool, turn: Option<Arc<Turn>>) -> Self {
        let turns = turn.into_iter().collect();
        Self { writers, takers, catches_up, rows: 0, bytes: 0, end: None, asides: Vec::new(), turns }
    }

    /// Takes note of rows that belong to it.
    pub(super) fn add(&mut self, batch: &Batch) {
        self.rows += batch.rows() as i64;
        self.bytes += batch.bytes().len() as i64;
        let is_new = |turn: &&Arc<Turn>| !self.turns.iter().any(|held| Arc::ptr_eq(held, turn));
        if let Some(turn) = batch.turn().filter(is_new) {
            self.turns.push(turn.clone());
        }
    }

    /// Whether it is read to its end.
    pub(super) fn is_read(&self) -> bool {
        self.end.is_some()
    }

    /// Whether all its writers have proven it.
    pub(super) fn is_proven(&self) -> bool {
        self.asides.len() == self.writers.at.len()
    }
}

/// A chunk that every destination has committed and that the queue has not been told of.
pub(super) struct Committed {
    pub(super) number: i64,
    pub(super) progress: Progress,
    /// Rows that each destination holds by now.
    pub(super) rows: Vec<(DestinationId, i64)>,
}
