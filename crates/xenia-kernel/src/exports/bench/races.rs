//! Kernel calls that race: on host threads of their own, with counts that come out exactly.

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

use super::host_threads::{Guest, Machine};
use super::*;
use std::thread;

/// No guest code is called.
fn no_routine(_: &mut Guest, pc: u32, _: [u64; 4]) -> u64 {
    panic!("a call of {pc:#x}")
}

/// Runs `code` for that many threads at once, each told its number.
fn race(machine: &Machine, threads: usize, code: impl Fn(&mut Guest, usize) + Sync) {
    let threads: Vec<ThreadRef> = (0..threads).map(|_| machine.add_thread().0).collect();
    thread::scope(|scope| {
        for (number, &thread) in threads.iter().enumerate() {
            let code = &code;
            scope.spawn(move || machine.run(thread, |guest| code(guest, number)));
        }
    });
}

/// Runs `code`, which ends by itself, while guest time goes on.
fn while_time_passes<R>(machine: &Machine, code: impl FnOnce() -> R) -> R {
    thread::scope(|scope| {
        scope.spawn(|| machine.keep_time(100));
        let _ends = Ends(machine);
        code()
    })
}

/// Lets those go home who serve a machine, when this is dropped: by a test that has failed, too.
struct Ends<'a>(&'a Machine<'a>);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Adds one to a word of guest memory, in more than one step.
fn add_one(guest: &Guest, at: GuestAddr) {
    let before: u32 = guest.memory().read(at).unwrap();
    if before.is_multiple_of(64) {
        thread::yield_now();
    }
    guest.memory().write(at, before + 1).unwrap();
}
