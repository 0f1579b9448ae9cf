//! Comparison of two traces, up to the first event that differs.

use super::{ProcessorState, Reader, TraceError, TraceEvent};
use crate::registers;
use std::io::Read;

/// First difference between two traces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceDifference {
    /// Number of the event, from 0.
    pub event: u64,
    /// Guest time of the latest event that has one (swaps can't be located without playing).
    pub now: u64,
    /// Description of the difference.
    pub what: String,
}

/// Compares two traces. Returns `Ok(Err(events))`, the number of events, if they are equal.
pub fn compare(
    mut a: Reader<impl Read>,
    mut b: Reader<impl Read>,
) -> Result<Result<TraceDifference, u64>, TraceError> {
    let mut now = 0;
    loop {
        let event = a.events();
        let what = match (a.next_event()?, b.next_event()?) {
            (None, None) => return Ok(Err(event)),
            (Some(left), Some(right)) if left == right => {
                if let TraceEvent::Pump { now: time } | TraceEvent::Store { now: time, .. } = left {
                    now = time;
                }
                continue;
            }
            (Some(left), Some(right)) => describe(&left, &right),
            (Some(event), None) => format!("only in the first: {}", event.describe()),
            (None, Some(event)) => format!("only in the second: {}", event.describe()),
        };
        return Ok(Ok(TraceDifference { event, now, what }));
    }
}

fn describe(a: &TraceEvent, b: &TraceEvent) -> String {
    match (a, b) {
        (TraceEvent::Start(a), TraceEvent::Start(b)) => {
            format!("the states they begin with: {}", states(a, b))
        }
        (TraceEvent::Memory { at, bytes }, TraceEvent::Memory { at: other, bytes: others })
            if at == other =>
        {
            match bytes.iter().zip(others).position(|(a, b)| a != b) {
                Some(first) => format!(
                    "memory at {:#010x}: {:#04x} and {:#04x}",
                    // Memory addresses wrap around.
                    at.wrapping_add(first as u32),
                    bytes[first],
                    others[first]
                ),
                None => format!("memory at {at:#010x}: {} bytes and {}", bytes.len(), others.len()),
            }
        }
        _ => format!("{}; {}", a.describe(), b.describe()),
    }
}

fn states(a: &ProcessorState, b: &ProcessorState) -> String {
    let differs = |(index, (a, b)): (usize, (&u32, &u32))| (a != b).then_some((index, *a, *b));
    if let Some((index, a, b)) = a.registers.iter().zip(&b.registers).enumerate().find_map(differs) {
        return format!("{}; {}", registers::describe(index as u32, a), registers::describe(index as u32, b));
    }
    if let Some((index, a, b)) = a.edram.iter().zip(&b.edram).enumerate().find_map(differs) {
        return format!("EDRAM word {index:#x}: {a:#010x} and {b:#010x}");
    }
    // The remaining state is small.
    let rest = |state: &ProcessorState| {
        let state = ProcessorState { registers: Vec::new(), edram: Vec::new(), ..state.clone() };
        format!("{state:?}")
    };
    format!("{}; {}", rest(a), rest(b))
}
