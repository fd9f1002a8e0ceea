//! The API's client.

use std::{
    io::{BufRead as _, BufReader, Lines},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use serde_json::Value;
use ureq::{Agent, Body, BodyReader, Error, http::Response};

/// How long a stream may last.
const PATIENCE: Duration = Duration::from_secs(60);

/// Speaks to one API, and keeps all that it answers.
pub(crate) struct Client {
    agent: Agent,
    address: String,
    transcript: Mutex<String>,
}

impl Client {
    pub(crate) fn new(address: String) -> Self {
        let agent = Agent::config_builder().http_status_as_error(false).build().into();
        Self { agent, address, transcript: Mutex::default() }
    }

    /// Everything that the API has answered.
    pub(crate) fn transcript(&self) -> String {
        self.transcript.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn url(&self, path: &str) -> String {
        let prefix = if path.starts_with("/health") || path == "/metrics" { "" } else { "/api/v1" };
        format!("{}{prefix}{path}", self.address)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.read(self.agent.get(self.url(path)).call())
    }

    /// The lines of the stream of all that happens from now on. One that goes on for a minute has failed.
    pub(crate) fn follow(&self) -> Lines<BufReader<BodyReader<'static>>> {
        let request = self.agent.get(self.url("/events")).config().timeout_global(Some(PATIENCE)).build();
        BufReader::new(request.call().unwrap().into_body().into_reader()).lines()
    }

    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.read(self.agent.delete(self.url(path)).call())
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        let request = self.agent.post(self.url(path)).header("Content-Type", "application/json");
        self.read(request.send(body.to_string()))
    }

    pub(crate) fn put(&self, path: &str, body: &Value) -> Answer {
        let request = self.agent.put(self.url(path)).header("Content-Type", "application/json");
        self.read(request.send(body.to_string()))
    }

    pub(crate) fn patch(&self, path: &str, body: &Value) -> Answer {
        let request = self.agent.patch(self.url(path)).header("Content-Type", "application/json");
        self.read(request.send(body.to_string()))
    }

    fn read(&self, response: Result<Response<Body>, Error>) -> Answer {
        let mut response = response.unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        let mut transcript = self.transcript.lock().unwrap_or_else(PoisonError::into_inner);
        transcript.push_str(&format!("{:?}\n{text}\n", response.headers()));
        Answer { status: response.status().as_u16(), text }
    }
}

/// What the API answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl Answer {
    /// The body of an answer that must have this status.
    #[track_caller]
    pub(crate) fn json(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() { Value::Null } else { serde_json::from_str(&self.text).unwrap() }
    }

    /// The id in an answer that must be 201.
    #[track_caller]
    pub(crate) fn id(&self) -> i64 {
        self.json(201)["id"].as_i64().unwrap()
    }
}
