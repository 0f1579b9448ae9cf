//! Loom model of the counted slot: a table of one slot that is closed and filled again while other
//! threads look it up.

use super::*;
use crate::atomic::AtomicU32;
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

struct Table {
    count: GenerationCount,
    /// The contents: the generation, or 0 while they are being cleared. Only the count orders
    /// accesses to it.
    contents: AtomicU32,
    /// Tells loom of reads and writes of the contents.
    guarded: UnsafeCell<()>,
    /// The generation that a look-up finds; 0 if there is none.
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

    /// Releases a reference; the last one clears the contents and fills the slot again once.
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
            count: GenerationCount::new(),
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
fn one_reader_sees_whole_contents_in_every_order() {
    model(1, 5);
}

#[test]
fn two_readers_see_whole_contents_in_every_order() {
    model(2, 3);
}
