//! How the functions of a block's instructions follow each other.
//!
//! A thread is a function that runs an instruction and calls the next thread as its last act (a
//! tail call, where the compiler makes one). It stays short, as host code after a jump that was not
//! predicted costs by its length: one compare says whether another instruction follows, and loads
//! and stores are [`Plain`], as the call of a slow path would need a stack frame.
//!
//! [`Plain`]: super::Plain

use super::dispatch::{arm, handler_of};
use super::{Cpu, Flow, ILLEGAL, Step};
use crate::blocks::Entry;
use xenia_isa::{Instruction, decode};

/// An arm as a function pointer. It runs the first instruction of the code that it is given, and
/// goes on with the next one, up to the end or an instruction that doesn't simply go on.
pub(crate) type Thread = for<'a, 'b, 'c> fn(&'b mut Cpu<'a>, &'c [Entry], &'c Threads) -> Step;

/// Threads by number.
pub(crate) struct Threads(pub(crate) [Thread; THREADS]);

/// Threads that there is room for.
pub(crate) const THREADS: usize = 1 << 11;

/// Threads for code of one instruction, which nothing follows.
pub(super) static NONE: Threads = Threads([END; THREADS]);
pub(super) const END: Thread = |_, _, _| Ok(Flow::Next);

/// Runs one instruction. What follows it is not run.
#[inline]
pub(crate) fn run_one(cpu: &mut Cpu<'_>, thread: Thread, i: Instruction) -> Step {
    thread(cpu, &[Entry::new(i, 0), Entry::default()], &NONE)
}

/// Goes on with `rest`, unless the instruction in front of it ended the run.
#[inline(always)]
pub(super) fn go_on(cpu: &mut Cpu<'_>, rest: &[Entry], threads: &Threads, next: Thread, step: Step) -> Step {
    if step == Ok(Flow::Next) { next(cpu, rest, threads) } else { cpu.ended(rest.len(), step) }
}

/// Runs `code`, which is too short for the thread that it begins with: that of an instruction which
/// another one follows.
#[cold]
#[inline(never)]
pub(super) fn one_by_one(cpu: &mut Cpu<'_>, code: &[Entry]) -> Step {
    for (entry, left) in code.iter().zip((0..code.len()).rev()) {
        let i = entry.instruction();
        // The threads of words that are no instruction, or whose facility is off, don't come here.
        let step = run_one(cpu, decode(i.0).map_or(ILLEGAL, |op| handler_of(op, i)), i);
        if step != Ok(Flow::Next) {
            return cpu.ended(left, step);
        }
    }
    Ok(Flow::Next)
}

/// Goes on where the first instruction of `code` ended with `step` as one of
/// [`Plain`](super::Plain).
#[cold]
#[inline(never)]
pub(super) fn after_plain(cpu: &mut Cpu<'_>, code: &[Entry], threads: &Threads, step: Step) -> Step {
    let [first, rest @ ..] = code else { return step };
    let i = first.instruction();
    let step = match (step, decode(i.0)) {
        (Ok(Flow::Watched), _) => {
            cpu.memory.stored_to_watched(cpu.stored_at);
            Ok(Flow::Next)
        }
        // It has changed nothing.
        (Err(_), Some(op)) => run_one(cpu, arm(op), i),
        _ => step,
    };
    let next = rest.first().map_or(END, |next| threads.0[next.thread()]);
    go_on(cpu, rest, threads, next, step)
}

/// The thread of an arm that may be the last of its block.
macro_rules! either {
    (|$cpu:ident, $i:ident| $step:expr) => {
        |$cpu, code, threads| {
            let [first, rest @ ..] = code else { return Ok(Flow::Next) };
            let next = rest.first().map_or(END, |next| threads.0[next.thread()]);
            let $i = first.instruction();
            let step = $step;
            go_on($cpu, rest, threads, next, step)
        }
    };
}

/// The thread of an arm that others follow, unless its block is cut. The next thread is looked up
/// before the arm runs: processors seldom foresee where a call leads in much code, and learn it
/// sooner so.
macro_rules! thread {
    (|$cpu:ident, $i:ident| $step:expr) => {
        |$cpu, code, threads| {
            let [first, next, ..] = code else { return one_by_one($cpu, code) };
            let rest = &code[1..];
            let next = threads.0[next.thread()];
            let $i = first.instruction();
            let step = $step;
            go_on($cpu, rest, threads, next, step)
        }
    };
}

/// The thread of an arm that is always the last of its block.
macro_rules! last {
    (|$cpu:ident, $i:ident| $step:expr) => {
        |$cpu, code, _| {
            let [first, rest @ ..] = code else { return Ok(Flow::Next) };
            let $i = first.instruction();
            let step = $step;
            if step == Ok(Flow::Next) { step } else { $cpu.ended(rest.len(), step) }
        }
    };
}

/// An arm of a family; loads and stores are [`Plain`].
macro_rules! run {
    ($cpu:ident, LoadStore::$name:ident, $i:expr) => {
        Plain($cpu).$name($i)
    };
    ($cpu:ident, $family:ident::$name:ident, $i:expr) => {
        $family::$name($cpu, $i)
    };
}
pub(super) use {either, last, run, thread};
