//! No password leaves the places that need it.

use serde_json::json;
use uuid::Uuid;

use crate::harness::{
    ALL, Database, Place, Process, SECRET_KEY, Stack, orders, postgres_request, source_request,
};

/// A role that owns what it touches in a test's databases.
struct Role {
    name: String,
    password: &'static str,
}

/// Unmistakable, and awkward in URLs, SQL and JSON.
const PASSWORD: &str = "n33dle/@:%'\"\\ in hay";
const WRONG: &str = "wr0ng-n33dle";

impl Role {
    fn create(stack: &Stack) -> Self {
        let name = format!("e2e_{}", Uuid::new_v4().simple());
        let quoted = PASSWORD.replace('\'', "''");
        stack.metadata.execute(&format!("CREATE ROLE {name} LOGIN SUPERUSER PASSWORD '{quoted}'"));
        Self { name, password: PASSWORD }
    }

    fn source(&self, database: &Database) -> serde_json::Value {
        let mut url = database.url().clone();
        url.set_username(&self.name).unwrap();
        url.set_password(Some(&encoded(self.password))).unwrap();
        let mut request = source_request(database);
        request["url"] = json!(url.as_str());
        request
    }

    fn destination(&self, database: &Database) -> serde_json::Value {
        let mut request = postgres_request("dwh", database);
        request["config"]["username"] = json!(self.name);
        request["config"]["password"] = json!(self.password);
        request
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[test]
fn passwords_are_in_no_answer_and_no_log() {
    let stack = Stack::new(&orders(100));
    let role = Role::create(&stack);
    let source = stack.source_id();
    stack.client.put(&format!("/sources/{source}"), &role.source(&stack.source)).json(200);
    let dwh = stack.destination_id(Place::Postgres);
    stack.client.put(&format!("/destinations/{dwh}"), &role.destination(&stack.destination)).json(200);
    let daemon = stack.daemon_with(&[("RUST_LOG", "debug")]);
    stack.backfill(ALL, &json!({"table_name": "orders"})).completes();

    let wrong = Role { name: role.name.clone(), password: WRONG };
    stack.client.put(&format!("/destinations/{dwh}"), &wrong.destination(&stack.destination)).json(200);
    stack.backfill(ALL, &json!({"table_name": "orders"})).fails_naming(&["password"]);
    stack.client.post(&format!("/destinations/{dwh}/test"), &json!({})).json(200);
    stack.client.put(&format!("/sources/{source}"), &wrong.source(&stack.source)).json(200);
    stack.client.post(&format!("/sources/{source}/test"), &json!({})).json(200);
    assert!(stack.client.get(&format!("/sources/{source}/tables")).status >= 400);
    assert!(stack.request(ALL, &json!({"table_name": "orders"})).status >= 400);
    for path in
        ["/sources", "/destinations", "/pipelines", "/backfill", "/workers", "/stats", "/audit", "/metrics"]
    {
        stack.client.get(path);
    }
    // Bad requests are answered, not repeated.
    stack.client.post("/sources", &json!({"name": "x", "url": format!("mysql://u:{WRONG}@h/d")})).json(422);
    stack.client.post("/sources", &json!({"name": "x", "host": "h", "password": WRONG, "pasword": WRONG}));
    stack
        .client
        .post("/destinations", &json!({"name": "x", "type": "postgres", "config": {"password": WRONG}}));

    let own = stack.source.url().password().unwrap().to_owned();
    let secrets = [PASSWORD.to_owned(), encoded(PASSWORD), "n33dle".to_owned(), own];
    let seen = [
        ("answers", stack.client.transcript()),
        ("API's log", stack.api_log()),
        ("daemon's log", daemon.log()),
    ];
    let stored = ("metadata database", stack.metadata.dump());
    for (place, text) in seen.iter().chain([&stored]) {
        assert!(!text.is_empty(), "{place} are empty");
        for secret in &secrets {
            let line = text.lines().find(|line| line.contains(secret));
            assert!(line.is_none(), "{secret} is in the {place}: {}", line.unwrap_or_default());
        }
    }
    // The role owns what it has made; with the databases it goes.
    stack.destination.execute(&format!("DROP OWNED BY {0}", role.name));
    stack.metadata.execute(&format!("DROP ROLE {}", role.name));
}

/// 32 bytes, as `openssl rand -base64 32` makes them.
const ANOTHER_KEY: &str = "YW5vdGhlciBrZXksIHdoaWNoIGhhcyAzMiBieXRlcyE=";

/// Tells both programs to start on the stack's metadata database with this key, and returns why they do not.
fn refusals(stack: &Stack, key: Option<&str>) -> Vec<String> {
    let url = stack.metadata.url().as_str();
    let mut environment = vec![("DATABASE_URL", url), ("BACKFILL_BIND", "127.0.0.1:0")];
    environment.extend(key.map(|key| ("BACKFILL_SECRET_KEY", key)));
    let start = |program: &&str| {
        let (succeeded, written) = Process::ends_with(program, &[], &environment);
        assert!(!succeeded, "{program} started: {written}");
        assert!(key.is_none_or(|key| !written.contains(key)), "{written}");
        written
    };
    ["backfill-api", "backfill-compute"].iter().map(start).collect()
}

#[test]
fn without_its_key_nothing_starts() {
    let stack = Stack::new(&orders(1));
    for (key, why) in [
        (None, "BACKFILL_SECRET_KEY is not set"),
        (Some("c2hvcnQ="), "must be 32 bytes in base64"),
        (Some(ANOTHER_KEY), "which BACKFILL_SECRET_KEY does not hold"),
    ] {
        for written in refusals(&stack, key) {
            assert!(written.contains(why), "{written}");
        }
    }
}

#[test]
fn passwords_change_their_key_and_those_in_the_clear_get_one() {
    let stack = Stack::new(&orders(10));
    let job = stack.append(&[Place::Postgres], "orders");
    let url = stack.metadata.url().as_str().to_owned();
    let password = stack.source.url().password().unwrap().replace('\'', "''");
    // As a version without encryption stored it.
    stack.metadata.execute(&format!("UPDATE sources SET password = '{password}'"));
    let both = format!("{ANOTHER_KEY},{SECRET_KEY}");
    let environment = [("DATABASE_URL", url.as_str()), ("BACKFILL_SECRET_KEY", &both)];
    let (succeeded, written) = Process::ends_with("backfill-api", &["--rotate-secrets"], &environment);
    assert!(succeeded && written.contains("1 stored passwords were encrypted"), "{written}");
    let keys = "SELECT DISTINCT split_part(password, ':', 3) FROM (
                    SELECT password FROM sources
                    UNION ALL SELECT settings #>> '{config,password}' FROM destinations) AS stored
                WHERE password IS NOT NULL";
    let stored = stack.metadata.column(keys);
    assert!(stored.len() == 1 && stored[0].len() == 8, "{stored:?}");
    for written in refusals(&stack, Some(SECRET_KEY)) {
        assert!(written.contains(&format!("the key {}", stored[0])), "{written}");
    }
    let _daemon = stack.daemon_with(&[("BACKFILL_SECRET_KEY", ANOTHER_KEY)]);
    assert_eq!(job.completes(), 10);
}
