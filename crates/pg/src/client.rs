//! A session at a server, for one thread, which waits for each answer.

use std::{
    future::{Future, poll_fn},
    io,
    pin::pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::SinkExt;
use postgres::{
    Error, Row, SimpleQueryMessage, Socket, Statement, ToStatement,
    tls::{MakeTlsConnect, TlsConnect},
    types::ToSql,
};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{AsyncMessage, CancelToken, Config};

use crate::copy_out::CopyOut;

/// A session at a server.
pub struct Client {
    // Goes first: when it is gone, the link ends the session.
    session: tokio_postgres::Client,
    link: Link,
}

impl Client {
    /// Connects. The outer error is this machine's own.
    pub(crate) fn open<T>(config: &Config, tls: T) -> io::Result<Result<Self, Error>>
    where
        T: MakeTlsConnect<Socket, Stream: Send + 'static>,
        T::TlsConnect: TlsConnect<Socket, Future: Send>,
    {
        let runtime = runtime()?;
        let connected = runtime.block_on(config.connect(tls));
        Ok(connected.map(|(session, mut connection)| {
            let poll_message = Box::new(move |context: &mut Context<'_>| connection.poll_message(context));
            Self { session, link: Link { runtime, poll_message, notifications: 0 } }
        }))
    }

    /// Runs statements.
    ///
    /// # Errors
    /// If the server refuses one; those behind it are not run.
    pub fn batch_execute(&mut self, statements: &str) -> Result<(), Error> {
        self.link.wait_for(self.session.batch_execute(statements))
    }

    /// Runs a statement; how many rows it changed.
    ///
    /// # Errors
    /// If the server refuses it.
    pub fn execute<T: ToStatement + ?Sized>(
        &mut self,
        statement: &T,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, Error> {
        self.link.wait_for(self.session.execute(statement, parameters))
    }

    /// The rows that a query returns.
    ///
    /// # Errors
    /// If the server refuses it.
    pub fn query(&mut self, query: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        self.link.wait_for(self.session.query(query, parameters))
    }

    /// The only row that a query returns.
    ///
    /// # Errors
    /// If the server refuses it, or it returns none or more.
    pub fn query_one(&mut self, query: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Row, Error> {
        self.link.wait_for(self.session.query_one(query, parameters))
    }

    /// The row that a query returns, if any.
    ///
    /// # Errors
    /// If the server refuses it, or it returns more than one.
    pub fn query_opt(
        &mut self,
        query: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Row>, Error> {
        self.link.wait_for(self.session.query_opt(query, parameters))
    }

    /// What statements return, as text.
    ///
    /// # Errors
    /// If the server refuses one; those behind it are not run.
    pub fn simple_query(&mut self, statements: &str) -> Result<Vec<SimpleQueryMessage>, Error> {
        self.link.wait_for(self.session.simple_query(statements))
    }

    /// Has the server look at a statement without running it.
    ///
    /// # Errors
    /// If the server refuses it.
    pub fn prepare(&mut self, statement: &str) -> Result<Statement, Error> {
        self.link.wait_for(self.session.prepare(statement))
    }

    /// What a `COPY … TO STDOUT` returns.
    ///
    /// # Errors
    /// If the server refuses it at once. What it refuses later comes from the stream.
    pub fn copy_out(&mut self, statement: &str) -> Result<CopyOut<'_>, Error> {
        let stream = self.link.wait_for(self.session.copy_out(statement))?;
        Ok(CopyOut::new(&mut self.link, stream))
    }

    /// Gives `pieces` to a `COPY … FROM STDIN`; how many rows they were.
    ///
    /// # Errors
    /// If the server refuses it, or what it is given.
    pub fn copy_in(
        &mut self,
        statement: &str,
        pieces: impl IntoIterator<Item = Bytes>,
    ) -> Result<u64, Error> {
        self.link.wait_for(async {
            let mut sink = pin!(self.session.copy_in(statement).await?);
            for piece in pieces {
                sink.feed(piece).await?;
            }
            sink.finish().await
        })
    }

    /// Waits for a notification; false if there will be none, because the server has gone.
    ///
    /// # Errors
    /// If the connection breaks.
    pub fn wait_for_notification(&mut self) -> Result<bool, Error> {
        self.link.drive(|_, notifications, has_ended| {
            if *notifications == 0 && !has_ended {
                return Poll::Pending;
            }
            let is_notified = *notifications > 0;
            *notifications = notifications.saturating_sub(1);
            Poll::Ready(Ok(is_notified))
        })
    }

    pub(crate) fn cancel_token(&self) -> CancelToken {
        self.session.cancel_token()
    }
}

/// Moves a connection on, and yields what the server says without being asked; `None` once the server has gone.
type PollMessage = dyn FnMut(&mut Context<'_>) -> Poll<Option<Result<AsyncMessage, Error>>> + Send;

/// The connection below a session. It moves while its thread waits for something, and not otherwise.
pub(crate) struct Link {
    runtime: Runtime,
    poll_message: Box<PollMessage>,
    /// How many have come that nobody waited for.
    notifications: usize,
}

impl Link {
    /// Waits for an answer.
    pub(crate) fn wait_for<T>(&mut self, answer: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let mut answer = pin!(answer);
        self.drive(|context, _, _| answer.as_mut().poll(context))
    }

    /// Waits until `step` is done, which is told of the notifications and whether the connection has ended.
    fn drive<T>(
        &mut self,
        mut step: impl FnMut(&mut Context<'_>, &mut usize, bool) -> Poll<Result<T, Error>>,
    ) -> Result<T, Error> {
        let Self { runtime, poll_message, notifications } = self;
        runtime.block_on(poll_fn(|context| {
            let has_ended = loop {
                match poll_message(context) {
                    Poll::Ready(Some(message)) => match message? {
                        AsyncMessage::Notification(_) => *notifications += 1,
                        AsyncMessage::Notice(notice) => {
                            log::info!("{}: {}", notice.severity(), notice.message());
                        }
                        _ => {}
                    },
                    Poll::Ready(None) => break true,
                    Poll::Pending => break false,
                }
            };
            step(context, notifications, has_ended)
        }))
    }
}

impl Drop for Link {
    /// Says goodbye.
    fn drop(&mut self) {
        let ended = self.drive(|_, _, has_ended| if has_ended { Poll::Ready(Ok(())) } else { Poll::Pending });
        if let Err(error) = ended {
            log::debug!("a connection broke as it was closed: {error}");
        }
    }
}

/// What runs a connection on the thread that waits for it.
pub(crate) fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}
