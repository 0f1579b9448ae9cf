//! Trace of calls: a line for each call of an export, with its arguments, thread, guest time and
//! result.
//!
//! A call that returns immediately has one line. A call that waits or calls guest code has a line
//! at that point and another at its end, so the trace shows the object that a blocked thread waits
//! for. Calls that repeat, or continue in a later turn, have one line at their end.
//!
//! Invariants: the guest can't observe the trace, and reading its memory for a line changes
//! nothing; the number of open calls is bounded by [`THREADS`] and [`NESTED`].

mod filter;
mod result;

pub use filter::{CallFilter, CallFilterError};

use super::Callee;
use crate::abi::{Call, Flow, ShownArguments};
use result::{Moment, result_text};
use std::collections::BTreeMap;
use std::fmt::{self, Write};
use xenia_imports::Library;
use xenia_imports::ordinals::{self, Returns};
use xenia_memory::GuestMemory;
use xenia_sched::{Event, GuestTicks};
use xenia_sync::{Level, Mutex};

/// Threads with open calls; beyond it, those of the lowest id are forgotten.
const THREADS: usize = 1024;
/// Open calls of a thread; beyond it, the outermost is forgotten.
const NESTED: usize = 64;

/// Receives the lines, without line ends.
pub type CallTraceSink = Box<dyn FnMut(&str) + Send>;

/// The trace of a machine's calls.
pub struct CallTrace {
    filter: CallFilter,
    /// The known exports that the filter admits, by library and ordinal.
    admitted: [Vec<bool>; Library::ALL.len()],
    state: Mutex<TraceState>,
}

struct TraceState {
    sink: CallTraceSink,
    /// The calls of each thread that have not ended, innermost last.
    open: BTreeMap<u32, Vec<OpenCall>>,
}

/// A call that has begun.
pub(crate) struct TracedCall {
    begun: GuestTicks,
    name: String,
    arguments: ShownArguments,
    returns: Returns,
    /// Whether the export exists only by name.
    missing: bool,
    /// Whether the call has a line already.
    has_line: bool,
    at: CallSite,
    thread: u32,
    hw_id: u8,
}

/// Identifies an open call of a thread: the pc after it, and r1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CallSite {
    pc: u32,
    stack_pointer: u32,
}

impl CallSite {
    /// Of the call that is being made, or returned to.
    pub(crate) fn of(call: &Call) -> Self {
        let ctx = call.ctx();
        Self { pc: ctx.pc, stack_pointer: ctx.gpr[1] as u32 }
    }
}

/// Reason why a call is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OpenState {
    /// The thread waits, and gets the result when it wakes.
    Waits,
    /// Guest code runs, or the call continues in a later turn.
    Continues,
    /// The call will be repeated.
    Repeats,
}

struct OpenCall {
    call: TracedCall,
    state: OpenState,
}

impl fmt::Debug for CallTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallTrace").field("filter", &self.filter).finish_non_exhaustive()
    }
}

impl CallTrace {
    /// Traces the calls that `filter` admits.
    pub fn new(filter: CallFilter, sink: CallTraceSink) -> Self {
        let admitted = Library::ALL.map(|library| {
            let last = library.rows().last().map_or(0, |row| usize::from(row.ordinal.0));
            let mut admitted = vec![false; last + 1];
            for row in library.rows() {
                admitted[usize::from(row.ordinal.0)] = filter.admits(Some(library), row.name);
            }
            admitted
        });
        // Above that of the event log, whose events end waits.
        let state = Mutex::numbered(Level::Leaf, 1, TraceState { sink, open: BTreeMap::new() });
        Self { filter, admitted, state }
    }

    fn admits(&self, callee: Callee) -> bool {
        let (library, ordinal) = callee.place();
        let known = library.and_then(|library| {
            ordinals::find(library.rows(), ordinal)?;
            self.admitted[library as usize].get(usize::from(ordinal.0)).copied()
        });
        known.unwrap_or_else(|| self.filter.admits(library, &callee.name()))
    }

    /// Begins a call, if it is traced.
    pub(crate) fn begin(&self, call: &mut Call, callee: Callee) -> Option<TracedCall> {
        if !self.admits(callee) {
            return None;
        }
        let name = callee.name();
        let at = CallSite::of(call);
        if let Some(repeated) = self.take_repeated(call.thread_id(), at) {
            return Some(repeated);
        }
        let (library, ordinal) = callee.place();
        let row = library.and_then(|library| ordinals::find(library.rows(), ordinal));
        let returns = row.and_then(|row| row.result).map_or(Returns::Unsure, |result| result.returns);
        let unreadable = || ShownArguments { text: "(unreadable stack)".to_owned(), ..Default::default() };
        let (missing, arguments) = match callee {
            Callee::Export(export) => (false, (export.describe)(call).unwrap_or_else(unreadable)),
            Callee::Missing { .. } => (true, registers(call)),
        };
        Some(TracedCall {
            begun: call.now(),
            name,
            arguments,
            returns,
            missing,
            has_line: false,
            at,
            thread: call.thread_id(),
            hw_id: call.hw_id(),
        })
    }

