//! States requested by a window: saved to the title's slots between two slices of a run, and
//! written by a separate thread while the machine continues.

use super::Machine;
use super::state::write_state;
use crate::lock_order;
use crate::state_slots::{StateSlot, StateSlots};
use anyhow::{Context, Result, anyhow};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use xenia_gpu::Cancel;
use xenia_sched::{EndKind, GuestTicks, Limits, RunEnd, TICKS_PER_SECOND};
use xenia_state::{StateFile, Unsaveable};
use xenia_sync::{Level, Mutex};

/// Guest time in which a machine reaches a moment at which it can be saved.
const TIMEOUT: GuestTicks = TICKS_PER_SECOND;

/// Receives the slot and the result of saving a state to it.
pub type SlotSink = Box<dyn FnMut(StateSlot, Result<()>) + Send>;

/// The slots of a machine, and the writer of the state that was saved last.
pub(super) struct SaveSlots {
    slots: StateSlots,
    sink: Arc<Mutex<SlotSink>>,
    writer: Option<JoinHandle<()>>,
    /// Whether the state is saved when the title is left.
    saves_at_exit: bool,
}

impl SaveSlots {
    /// Waits until the state that was saved last is written.
    fn finish(&mut self) {
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the thread that wrote a state has panicked");
        }
    }

    /// Writes a state to a slot, and waits. Returns whether it is written.
    fn write(&self, slot: StateSlot, state: &StateFile) -> bool {
        let written = write_state(state, &self.slots.path(slot));
        let is_written = written.is_ok();
        (self.sink.lock())(slot, written);
        is_written
    }

    /// Keeps the state of an earlier exit, if there is one, under another name: it would take the
    /// player back to a time before this run.
    fn set_exit_aside(&self) {
        if self.slots.age(StateSlot::Exit).is_some()
            && let Err(error) = self.slots.set_aside(StateSlot::Exit)
        {
            tracing::warn!("the state of an earlier exit stays: {error:#}");
        }
    }

    /// Writes a state to a slot while the machine runs on.
    fn write_beside(&mut self, slot: StateSlot, state: StateFile) {
        // Two writers could end in the wrong order.
        self.finish();
        let slots = self.slots.clone();
        let sink = self.sink.clone();
        let work = move || {
            let written = slots.replacing(slot, || write_state(&state, &slots.path(slot)));
            (sink.lock())(slot, written);
        };
        match Builder::new().name("state writer".to_owned()).spawn(work) {
            Ok(writer) => self.writer = Some(writer),
            Err(error) => {
                (self.sink.lock())(slot, Err(error).context("cannot start the thread that writes the state"));
            }
        }
    }
}

impl Machine {
    /// Lets the pace request states in slots; `sink` receives the slot and the result.
    pub fn set_state_slots(&mut self, slots: StateSlots, sink: SlotSink) {
        let sink = Arc::new(Mutex::numbered(Level::Host, lock_order::SLOT_SINK, sink));
        self.outside.slots = Some(SaveSlots { slots, sink, writer: None, saves_at_exit: false });
    }

    /// Saves the state when the title is left, if there are slots.
    pub fn save_at_exit(&mut self) {
        if let Some(slots) = &mut self.outside.slots {
            slots.saves_at_exit = true;
        }
    }

    /// Whether the state is saved when the title is left.
    pub(super) fn saves_at_exit(&self) -> bool {
        self.outside.slots.as_ref().is_some_and(|slots| slots.saves_at_exit)
    }

    /// Saves the state of a run that the user has left, if requested. A title that has ended by
    /// itself starts from the beginning the next time; unless it has exited, the state of an
    /// earlier exit is set aside.
    pub(super) fn save_exit(&mut self, end: &RunEnd, was_left: bool) {
        let Some(slots) = self.outside.slots.as_mut().filter(|slots| slots.saves_at_exit) else { return };
        match end {
            RunEnd::Stopped if self.is_broken => return slots.set_exit_aside(),
            RunEnd::Stopped if was_left => {}
            RunEnd::Ended(EndKind::Exit { .. }) => return slots.slots.clear(StateSlot::Exit),
            RunEnd::Ended(EndKind::Crash { .. }) | RunEnd::Deadlock(_) => return slots.set_exit_aside(),
            // Neither a limit nor a restart counts as an end.
            _ => return,
        }
        let state = if self.outside.cancel.as_ref().is_some_and(Cancel::has_cut) {
            Err(anyhow!("a draw was cut short"))
        } else {
            self.state_soon()
        };
        let Some(slots) = &mut self.outside.slots else { return };
        let saved = slots.slots.prepare(StateSlot::Exit, None).and(state);
        let is_saved = match saved {
            Ok(state) => slots.write(StateSlot::Exit, &state),
            Err(error) => {
                (slots.sink.lock())(StateSlot::Exit, Err(error));
                false
            }
        };
        if !is_saved {
            slots.set_exit_aside();
        }
    }

    /// Saves the state to a slot. Returns whether a load may follow: the state is saved, or this
    /// machine has none.
    pub(super) fn save_to_slot(&mut self, slot: StateSlot) -> bool {
        if slot == StateSlot::Undo && self.spec.no_states.is_some() {
            // A load is still wanted.
            return true;
        }
        let state = self.state_soon();
        let Some(slots) = &mut self.outside.slots else { return false };
        match state {
            Ok(state) if slot == StateSlot::Undo => {
                // The state to be loaded may be the one that is being written.
                slots.finish();
                slots.write(slot, &state)
            }
            Ok(state) => {
                slots.write_beside(slot, state);
                true
            }
            Err(error) => {
                (slots.sink.lock())(slot, Err(error));
                false
            }
        }
    }

    /// The state. If the machine cannot be saved at this moment, it runs on for up to [`TIMEOUT`].
    fn state_soon(&mut self) -> Result<StateFile> {
        let give_up = self.position().now + TIMEOUT;
        loop {
            let state = self.save_state();
            let is_soon = state.as_ref().err().is_some_and(anyhow::Error::is::<Unsaveable>);
            if !is_soon || self.position().now >= give_up {
                return state;
            }
            let ticks = Some(self.position().now + TIMEOUT / 50);
            let end = self.inside.run(&Limits { ticks, ..Limits::default() });
            if !matches!(end, RunEnd::Ticks | RunEnd::Stopped) {
                return self.save_state();
            }
        }
    }

    /// Waits until the states of slots are written.
    pub(super) fn finish_slots(&mut self) {
        if let Some(slots) = &mut self.outside.slots {
            slots.finish();
        }
    }
}
