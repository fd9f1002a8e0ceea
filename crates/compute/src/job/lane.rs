//! Lanes: each is one handle on every destination, with a thread of its own. Chunks that travel on two lanes do not wait
//! for each other, but to be committed.

use std::{
    sync::Arc,
    thread::{Scope, ScopedJoinHandle},
};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use super::writer::{Command, Handle, Place, Reply, write};
use crate::{
    destination::{Destination, Opening},
    wire::Layout,
};

/// Commands that may wait for a writer of the only lane, and of one of two. With two, a chunk waits for its writer in
/// whole while the one ahead of it is written.
const ALONE: usize = 3;
const BESIDE: usize = 16;

/// One handle on every destination.
pub(super) struct Lane {
    /// What its writers are told, in the order of the job's destinations.
    pub(super) writers: Vec<Sender<Command>>,
    /// Writers whose handle is not open yet. A lane of which one cannot be opened is never open.
    pub(super) closed: usize,
}

/// The lanes of a job, and the threads in which they are written.
pub(super) struct Lanes<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    layout: Arc<Layout>,
    replies: Sender<Reply>,
    lanes: Vec<Lane>,
    /// What opens one more, if every destination allows that.
    spare: Option<Vec<Opening>>,
    threads: Vec<ScopedJoinHandle<'scope, ()>>,
}

impl<'scope, 'env> Lanes<'scope, 'env> {
    /// Whether a job with these destinations may have two lanes.
    pub(super) fn are_two(destinations: &[Box<dyn Destination>]) -> bool {
        destinations.iter().all(|destination| destination.lane().is_some())
    }

    /// The first lane, and where all writers reply.
    pub(super) fn new(
        scope: &'scope Scope<'scope, 'env>,
        layout: &Arc<Layout>,
        destinations: &'scope mut [Box<dyn Destination>],
    ) -> (Self, Receiver<Reply>) {
        let (replies, heard) = unbounded();
        let spare = destinations.iter().map(|destination| destination.lane()).collect();
        let (lanes, threads) = (Vec::new(), Vec::new());
        let mut lanes = Self { scope, layout: layout.clone(), replies, lanes, spare, threads };
        let handles = destinations.iter_mut().map(|destination| Handle::Open(destination.as_mut()));
        lanes.add(handles.collect(), 0);
        (lanes, heard)
    }

    /// Opens one more lane, if there is one that has not been opened. It can be used once its writers have said so.
    pub(super) fn open_spare(&mut self) -> bool {
        let Some(openings) = self.spare.take() else { return false };
        let closed = openings.len();
        self.add(openings.into_iter().map(Handle::Closed).collect(), closed);
        true
    }

    fn add(&mut self, handles: Vec<Handle<'scope>>, closed: usize) {
        let has_second = self.spare.is_some() || !self.lanes.is_empty();
        let lane = self.lanes.len();
        let mut writers = Vec::with_capacity(handles.len());
        for (writer, handle) in handles.into_iter().enumerate() {
            let (sender, commands) = bounded(if has_second { BESIDE } else { ALONE });
            let (layout, replies) = (self.layout.clone(), self.replies.clone());
            let write = move || write(Place { lane, writer }, handle, &layout, &commands, &replies);
            self.threads.push(self.scope.spawn(write));
            writers.push(sender);
        }
        self.lanes.push(Lane { writers, closed });
    }

    /// The lane with this number.
    pub(super) fn lane(&self, lane: usize) -> &Lane {
        &self.lanes[lane]
    }

    /// Notes that one of a lane's writers is open.
    pub(super) fn note_open(&mut self, lane: usize) {
        self.lanes[lane].closed -= 1;
    }

    /// The first open lane that is not `taken`.
    pub(super) fn free(&self, taken: impl Fn(usize) -> bool) -> Option<usize> {
        (0..self.lanes.len()).find(|lane| self.lanes[*lane].closed == 0 && !taken(*lane))
    }

    /// Ends the lanes; their threads follow.
    pub(super) fn close(self) -> Vec<ScopedJoinHandle<'scope, ()>> {
        self.threads
    }
}
