//! A destination on a thread of its own.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use crossbeam_channel::{Receiver, Sender};

use crate::{
    columnar::Aside,
    destination::{Destination, DestinationError, Opening, Watermark},
    failpoint::failpoint,
    wire::{Batch, Layout},
};

/// What a writer is told to do. It answers `Seal` and `Commit`, and whatever fails.
#[derive(Clone)]
pub(crate) enum Command {
    /// Begin a chunk, of rows that were copied before if it catches up.
    Begin { number: i64, catches_up: bool },
    /// Take rows.
    Write(Arc<Batch>),
    /// All rows have come: do what need not wait for the chunk ahead of it.
    Complete,
    /// Let go of what others may wait for, until `Seal`.
    GiveWay,
    /// Prove that the destination holds the chunk's rows. All chunks before it are committed.
    Seal,
    /// Commit the chunk.
    Commit,
}

/// Where a writer is: on which lane, and at which of the job's destinations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) lane: usize,
    pub(crate) writer: usize,
}

/// A writer's answer.
pub(crate) struct Reply {
    pub(crate) from: Place,
    pub(crate) answer: Answer,
}

/// What a writer says.
pub(crate) enum Answer {
    /// Its handle has been opened. One that could not be opened is gone.
    Opened(Result<(), DestinationError>),
    /// The destination holds the chunk, but for these rows and values.
    Sealed(Aside),
    /// How far the destination has come.
    Committed(Watermark),
    /// What failed. The writer is gone.
    Failed(DestinationError),
}

/// What a writer writes to.
pub(crate) enum Handle<'a> {
    /// A destination.
    Open(&'a mut dyn Destination),
    /// One that the writer is to open first.
    Closed(Opening),
}

/// Does what `commands` say until they end or one fails. A chunk that was not committed by then is taken back.
pub(crate) fn write(
    from: Place,
    handle: Handle<'_>,
    layout: &Arc<Layout>,
    commands: &Receiver<Command>,
    replies: &Sender<Reply>,
) {
    // Who does not listen any more need not be told.
    let reply = |answer| replies.send(Reply { from, answer }).unwrap_or_default();
    match handle {
        Handle::Open(destination) => serve(destination, layout, commands, reply),
        Handle::Closed(opening) => {
            let open = || opening().and_then(|opened| Ok(failpoint("lane-opened").map(|()| opened)?));
            let opened = catch_unwind(AssertUnwindSafe(open));
            match opened.unwrap_or(Err(DestinationError::Panicked)) {
                Ok(mut destination) => {
                    reply(Answer::Opened(Ok(())));
                    serve(destination.as_mut(), layout, commands, reply);
                }
                Err(error) => reply(Answer::Opened(Err(error))),
            }
        }
    }
}

fn serve(
    destination: &mut dyn Destination,
    layout: &Arc<Layout>,
    commands: &Receiver<Command>,
    reply: impl Fn(Answer),
) {
    for command in commands {
        // A panic must not leave the others waiting for this one's answer.
        let answer = catch_unwind(AssertUnwindSafe(|| obey(destination, layout, command)));
        match answer.unwrap_or(Err(DestinationError::Panicked)) {
            Ok(answer) => answer.into_iter().for_each(&reply),
            Err(error) => {
                destination.rollback();
                return reply(Answer::Failed(error));
            }
        }
    }
    destination.rollback();
}

fn obey(
    destination: &mut dyn Destination,
    layout: &Arc<Layout>,
    command: Command,
) -> Result<Option<Answer>, DestinationError> {
    match command {
        Command::Begin { number, catches_up } => {
            destination.begin(number, layout)?;
            if catches_up {
                destination.expect_known_rows();
            }
            failpoint("writer-begun")?;
        }
        Command::Write(batch) => {
            destination.write(&batch)?;
            failpoint("writer-wrote")?;
        }
        Command::Complete => destination.complete()?,
        Command::GiveWay => {
            destination.give_way();
            failpoint("chunk-gave-way")?;
        }
        Command::Seal => {
            destination.verify()?;
            failpoint("writer-sealed")?;
            return Ok(Some(Answer::Sealed(destination.take_aside())));
        }
        Command::Commit => {
            destination.commit()?;
            return Ok(Some(Answer::Committed(destination.watermark())));
        }
    }
    Ok(None)
}
