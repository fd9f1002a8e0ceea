//! Everything fails, again and again, while jobs run: daemons, servers, networks, disks. Afterwards every job is complete
//! and verified, what arrived is what was there, and nothing is left over.
//!
//! The short form belongs to the tests; `make chaos` goes on for as many faults as `BACKFILL_CHAOS_FAULTS` says.

use std::{collections::BTreeMap, env, thread, time::Duration};

use serde_json::Value;

use crate::harness::{ALL, Chance, Database, Job, Place, Process, Proxy, Server, Stack, eventually, orders};

/// Faults of the short form.
const FAULTS: u32 = 12;

/// Faults that a round of jobs may meet before they are left alone.
const FAULTS_IN_ROUND: u32 = 12;

const DAEMONS: usize = 3;

const ROWS: u32 = 12_000;

/// Blocks of the shell's to which the files of a daemon on a full disk may grow.
const FULL_DISK_BLOCKS: u32 = 20;

/// The tables, and where each is copied to.
const JOBS: [(&str, &[Place]); 3] = [
    ("orders", ALL),
    ("lines", &[Place::Postgres, Place::Parquet]),
    ("notes", &[Place::Postgres, Place::Parquet]),
];

/// A table with a key, one with a composite key, and one with none.
fn tables() -> String {
    orders(ROWS)
        + &format!(
            "CREATE TABLE lines (day date, number int, what text, PRIMARY KEY (day, number));
             INSERT INTO lines SELECT date '2024-01-01' + n % 97, n, md5(n::text) FROM generate_series(1, {ROWS}) n;
             CREATE TABLE notes (note text, written timestamptz);
             INSERT INTO notes SELECT md5((n % 999)::text), timestamptz '2024-01-01 00:00Z' + n % 7 * interval '1 hour'
                 FROM generate_series(1, {ROWS}) n;
             ANALYZE;"
        )
}

/// What can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    DaemonKilled,
    DaemonFrozenBeyondItsLease,
    DaemonRestarted,
    DiskFull,
    ServerCrashed,
    ServerRestarted,
    SessionsTerminated,
    ConnectionsCut,
    NetworkDark,
    NetworkSlow,
}

const EVERY_FAULT: [Fault; 10] = [
    Fault::DaemonKilled,
    Fault::DaemonFrozenBeyondItsLease,
    Fault::DaemonRestarted,
    Fault::DiskFull,
    Fault::ServerCrashed,
    Fault::ServerRestarted,
    Fault::SessionsTerminated,
    Fault::ConnectionsCut,
    Fault::NetworkDark,
    Fault::NetworkSlow,
];

/// A stack of which each part can be made to fail. Source, destination and metadata have a server each.
struct Chaos<'a> {
    stack: &'a Stack,
    servers: &'a mut [Server; 3],
    proxies: &'a [Proxy; 3],
    daemons: Vec<Process>,
    chance: Chance,
    met: BTreeMap<Fault, u32>,
    /// Rows that jobs were to bring to their destinations, and of these the ones that did not arrive.
    wanted: i64,
    lost: i64,
}

impl Chaos<'_> {
    fn databases(&self) -> [&Database; 3] {
        [&self.stack.source, &self.stack.destination, &self.stack.metadata]
    }

    /// Injects the next fault. In their turn, so that each one is met; where and when is left to chance.
    fn strike(&mut self) {
        let fault = EVERY_FAULT[self.met.values().sum::<u32>() as usize % EVERY_FAULT.len()];
        thread::sleep(Duration::from_millis(self.chance.below(400)));
        let (daemon, place) = (self.chance.below(DAEMONS as u64) as usize, self.chance.below(3) as usize);
        let while_it_lasts = Duration::from_millis(200 + self.chance.below(800));
        match fault {
            Fault::DaemonKilled => self.replace(daemon, Stack::daemon),
            Fault::DaemonFrozenBeyondItsLease => {
                self.daemons[daemon].signal("STOP");
                self.stack.expire_leases();
                thread::sleep(while_it_lasts);
                self.daemons[daemon].signal("CONT");
            }
            Fault::DaemonRestarted => {
                self.daemons[daemon].signal("TERM");
                self.daemons[daemon].ends();
                self.daemons[daemon] = self.stack.daemon();
            }
            Fault::DiskFull => {
                self.replace(daemon, |stack| stack.daemon_on_a_full_disk(FULL_DISK_BLOCKS));
                thread::sleep(while_it_lasts);
                self.replace(daemon, Stack::daemon);
            }
            Fault::ServerCrashed => self.servers[place].crash(),
            Fault::ServerRestarted => self.servers[place].restart(),
            Fault::SessionsTerminated => self.databases()[place].terminate_backfill_sessions(),
            Fault::ConnectionsCut => self.proxies[place].cut(),
            Fault::NetworkDark => self.proxies[place].darken(while_it_lasts),
            Fault::NetworkSlow => self.proxies[place].slow_down(while_it_lasts),
        }
        *self.met.entry(fault).or_default() += 1;
        self.assert_daemons_live();
    }

    /// Kills a daemon; another takes its place.
    fn replace(&mut self, daemon: usize, start: impl Fn(&Stack) -> Process) {
        self.daemons[daemon].kill();
        self.stack.expire_leases();
        self.daemons[daemon] = start(self.stack);
    }

    /// A daemon bears every fault but those that hit its own process.
    #[track_caller]
    fn assert_daemons_live(&mut self) {
        for daemon in &mut self.daemons {
            if let Some(status) = daemon.ended() {
                panic!("a daemon has given up ({status}): {}", daemon.log());
            }
        }
    }

    /// What the queue says of the jobs, without the API.
    fn all_complete(&self) -> bool {
        self.stack.metadata.count("queue_backfill_data WHERE status <> 'COMPLETED'") == 0
    }
}

