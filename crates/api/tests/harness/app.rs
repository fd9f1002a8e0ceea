//! The server and its client.

use std::{
    net::TcpListener,
    sync::mpsc,
    thread::{self, JoinHandle},
    time::Duration,
};

use actix_web::dev::ServerHandle;
use backfill_api::{
    database::{Database, migrate},
    server::{self, Dashboard, Settings, Shutdown},
};
use backfill_domain::secret::Keys;
use serde_json::Value;
use ureq::{Agent, http::Response};

use super::{EventStream, TestDatabase};

/// As a test wants it: it ends at once, and there is a proxy in front of it.
const SETTINGS: Settings =
    Settings { shutdown: Shutdown { delay: Duration::ZERO, grace: Duration::ZERO }, trusted_proxies: 1 };

/// Encrypts what the tests' metadata databases store of passwords.
const SECRET_KEY: &str = "dGhlIGtleSBvZiBhbGwgdGVzdHMsIG9mIDMyIGJ5dGU=";

/// A running server with a metadata database of its own.
pub(crate) struct TestApp {
    /// The metadata database, to look behind the scenes.
    pub(crate) database: TestDatabase,
    address: String,
    agent: Agent,
    server: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl TestApp {
    pub(crate) fn start() -> Self {
        Self::showing(Dashboard::new(None, "/".to_owned()).unwrap())
    }

    /// The same, with a dashboard.
    pub(crate) fn showing(dashboard: Dashboard) -> Self {
        let database = TestDatabase::create();
        Keys::parse(SECRET_KEY).unwrap().install();
        migrate(database.url()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let pool = Database::new(database.url());
        let (started, handle) = mpsc::channel();
        let thread = thread::spawn(move || {
            actix_web::rt::System::new().block_on(async {
                let server = server::start(listener, pool, dashboard, SETTINGS).unwrap();
                started.send(server.handle()).unwrap();
                server.await.unwrap();
            });
        });
        let agent = Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
        Self { database, address, agent, server: handle.recv().unwrap(), thread: Some(thread) }
    }

    /// `path` below `/api/v1`, or a full path if it starts with `//`.
    fn url(&self, path: &str) -> String {
        match path.strip_prefix('/') {
            Some(full) if full.starts_with('/') => format!("{}{full}", self.address),
            _ => format!("{}/api/v1{path}", self.address),
        }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        Answer::read(self.agent.get(self.url(path)).call())
    }

    /// Follows what happens from now on; `query` says what of it.
    pub(crate) fn follow(&self, query: &str) -> EventStream {
        EventStream::read(self.agent.get(self.url(&format!("/events{query}"))).call().unwrap())
    }

    /// As a browser asks for a page.
    pub(crate) fn browse(&self, path: &str) -> Answer {
        Answer::read(self.agent.get(self.url(path)).header("Accept", "text/html,*/*;q=0.8").call())
    }

    /// As a client that takes compressed answers.
    pub(crate) fn get_compressed(&self, path: &str) -> Answer {
        let response = self.agent.get(self.url(path)).header("Accept-Encoding", "br").call().unwrap();
        Answer {
            status: response.status().as_u16(),
            text: String::new(),
            headers: response.headers().clone(),
        }
    }

    pub(crate) fn get_as(&self, path: &str, request_id: &str) -> Answer {
        Answer::read(self.agent.get(self.url(path)).header("X-Request-Id", request_id).call())
    }

    pub(crate) fn delete(&self, path: &str) -> Answer {
        Answer::read(self.agent.delete(self.url(path)).call())
    }

    pub(crate) fn post(&self, path: &str, body: Value) -> Answer {
        self.post_text(path, &body.to_string(), "application/json")
    }

    /// The same through proxies, which have added their callers' addresses.
    pub(crate) fn post_through(&self, path: &str, body: Value, forwarded_for: &str) -> Answer {
        let request = self.agent.post(self.url(path)).header("X-Forwarded-For", forwarded_for);
        Answer::read(request.header("Content-Type", "application/json").send(body.to_string()))
    }

    pub(crate) fn put(&self, path: &str, body: Value) -> Answer {
        let request = self.agent.put(self.url(path)).header("Content-Type", "application/json");
        Answer::read(request.send(body.to_string()))
    }

    pub(crate) fn patch(&self, path: &str, body: Value) -> Answer {
        let request = self.agent.patch(self.url(path)).header("Content-Type", "application/json");
        Answer::read(request.send(body.to_string()))
    }

    pub(crate) fn post_text(&self, path: &str, body: &str, content_type: &str) -> Answer {
        Answer::read(self.agent.post(self.url(path)).header("Content-Type", content_type).send(body))
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        // The future only reports the end; the order to stop is given by the call.
        drop(self.server.stop(false));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What the server answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
    headers: ureq::http::HeaderMap,
}

impl Answer {
    fn read(response: Result<Response<ureq::Body>, ureq::Error>) -> Self {
        let mut response = response.unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        Self { status: response.status().as_u16(), text, headers: response.headers().clone() }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The body of an answer that must have this status.
    #[track_caller]
    pub(crate) fn json(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() { Value::Null } else { serde_json::from_str(&self.text).unwrap() }
    }

    /// The body of an answer that must be a problem with this status.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16) -> Value {
        let problem = self.json(status);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(problem["status"], status);
        assert!(problem["type"].is_string() && problem["title"].is_string() && problem["detail"].is_string());
        problem
    }

    /// The bad fields of a 422, each as `field: message`.
    #[track_caller]
    pub(crate) fn bad_fields(&self) -> Vec<String> {
        let problem = self.problem(422);
        let errors = problem["errors"].as_array().unwrap_or_else(|| panic!("no errors in {problem}"));
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        errors.iter().map(|error| format!("{}: {}", text(&error["field"]), text(&error["message"]))).collect()
    }

    /// The only bad field of a 422, as `field: message`.
    #[track_caller]
    pub(crate) fn bad_field(&self) -> String {
        let mut fields = self.bad_fields();
        assert_eq!(fields.len(), 1, "{fields:?}");
        fields.remove(0)
    }
}
