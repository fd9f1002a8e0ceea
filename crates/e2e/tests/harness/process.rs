//! A program of Backfill that runs for a test.

use std::{
    env,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus},
};

use super::eventually;

/// Encrypts what the tests' metadata databases store of passwords, unless a test gives another one.
pub(crate) const SECRET_KEY: &str = "dGhlIGtleSBvZiBhbGwgdGVzdHMsIG9mIDMyIGJ5dGU=";

/// A running program, whose output goes to a file. Dropped, it is killed.
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    pub(crate) fn start(program: &str, log: PathBuf, environment: &[(&str, &str)]) -> Self {
        Self::run(Command::new(built(program)), log, environment)
    }

    /// The same with a program whose files cannot grow beyond so many blocks of the shell's, as if the disk were full.
    pub(crate) fn start_confined(
        program: &str,
        blocks: u32,
        log: PathBuf,
        environment: &[(&str, &str)],
    ) -> Self {
        let mut command = Command::new("sh");
        // Without the trap the first write too many would kill it.
        command.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\"")]).arg(built(program));
        Self::run(command, log, environment)
    }

    fn run(mut command: Command, log: PathBuf, environment: &[(&str, &str)]) -> Self {
        let output = File::create(&log).unwrap();
        command.env("BACKFILL_SECRET_KEY", SECRET_KEY).envs(environment.iter().copied());
        command.stdout(output.try_clone().unwrap()).stderr(output);
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Self { child, log }
    }

    /// Runs a program to its end: whether it succeeded, and what it wrote.
    pub(crate) fn ends_with(
        program: &str,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> (bool, String) {
        let mut command = Command::new(built(program));
        command.env_remove("BACKFILL_SECRET_KEY").envs(environment.iter().copied()).args(arguments);
        let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let written = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(written).unwrap())
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The most bytes of memory that it has held so far.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let (_, peak) = status.split_once("VmHWM:").unwrap();
        peak.split_whitespace().next().unwrap().parse::<u64>().unwrap() * 1024
    }

    /// Sends a signal, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success(), "{kill}");
    }

    /// Waits until it has ended by itself.
    #[track_caller]
    pub(crate) fn ends(&mut self) -> ExitStatus {
        eventually("the program's end", || self.ended())
    }

    /// How it has ended by itself, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Kills it as SIGKILL does, if it still lives.
    pub(crate) fn kill(&mut self) -> ExitStatus {
        self.child.kill().unwrap();
        self.child.wait().unwrap()
    }

    /// Waits until a signal has stopped it, which no process can refuse and which is not at once.
    #[track_caller]
    pub(crate) fn stops(&self) {
        let is_stopped = || {
            let stat = fs::read_to_string(format!("/proc/{}/stat", self.id())).unwrap();
            stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('T')).then_some(())
        };
        eventually("the program to stop", is_stopped);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // SIGKILL, which a stopped process heeds as well. One that has ended needs none.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program as cargo built it, beside the folder of this test program.
fn built(program: &str) -> PathBuf {
    let test = env::current_exe().unwrap();
    let path = test.ancestors().nth(2).unwrap_or(Path::new("/")).join(program);
    assert!(path.exists(), "{} is not built: run `make test`, or `cargo build --bins`", path.display());
    path
}
