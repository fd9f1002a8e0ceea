//! The daemon's binary; all of it is in the library, where benchmarks can reach it.

fn main() -> std::process::ExitCode {
    backfill_compute::main()
}
