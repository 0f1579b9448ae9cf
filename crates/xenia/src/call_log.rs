//! Logs kernel calls: target `kernel`, level `debug`, guest time first, as in the event log.
//!
//! A machine only emits these events if the level was enabled when the machine was made, because
//! formatting them is expensive.

use crate::event_log::EventLog;
use tracing::Level;
use xenia_sched::{Event, EventSink, GuestTicks};

/// Target of the lines; other lines about the kernel share it.
const TARGET: &str = "kernel";

/// Logs calls, and forwards all events.
struct CallLog {
    next: Option<EventLog>,
}

/// The sink for a machine's events, if they go anywhere.
pub(crate) fn events(event_log: Option<&EventLog>) -> Option<Box<dyn EventSink>> {
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
