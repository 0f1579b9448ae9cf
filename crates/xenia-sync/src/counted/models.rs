//! The counted slot under loom: a table of one slot that is closed and filled again while others
//! look it up.

use super::*;
use crate::atomic::AtomicU32;
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

struct Table {
    count: Counted,
    /// What the slot holds: its generation, or 0 while it is being cleared. Ordered by nothing but
    /// the count.
    contents: AtomicU32,
    /// Tells loom who reads the contents and who changes them.
    guarded: UnsafeCell<()>,
    /// The generation that can be looked up; 0: none.
    entry: AtomicU64,
}

impl Table {
    fn write(&self, contents: u32) {
        self.guarded.with_mut(|_| self.contents.store(contents, Ordering::Relaxed));
    }

    fn fill(&self, generation: u32) {
        self.write(generation);
        assert_eq!(self.count.occupy(), generation);
        self.entry.store(u64::from(generation), Ordering::Release);
    }

    /// Gives a use back; whoever had the last clears the contents, and fills the slot again once.
    fn unpin(&self, generation: u32) {
        if self.count.unpin() {
            self.write(0);
            if generation == 1 {
                self.fill(2);
            }
        }
    }

    fn look_up(&self) {
        let generation = self.entry.load(Ordering::Acquire) as u32;
        if generation != 0 && self.count.pin(generation) {
            let held = self.guarded.with(|_| self.contents.load(Ordering::Relaxed));
            assert_eq!(held, generation, "it holds what was looked up");
            self.unpin(generation);
        }
    }

    fn close(&self) {
        let generation = self.entry.swap(0, Ordering::AcqRel) as u32;
        if generation != 0 {
            self.unpin(generation);
        }
    }
}

fn model(readers: usize, interruptions: usize) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(interruptions);
    builder.check(move || {
        let table = Arc::new(Table {
            count: Counted::new(),
            contents: AtomicU32::new(0),
            guarded: UnsafeCell::new(()),
            entry: AtomicU64::new(0),
        });
        table.fill(1);
        let readers: Vec<_> = (0..readers)
            .map(|_| {
                let table = table.clone();
                thread::spawn(move || {
                    table.look_up();
                    table.look_up();
                })
            })
            .collect();
        table.close();
        for reader in readers {
            reader.join().expect("no panic");
        }
        assert_eq!(table.count.uses(), 1, "the second contents are there, and nobody uses them");
        table.close();
        assert_eq!(table.count.uses(), 0);
    });
}

#[test]
fn one_reader() {
    model(1, 5);
}

#[test]
fn two_readers() {
    model(2, 3);
}
