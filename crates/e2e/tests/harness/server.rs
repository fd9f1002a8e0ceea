//! A PostgreSQL of a test's own, which it may restart.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use url::Url;

use super::Database;

const KEEPER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/dev/throwaway-postgres.mjs");

/// A server that lives as long as a test. What is on it must be dropped before.
pub(crate) struct Server {
    keeper: Child,
    /// Closed, it ends the server.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    url: Url,
}

impl Server {
    pub(crate) fn start() -> Self {
        let mut command = Command::new("node");
        command.arg(KEEPER).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut keeper = command.spawn().expect("Node cannot be run");
        let mut output = BufReader::new(keeper.stdout.take().unwrap());
        let (input, url) = (keeper.stdin.take(), next_url(&mut output));
        Self { keeper, input, output, url }
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    pub(crate) fn create_database(&self) -> Database {
        Database::create_on(self.url.clone())
    }

    /// Stops it, which ends every session, and starts it again on the same data, where it was.
    pub(crate) fn restart(&mut self) {
        self.again("restart");
    }

    /// The same as if it had died: it recovers from its log.
    pub(crate) fn crash(&mut self) {
        self.again("crash");
    }

    /// The same, with a replica of it: the URL of that.
    pub(crate) fn replicate(&mut self) -> Url {
        self.again("replica");
        next_url(&mut self.output)
    }

    fn again(&mut self, how: &str) {
        writeln!(self.input.as_mut().unwrap(), "{how}").unwrap();
        assert_eq!(next_url(&mut self.output), self.url);
    }
}

fn next_url(output: &mut impl BufRead) -> Url {
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    line.trim().parse().expect("the PostgreSQL did not start: run `make deps`")
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.input.take());
        if let Err(error) = self.keeper.wait() {
            eprintln!("a PostgreSQL may stay behind: {error}");
        }
    }
}
