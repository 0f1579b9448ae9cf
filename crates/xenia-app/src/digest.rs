//! Digests: of a file, and of a machine's guest-visible state, in parts.
//!
//! What goes into a machine's: committed pages in address order; thread contexts in thread-id order, without budget,
//! reservation and engine scratch; kernel objects; guest time. What never goes in: anything of the
//! host. A change of meaning moves [`crate::golden::VERSION`].

use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;
use xenia_cpu::PpcContext;
use xenia_kernel::Kernel;
use xenia_memory::GuestMemory;
use xenia_sched::{GuestThread, Scheduler};

/// The SHA-256 of a file or an image, in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Bytes of memory that are handed to the hasher in one go: a page at a time leaves it no vectors to work with, and takes four
/// times as long.
const HASHED_AT_ONCE: usize = 256 << 10;

/// The parts by name, and their combination.
#[derive(Clone, Debug)]
pub struct Digest {
    /// Hash of each part.
    pub parts: BTreeMap<String, String>,
    /// Hash of the parts.
    pub combined: String,
}

impl Digest {
    /// Hashes everything a guest can see.
    pub fn of(memory: &GuestMemory, scheduler: &Scheduler, kernel: &Kernel) -> Self {
        let parts = BTreeMap::from([
            ("memory".to_owned(), memory_part(memory)),
            ("threads".to_owned(), threads_part(scheduler)),
            ("objects".to_owned(), objects_part(kernel)),
            ("time".to_owned(), blake3::hash(&scheduler.now().to_be_bytes()).to_hex().to_string()),
        ]);
        let mut all = blake3::Hasher::new();
        for (name, hash) in &parts {
            all.update(name.as_bytes());
            all.update(hash.as_bytes());
        }
        Self { combined: all.finalize().to_hex().to_string(), parts }
    }
}

fn memory_part(memory: &GuestMemory) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut waiting = Vec::with_capacity(HASHED_AT_ONCE);
    memory.for_each_committed_page(|addr, page| {
        waiting.extend_from_slice(&addr.0.to_be_bytes());
        waiting.extend_from_slice(page);
        if waiting.len() >= HASHED_AT_ONCE - (size_of::<u32>() + page.len()) {
            hasher.update(&waiting);
            waiting.clear();
        }
    });
    hasher.update(&waiting);
    hasher.finalize().to_hex().to_string()
}

fn threads_part(scheduler: &Scheduler) -> String {
    let mut threads: Vec<&GuestThread> = scheduler.threads().collect();
    threads.sort_by_key(|thread| thread.id);
    let mut hasher = blake3::Hasher::new();
    for thread in threads {
        hasher.update(&thread.id.to_be_bytes());
        let state = format!("{:?} on {} at {}", thread.state(), thread.slot(), thread.priority());
        hasher.update(state.as_bytes());
        let Some(ctx) = thread.context() else {
            unreachable!("between runs, nobody has a thread's registers")
        };
        context(ctx, &mut hasher);
    }
    hasher.finalize().to_hex().to_string()
}

/// The registers of one thread, in a fixed order and byte order.
fn context(ctx: &PpcContext, hasher: &mut blake3::Hasher) {
    for value in ctx.gpr.iter().chain(&ctx.fpr).chain([&ctx.lr, &ctx.ctr, &ctx.msr]) {
        hasher.update(&value.to_be_bytes());
    }
    for value in &ctx.vr {
        hasher.update(&value.to_be_bytes());
    }
    for value in [ctx.pc, ctx.cr_word(), ctx.xer_word(), ctx.fpscr, ctx.vscr, ctx.vrsave] {
        hasher.update(&value.to_be_bytes());
    }
}

fn objects_part(kernel: &Kernel) -> String {
    let mut hasher = blake3::Hasher::new();
    kernel.describe_objects(&mut |line| {
        hasher.update(line.as_bytes());
        hasher.update(b"\n");
    });
    hasher.finalize().to_hex().to_string()
}
