//! The stream of a `COPY … TO STDOUT`.

use std::{
    collections::VecDeque,
    future::poll_fn,
    io::{self, BufRead, Read},
    pin::Pin,
    task::Poll,
};

use bytes::{Buf, Bytes};
use futures_util::Stream;
use postgres::Error;
use tokio_postgres::CopyOutStream;

use crate::client::Link;

/// Bytes that are taken in at once: small rows come many at a time, one that is larger comes alone.
const AT_ONCE: usize = 256 << 10;

/// What a `COPY … TO STDOUT` returns. The buffer holds one message of the server at a time, which is a row or, at
/// either end, what surrounds them; but to wait for each by itself would cost more than reading it.
pub struct CopyOut<'a> {
    link: &'a mut Link,
    stream: Pin<Box<CopyOutStream>>,
    current: Bytes,
    arrived: VecDeque<Bytes>,
    has_ended: bool,
}

impl<'a> CopyOut<'a> {
    pub(crate) fn new(link: &'a mut Link, stream: CopyOutStream) -> Self {
        let (current, arrived) = (Bytes::new(), VecDeque::new());
        Self { link, stream: Box::pin(stream), current, arrived, has_ended: false }
    }

    /// Waits for messages, and takes in what has arrived of them.
    fn take_in(&mut self) -> Result<(), Error> {
        let Self { link, stream, arrived, has_ended, .. } = self;
        let mut bytes = 0;
        link.wait_for(poll_fn(|context| {
            while bytes < AT_ONCE {
                match stream.as_mut().poll_next(context)? {
                    Poll::Ready(Some(message)) => {
                        bytes += message.len();
                        arrived.push_back(message);
                    }
                    Poll::Ready(None) => {
                        *has_ended = true;
                        break;
                    }
                    Poll::Pending if arrived.is_empty() => return Poll::Pending,
                    Poll::Pending => break,
                }
            }
            Poll::Ready(Ok(()))
        }))
    }
}

impl BufRead for CopyOut<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.current.is_empty() {
            match self.arrived.pop_front() {
                Some(message) => self.current = message,
                None if self.has_ended => break,
                None => self.take_in().map_err(io::Error::other)?,
            }
        }
        Ok(&self.current)
    }

    fn consume(&mut self, bytes: usize) {
        self.current.advance(bytes);
        if self.current.is_empty() {
            // Even empty, it would hold on to the memory of its message.
            self.current = Bytes::new();
        }
    }
}

impl Read for CopyOut<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut bytes = self.fill_buf()?;
        let read = bytes.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}
