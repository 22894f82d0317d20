//! Measurements, each run by a program beside this file, which builds for them and says what they are of.

mod load;
mod lookup;
mod server;

use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;

/// Has this process, and all threads that it begins, run on one CPU.
fn stay_on(cpu: usize) {
    let mut cpus = CpuSet::new();
    cpus.set(cpu).expect("the set has room");
    sched_setaffinity(Pid::from_raw(0), &cpus).expect("there are two CPUs");
}
