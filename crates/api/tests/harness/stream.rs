//! A client of server-sent events.

use std::{
    io::{BufRead as _, BufReader},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::Duration,
};

use serde_json::Value;
use ureq::{Body, http::Response};

/// How long an event is waited for; none needs as long unless it never comes.
const PATIENCE: Duration = Duration::from_secs(20);

/// An open stream. What it carries is read as it comes.
pub(crate) struct EventStream {
    events: Receiver<(String, Value)>,
}

impl EventStream {
    pub(crate) fn read(response: Response<Body>) -> Self {
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let (sender, events) = mpsc::channel();
        thread::spawn(move || {
            let lines = BufReader::new(response.into_body().into_reader()).lines();
            let mut name = String::new();
            for line in lines.map_while(Result::ok) {
                match line.split_once(": ") {
                    Some(("event", event)) => name = event.to_owned(),
                    Some(("data", data)) => {
                        let data = serde_json::from_str(data).unwrap();
                        if sender.send((name.clone(), data)).is_err() {
                            return;
                        }
                    }
                    _ => {}
                }
            }
        });
        Self { events }
    }

    /// The next event, its name and its data.
    #[track_caller]
    pub(crate) fn next(&self) -> (String, Value) {
        self.events.recv_timeout(PATIENCE).expect("no event has come")
    }

    /// Events up to the first that is `wanted`, which is returned.
    #[track_caller]
    pub(crate) fn until(&self, mut wanted: impl FnMut(&str, &Value) -> bool) -> Value {
        loop {
            let (name, data) = self.next();
            if wanted(&name, &data) {
                return data;
            }
        }
    }

    /// Waits for the stream's end.
    #[track_caller]
    pub(crate) fn ends(&self) {
        let end = loop {
            if let Err(end) = self.events.recv_timeout(PATIENCE) {
                break end;
            }
        };
        assert_eq!(end, RecvTimeoutError::Disconnected, "the stream goes on");
    }
}
