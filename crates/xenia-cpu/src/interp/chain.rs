//! Threaded code: how the handlers of a block's instructions are chained.
//!
//! A *handler* is a function that runs an instruction and calls the next handler as its last act (a
//! tail call, if the compiler makes one). It is short, because host code after a mispredicted jump
//! costs by its length: one compare decides whether another instruction follows, and loads and
//! stores are [`Plain`], because the call of a slow path would need a stack frame.
//!
//! [`Plain`]: super::Plain

use super::blocks::PredecodedWord;
use super::dispatch::{arm, handler_of};
use super::{CpuView, ILLEGAL, Retirement, Step};
use xenia_isa::{Instruction, decode};

/// A handler as a function pointer. It runs the first instruction of the given code, and continues
/// with the next one, up to the end or an instruction that does not simply continue.
pub(crate) type RowHandler =
    for<'a, 'b, 'c> fn(&'b mut CpuView<'a>, &'c [PredecodedWord], &'c HandlerTable) -> Step;

/// Handlers by number.
pub(crate) struct HandlerTable(pub(crate) [RowHandler; MAX_HANDLERS]);

/// Limit on the number of handlers.
pub(crate) const MAX_HANDLERS: usize = 1 << 11;

/// Handlers for code of one instruction, without a successor.
pub(super) static NO_SUCCESSORS: HandlerTable = HandlerTable([END; MAX_HANDLERS]);
pub(super) const END: RowHandler = |_, _, _| Ok(Retirement::Next);

/// Runs one instruction, without its successors.
#[inline]
pub(crate) fn run_one(cpu: &mut CpuView<'_>, handler: RowHandler, i: Instruction) -> Step {
    handler(cpu, &[PredecodedWord::new(i, 0), PredecodedWord::default()], &NO_SUCCESSORS)
}

/// Continues with `rest`, unless the instruction before it ended the run.
#[inline(always)]
pub(super) fn chain(
    cpu: &mut CpuView<'_>,
    rest: &[PredecodedWord],
    table: &HandlerTable,
    next: RowHandler,
    step: Step,
) -> Step {
    if step == Ok(Retirement::Next) { next(cpu, rest, table) } else { cpu.end_run(rest.len(), step) }
}

/// Runs `code`, which is too short for its first handler (one that expects a successor).
#[cold]
#[inline(never)]
pub(super) fn one_by_one(cpu: &mut CpuView<'_>, code: &[PredecodedWord]) -> Step {
    for (entry, left) in code.iter().zip((0..code.len()).rev()) {
        let i = entry.instruction();
        // Illegal instructions, and instructions whose facility is off, do not reach this function.
        let step = run_one(cpu, decode(i.0).map_or(ILLEGAL, |op| handler_of(op, i)), i);
        if step != Ok(Retirement::Next) {
            return cpu.end_run(left, step);
        }
    }
    Ok(Retirement::Next)
}

/// Continues after the first instruction of `code` ended with `step` as a [`Plain`](super::Plain)
/// one.
#[cold]
#[inline(never)]
pub(super) fn after_plain(
    cpu: &mut CpuView<'_>,
    code: &[PredecodedWord],
    table: &HandlerTable,
    step: Step,
) -> Step {
    let [first, rest @ ..] = code else { return step };
    let i = first.instruction();
    let step = match (step, decode(i.0)) {
        (Ok(Retirement::Watched), _) => {
            cpu.memory.stored_to_watched(cpu.stored_at);
            Ok(Retirement::Next)
        }
        // The plain arm gave up and changed no state.
        (Err(_), Some(op)) => run_one(cpu, arm(op), i),
        _ => step,
    };
    let next = rest.first().map_or(END, |next| table.0[next.handler()]);
    chain(cpu, rest, table, next, step)
}

/// The handler of an arm that may be the last of its block.
macro_rules! either {
    (|$cpu:ident, $i:ident| $step:expr) => {
        |$cpu, code, table| {
            let [first, rest @ ..] = code else { return Ok(Retirement::Next) };
            let next = rest.first().map_or(END, |next| table.0[next.handler()]);
            let $i = first.instruction();
            let step = $step;
            chain($cpu, rest, table, next, step)
        }
    };
}

/// The handler of an arm that has successors, unless its block is cut. The next handler is looked
/// up before the arm runs, so that a mispredicted indirect call is resolved sooner.
macro_rules! chained {
    (|$cpu:ident, $i:ident| $step:expr) => {
        |$cpu, code, table| {
            let [first, next, ..] = code else { return one_by_one($cpu, code) };
            let rest = &code[1..];
            let next = table.0[next.handler()];
            let $i = first.instruction();
            let step = $step;
            chain($cpu, rest, table, next, step)
        }
    };
}

/// The handler of an arm that is always the last of its block.
macro_rules! last {
    (|$cpu:ident, $i:ident| $step:expr) => {
        |$cpu, code, _| {
            let [first, rest @ ..] = code else { return Ok(Retirement::Next) };
            let $i = first.instruction();
            let step = $step;
            if step == Ok(Retirement::Next) { step } else { $cpu.end_run(rest.len(), step) }
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
pub(super) use {chained, either, last, run};
