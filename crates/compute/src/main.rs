//! The daemon's binary; all of it is in the library, where benchmarks can reach it.

use std::{
    env,
    os::unix::process::CommandExt,
    process::{Command, ExitCode},
};

/// Bytes from which on glibc gives what is freed back to the system at once. Left to itself it raises that to what it
/// has seen, and keeps room for the widest rows in every thread's arena. It takes the value from the environment alone,
/// before a process begins.
const ALLOCATOR: [(&str, &str); 2] =
    [("MALLOC_MMAP_THRESHOLD_", "1048576"), ("MALLOC_TRIM_THRESHOLD_", "1048576")];

fn main() -> ExitCode {
    if ALLOCATOR.iter().all(|(name, _)| env::var_os(name).is_none())
        && let Ok(program) = env::current_exe()
    {
        // Comes back only if the program cannot be started again: then it goes on as it is.
        let _ = Command::new(program).args(env::args_os().skip(1)).envs(ALLOCATOR).exec();
    }
    backfill_compute::main()
}
