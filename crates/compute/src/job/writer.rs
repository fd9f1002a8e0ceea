//! A destination on a thread of its own.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use crossbeam_channel::{Receiver, Sender};

use crate::{
    columnar::Aside,
    destination::{Destination, DestinationError, Watermark},
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
    /// Prove that the destination holds the chunk's rows.
    Seal,
    /// Commit the chunk.
    Commit,
}

/// A writer's answer.
pub(crate) struct Reply {
    /// Its place among the job's destinations.
    pub(crate) writer: usize,
    /// How far the destination has come, or what failed. After a failure the writer is gone.
    pub(crate) result: Result<Watermark, DestinationError>,
    /// What of the chunk the destination does not hold as it was: in the answer to `Seal`.
    pub(crate) aside: Aside,
}

/// Does what `commands` say until they end or one fails. A chunk that was not committed by then is taken back.
pub(crate) fn write(
    writer: usize,
    destination: &mut dyn Destination,
    layout: &Arc<Layout>,
    commands: &Receiver<Command>,
    replies: &Sender<Reply>,
) {
    for command in commands {
        let answers = matches!(command, Command::Seal | Command::Commit);
        // A panic must not leave the others waiting for this one's answer.
        let result = catch_unwind(AssertUnwindSafe(|| obey(destination, layout, command)));
        let result = result.unwrap_or(Err(DestinationError::Panicked));
        let failed = result.is_err();
        if failed {
            destination.rollback();
        }
        if failed || answers {
            let aside = destination.take_aside();
            let result = result.map(|()| destination.watermark());
            if replies.send(Reply { writer, result, aside }).is_err() {
                break;
            }
        }
        if failed {
            return;
        }
    }
    destination.rollback();
}

fn obey(
    destination: &mut dyn Destination,
    layout: &Arc<Layout>,
    command: Command,
) -> Result<(), DestinationError> {
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
        Command::Seal => {
            destination.verify()?;
            failpoint("writer-sealed")?;
        }
        Command::Commit => destination.commit()?,
    }
    Ok(())
}
