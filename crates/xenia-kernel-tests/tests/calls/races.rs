//! Tests of racing kernel calls on separate host threads, with counts that must match exactly.

mod any_and_all;
mod calls;
mod dialogs;
mod disjoint;
mod files;
mod lock_free;
mod locks;
mod objects;
mod overlapped;
mod pending_files;
mod waits;

use super::host_threads::{Guest, HostThreads};
use super::*;
use std::thread;

/// Routine for tests in which the kernel must not call guest code.
fn no_routine(_: &mut Guest, pc: u32, _: [u64; 4]) -> u64 {
    panic!("a call of {pc:#x}")
}

/// Runs `code` on this many threads at once; each gets its number.
fn race(machine: &HostThreads, threads: usize, code: impl Fn(&mut Guest, usize) + Sync) {
    let threads: Vec<ThreadRef> = (0..threads).map(|_| machine.add_thread().0).collect();
    thread::scope(|scope| {
        for (number, &thread) in threads.iter().enumerate() {
            let code = &code;
            scope.spawn(move || machine.run(thread, |guest| code(guest, number)));
        }
    });
}

/// Runs `code` while guest time advances.
fn while_time_passes<R>(machine: &HostThreads, code: impl FnOnce() -> R) -> R {
    thread::scope(|scope| {
        scope.spawn(|| machine.keep_time(100));
        let _ends = Ends(machine);
        code()
    })
}

/// Ends a machine when dropped, also if the test panics.
struct Ends<'a>(&'a HostThreads<'a>);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Adds one to a word of guest memory, deliberately not atomically.
fn add_one(guest: &Guest, at: GuestAddr) {
    let before: u32 = guest.memory().read(at).unwrap();
    if before.is_multiple_of(64) {
        thread::yield_now();
    }
    guest.memory().write(at, before + 1).unwrap();
}