    /// Takes the open call that this one repeats. Other calls of the same place have been left
    /// without a return.
    fn take_repeated(&self, thread: u32, at: CallSite) -> Option<TracedCall> {
        let mut state = self.state.lock();
        let open = state.open.get_mut(&thread)?;
        let last = open.pop_if(|open| open.state == OpenState::Repeats && open.call.at == at);
        open.retain(|open| open.call.at.stack_pointer != at.stack_pointer);
        last.map(|open| open.call)
    }

    /// Continues the open call to which guest code has returned, if it is traced.
    pub(crate) fn continued(&self, call: &Call, at: CallSite, flow: &Flow) {
        let mut state = self.state.lock();
        let Some(open) = state.open.get_mut(&call.thread_id()) else { return };
        let is_it = |open: &OpenCall| open.state == OpenState::Continues && open.call.at == at;
        let Some(index) = open.iter().rposition(is_it) else { return };
        // Inner calls have been left without a return.
        open.truncate(index + 1);
        let traced = open.pop();
        drop(state);
        if let Some(traced) = traced {
            self.follow(call.memory(), call.now(), traced.call, flow);
        }
    }

    /// Ends the wait of a thread, if the event is its end.
    pub fn event(&self, memory: &GuestMemory, now: GuestTicks, event: &Event<'_>) {
        if let Event::Wake { thread, value } = *event {
            self.end_wait(memory, now, thread, value);
        }
    }

    /// Ends the wait of a thread, whose call returns `value`.
    pub(crate) fn end_wait(&self, memory: &GuestMemory, now: GuestTicks, thread: u32, value: u64) {
        let mut state = self.state.lock();
        let Some(open) = state.open.get_mut(&thread) else { return };
        let traced = open.pop_if(|open| open.state == OpenState::Waits);
        drop(state);
        if let Some(traced) = traced {
            self.follow(memory, now, traced.call, &Flow::Return(value));
        }
    }

    /// Ends a call, or keeps it open, by its flow.
    pub(crate) fn follow(&self, memory: &GuestMemory, now: GuestTicks, mut traced: TracedCall, flow: &Flow) {
        let (tail, state) = match flow {
            Flow::Return(value) | Flow::Yield(value) => (Some(traced.result(memory, *value)), None),
            Flow::Block(wait) => {
                let mut text = format!(" waits: {}", wait.reason);
                if let Some(deadline) = wait.deadline {
                    let _ = write!(text, " until {}", Moment(deadline));
                }
                (Some(text), Some(OpenState::Waits))
            }
            Flow::CallGuest(guest) => (Some(format!(" calls {}", guest.pc)), Some(OpenState::Continues)),
            Flow::Later(_) => (None, Some(OpenState::Continues)),
            Flow::Repeat => (None, Some(OpenState::Repeats)),
            Flow::Exit { code } => (Some(format!(" ends the thread: {code:#x}")), None),
            Flow::Fault(fault) => (Some(format!(" raises an exception: {fault}")), None),
            Flow::End(_) => (Some(" ends the run".to_owned()), None),
        };
        let line = tail.map(|tail| traced.line(now, &tail));
        let mut guard = self.state.lock();
        let TraceState { sink, open } = &mut *guard;
        if let Some(line) = line {
            traced.has_line = true;
            sink(&line);
        }
        let thread = traced.thread;
        match state {
            Some(state) => {
                let calls = open.entry(thread).or_default();
                if calls.len() >= NESTED {
                    calls.remove(0);
                }
                calls.push(OpenCall { call: traced, state });
                if open.len() > THREADS {
                    open.pop_first();
                }
            }
            None if matches!(flow, Flow::Exit { .. }) => {
                open.remove(&thread);
            }
            None => {}
        }
    }
}

/// The registers of arguments whose types are unknown.
fn registers(call: &Call) -> ShownArguments {
    let words = call.ctx().gpr[3..11].iter().map(|word| format!("{word:#x}"));
    ShownArguments { text: words.collect::<Vec<_>>().join(", "), ..Default::default() }
}

impl TracedCall {
    /// The result as text, with the results that the call has stored.
    fn result(&self, memory: &GuestMemory, value: u64) -> String {
        let mut text = result_text(self.returns, value);
        if self.missing {
            text.push_str(" (missing)");
        }
        for (index, (label, stored)) in self.arguments.stored.iter().enumerate() {
            let _ = write!(text, "{}{label}", if index == 0 { " [" } else { ", " });
            stored.show(memory, &mut text);
        }
        if !self.arguments.stored.is_empty() {
            text.push(']');
        }
        text
    }

    /// A line of this call: all of it, or its end.
    fn line(&self, now: GuestTicks, tail: &str) -> String {
        let Self { begun, name, arguments, has_line, thread, hw_id, .. } = self;
        let lasted = now.saturating_sub(*begun);
        let lasted = if lasted > 0 { format!(" <{}>", Moment(lasted)) } else { String::new() };
        if *has_line {
            format!("{} t{thread} hw{hw_id} ... {name}{tail}{lasted}", Moment(now))
        } else {
            format!("{} t{thread} hw{hw_id} {name}({}){tail}{lasted}", Moment(*begun), arguments.text)
        }
    }
}