/// Waits for a job's end, and takes it up again where it failed for a stated reason.
fn completes(job: &Job<'_>) -> Value {
    loop {
        let ended = job.becomes_end();
        if ended["status"] != "FAILED" {
            assert_eq!(ended["status"], "COMPLETED", "{ended:#}");
            return ended;
        }
        let why = ended["error_message"].as_str().unwrap_or_default();
        assert!(
            why.contains("source shop") || why.contains("destination "),
            "no reason is stated: {ended:#}"
        );
        job.resume();
    }
}

/// One round: a job for each table, and faults while they run.
fn round(chaos: &mut Chaos<'_>, faults: u32) {
    let stack = chaos.stack;
    eventually("the API to be back", || (stack.client.get("/health/ready").status == 200).then_some(()));
    let jobs: Vec<_> =
        JOBS.iter().map(|(table, places)| (*table, stack.append_at_all_costs(places, table))).collect();
    let before = chaos.met.values().sum::<u32>();
    while chaos.met.values().sum::<u32>() - before < faults && !chaos.all_complete() {
        chaos.strike();
    }
    eventually("the API to be back", || (stack.client.get("/health/ready").status == 200).then_some(()));
    stack.expire_leases();
    for (table, job) in &jobs {
        let ended = completes(job);
        for place in &job.places {
            chaos.wanted += i64::from(ROWS);
            chaos.lost += i64::from(ROWS) - job.rows_in(*place, table);
        }
        assert_eq!(ended["count_record"], ROWS, "{ended:#}");
        let parts = ended["destinations"].as_array().unwrap();
        assert!(parts.iter().all(|part| part["verified"] == true), "{ended:#}");
        job.compare(table).assert_equal();
    }
}

/// Daemons that end let go of everything.
fn assert_nothing_is_left(chaos: Chaos<'_>) {
    let Chaos { stack, daemons, .. } = chaos;
    for mut daemon in daemons {
        daemon.signal("TERM");
        assert!(daemon.ends().success(), "{}", daemon.log());
    }
    for database in [&stack.source, &stack.destination] {
        eventually("the sessions' end", || database.backfill_sessions().is_empty().then_some(()));
        let left =
            database.column("SELECT relname FROM pg_class WHERE relname ~ 'backfill.*(stage|replace)'");
        assert_eq!(left, Vec::<String>::new());
    }
    assert_eq!(stack.metadata.count("backfill_workers WHERE heartbeat_at > now() - interval '5 seconds'"), 0);
}

#[test]
fn nothing_is_lost_whatever_fails() {
    let faults = env::var("BACKFILL_CHAOS_FAULTS")
        .map_or(FAULTS, |faults| faults.parse().expect("BACKFILL_CHAOS_FAULTS is no number"));
    let mut servers = [Server::start(), Server::start(), Server::start()];
    let proxies = servers.each_ref().map(|server| Proxy::to(server.url()));
    let databases = [0, 1, 2].map(|at| servers[at].create_database().behind(&proxies[at]));
    let stack = Stack::on(100, &tables(), databases);
    let daemons = (0..DAEMONS).map(|_| stack.daemon()).collect();
    let mut chaos = Chaos {
        stack: &stack,
        servers: &mut servers,
        proxies: &proxies,
        daemons,
        chance: Chance::new(),
        met: BTreeMap::new(),
        wanted: 0,
        lost: 0,
    };
    while chaos.met.values().sum::<u32>() < faults {
        let left = faults - chaos.met.values().sum::<u32>();
        round(&mut chaos, left.min(FAULTS_IN_ROUND));
        stack.empty_destinations("orders, lines, notes");
    }
    let Chaos { met, wanted, lost, .. } = &chaos;
    println!("faults injected: {faults} {met:?}; rows lost: {lost} of {wanted}");
    assert_eq!(*lost, 0);
    assert_nothing_is_left(chaos);
}
