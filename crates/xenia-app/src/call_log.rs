//! Kernel calls as lines of the log: target `kernel`, level `debug`, guest time first, as in the
//! event log.
//!
//! A machine has this only where somebody asked for those lines when it was made: events cost what
//! they are made of.

use crate::event_log::EventLog;
use tracing::Level;
use xenia_sched::{Event, EventSink, GuestTicks};

/// Their target, which other lines about the kernel have, too.
const TARGET: &str = "kernel";

/// Logs calls, and hands all events on.
struct CallLog {
    next: Option<EventLog>,
}

/// What takes the events of a machine, if anything does.
pub fn events(event_log: Option<&EventLog>) -> Option<Box<dyn EventSink>> {
    if tracing::enabled!(target: TARGET, Level::DEBUG) {
        return Some(Box::new(CallLog { next: event_log.cloned() }));
    }
    event_log.map(|log| Box::new(log.clone()) as Box<dyn EventSink>)
}

impl EventSink for CallLog {
    fn event(&mut self, now: GuestTicks, event: &Event<'_>) {
        if matches!(event, Event::Call { .. }) {
            tracing::debug!(target: TARGET, "{now} {event}");
        }
        if let Some(log) = &mut self.next {
            log.event(now, event);
        }
    }
}
