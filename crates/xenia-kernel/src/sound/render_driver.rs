//! The render driver: clients submit frames, and at each point of a guest-time grid one frame of
//! each client is played.
//!
//! A frame has 256 samples at 48 kHz, which is exactly 266,000 ticks. All clients share one grid,
//! the multiples of that: at each point one frame of every client's queue is played, and every
//! client is called for the next one. The driver does not use the host's clock, so output and
//! callbacks depend on guest time alone. While a song plays the grid also runs without clients.
//!
//! - A client is called once per grid point, never in bursts. If it is still busy with the last
//!   call, one further call is pending; more are dropped and counted.
//! - A client with [`TARGET_QUEUE_LENGTH`] frames in its queue is not called. Frames beyond a limit
//!   are refused.
//! - A client with an empty queue is silent; after its first frame this counts as an underrun.
//! - After a longer stop of the host, during which guest time went on ([`MAX_LAG`]), the missed
//!   points are left out. A song then ends before its last frames are played.
//! - A client is added first and started once the title has its handle: a call before that would
//!   submit a frame without a handle.

mod state;

pub(crate) use state::RenderDriverState;

use crate::ports::RenderFrame;
use crate::status::failure::Fallible;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use xenia_guest::{GuestAddr, NtStatus, SOUND_FRAME_SAMPLES, SOUND_RATE};
use xenia_limits::{Limit, ResourceLimits};
use xenia_sched::{GuestTicks, TICKS_PER_SECOND, ThreadRef};
use xenia_sync::{Level, Mutex};

/// Duration of a frame in ticks of guest time.
pub const FRAME_TICKS: GuestTicks = TICKS_PER_SECOND * SOUND_FRAME_SAMPLES as u64 / SOUND_RATE as u64;
const _: () = assert!(TICKS_PER_SECOND * SOUND_FRAME_SAMPLES as u64 == FRAME_TICKS * SOUND_RATE as u64);

/// Longest time by which the grid may lag behind: its points are played one by one.
const MAX_LAG: GuestTicks = 60 * TICKS_PER_SECOND;

/// Number of queued frames at which a client is no longer called.
const TARGET_QUEUE_LENGTH: usize = 8;
/// Handles are this value plus the client's index; 0x4155 is `AU`.
const HANDLE: u32 = 0x4155_0000;
/// Value of the next grid point while the grid is stopped.
const NEVER: GuestTicks = GuestTicks::MAX;

/// Statistics of the render driver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoundFigures {
    /// Grid points with at least one client or a song.
    pub frames_played: u64,
    /// Frames submitted by clients.
    pub frames_submitted: u64,
    /// Callbacks made to clients.
    pub callbacks: u64,
    /// Callbacks dropped because a client was busy and one further call was pending already.
    pub callbacks_lost: u64,
    /// Grid points at which a started client had no frame.
    pub underruns: u64,
}

/// A client's callback: called as `callback(cell)` on a separate thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) callback: GuestAddr,
    /// Guest memory cell with the title's context word.
    pub(super) cell: GuestAddr,
    pub(super) thread: ThreadRef,
}

#[derive(Debug)]
struct Client {
    entry: Entry,
    queue: VecDeque<Box<RenderFrame>>,
    /// Whether it has submitted a frame.
    has_begun: bool,
    /// Whether it is in a call, or woken for one.
    is_busy: bool,
    /// Whether it was woken and has not started the call yet.
    is_woken: bool,
    /// Whether it is called again after the current call.
    is_owed: bool,
}

#[derive(Debug, Default)]
struct State {
    clients: [Option<Client>; 8],
    /// Threads of removed clients; they end when their call returns.
    leaving: Vec<Entry>,
    figures: SoundFigures,
    /// Whether a song is playing.
    has_song: bool,
}

/// Work of one grid point.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Due {
    /// Frames to play.
    pub(super) frames: Vec<Box<RenderFrame>>,
    /// Client threads to call; the caller wakes them.
    pub(super) woken: Vec<ThreadRef>,
}

/// State of a removed client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Removed {
    /// Its thread is waiting: the caller wakes it, and it ends.
    Waiting(ThreadRef),
    /// Its thread is in a call: it ends when the call returns.
    Busy,
}

/// Next action of a client's thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Make this call.
    Call(Entry),
    /// Wait for the next grid point.
    Wait,
    /// End: the client with this cell was removed.
    End(GuestAddr),
}

/// Clients of the render driver, their queues, and the grid of guest time.
#[derive(Debug)]
pub struct RenderDriver {
    /// Guest time of the next grid point.
    due: AtomicU64,
    state: Mutex<State>,
    limits: Arc<ResourceLimits>,
}

impl RenderDriver {
    /// A driver without clients; refusals are counted in `limits`.
    pub(crate) fn new(limits: Arc<ResourceLimits>) -> Self {
        Self { due: AtomicU64::new(NEVER), state: Mutex::new(Level::Devices, State::default()), limits }
    }

    /// Guest time at which the next frame is played; `None` while the grid is stopped.
    pub fn next_due(&self) -> Option<GuestTicks> {
        Some(self.due.load(Relaxed)).filter(|&due| due != NEVER)
    }

    /// Statistics since the start.
    pub fn figures(&self) -> SoundFigures {
        self.state.lock().figures
    }

    /// Checks that another client is within the limit.
    pub(super) fn admit(&self) -> Fallible<()> {
        let clients = self.state.lock().clients.iter().flatten().count();
        Ok(self.limits.admit(Limit::RenderClients, clients)?)
    }

    /// Adds a client whose thread is waiting; returns its handle. It is not called before
    /// [`Self::start`].
    pub(super) fn add(&self, entry: Entry) -> Fallible<u32> {
        let mut state = self.state.lock();
        let free = state.clients.iter().position(Option::is_none).ok_or(NtStatus::INSUFFICIENT_RESOURCES)?;
        state.clients[free] = Some(Client {
            entry,
            queue: VecDeque::new(),
            has_begun: false,
            is_busy: true,
            is_woken: false,
            is_owed: false,
        });
        Ok(HANDLE + free as u32)
    }

    /// Begins to call an added client, at the next grid point; the first client starts the grid.
    /// Returns whether the client still exists: a title that guesses its handle may have removed
    /// it.
    pub(super) fn start(&self, handle: u32, thread: ThreadRef, now: GuestTicks) -> bool {
        let mut state = self.state.lock();
        let client = state.clients.get_mut(handle.wrapping_sub(HANDLE) as usize).and_then(Option::as_mut);
        let Some(client) = client.filter(|client| client.entry.thread == thread) else { return false };
        client.is_busy = false;
        client.is_owed = false;
        self.keep_grid(&state, now);
        true
    }

    /// Removes a client and its queue; `None` for an unknown handle.
    pub(super) fn remove(&self, handle: u32) -> Option<Removed> {
        let mut state = self.state.lock();
        let client = state.clients.get_mut(handle.wrapping_sub(HANDLE) as usize)?.take()?;
        self.keep_grid(&state, 0);
        state.leaving.push(client.entry);
        Some(if client.is_busy { Removed::Busy } else { Removed::Waiting(client.entry.thread) })
    }

    /// Records whether a song is playing.
    pub(crate) fn set_has_song(&self, has_song: bool, now: GuestTicks) {
        let mut state = self.state.lock();
        state.has_song = has_song;
        self.keep_grid(&state, now);
    }

    /// Starts the grid at the next grid point, or stops it.
    fn keep_grid(&self, state: &State, now: GuestTicks) {
        let is_silent = !state.has_song && state.clients.iter().all(Option::is_none);
        if is_silent {
            self.due.store(NEVER, Relaxed);
        } else if self.next_due().is_none() {
            self.due.store((now / FRAME_TICKS + 1) * FRAME_TICKS, Relaxed);
        }
    }

    /// Queues a frame of a client. Frames of removed clients are ignored without an error.
    pub fn submit(&self, handle: u32, frame: Box<RenderFrame>) -> Fallible<()> {
        let mut state = self.state.lock();
        let State { clients, figures, .. } = &mut *state;
        let Some(Some(client)) = clients.get_mut(handle.wrapping_sub(HANDLE) as usize) else { return Ok(()) };
        self.limits.admit(Limit::RenderFrames, client.queue.len())?;
        client.queue.push_back(frame);
        client.has_begun = true;
        figures.frames_submitted += 1;
        Ok(())
    }

    /// Takes the next grid point, if it is due by `now`.
    pub(super) fn take_due(&self, now: GuestTicks) -> Option<Due> {
        // Fast path without the lock; the time is checked again under it.
        if self.due.load(Relaxed) > now {
            return None;
        }
        let mut state = self.state.lock();
        let due = self.next_due().filter(|&due| due <= now)?;
        let due = if now - due > MAX_LAG { now / FRAME_TICKS * FRAME_TICKS } else { due };
        self.due.store(due + FRAME_TICKS, Relaxed);
        let State { clients, figures, .. } = &mut *state;
        let mut what = Due::default();
        figures.frames_played += 1;
        for client in clients.iter_mut().flatten() {
            match client.queue.pop_front() {
                Some(frame) => what.frames.push(frame),
                None => figures.underruns += u64::from(client.has_begun),
            }
            if client.queue.len() >= TARGET_QUEUE_LENGTH {
                continue;
            }
            if !client.is_busy {
                client.is_busy = true;
                client.is_woken = true;
                figures.callbacks += 1;
                what.woken.push(client.entry.thread);
            } else if !client.is_owed {
                client.is_owed = true;
            } else {
                figures.callbacks_lost += 1;
            }
        }
        Some(what)
    }

    /// Next action of a woken thread, whose client may have been removed; `None` if the thread is
    /// not one of the driver's.
    pub(super) fn begin(&self, thread: ThreadRef) -> Option<Next> {
        let mut state = self.state.lock();
        if let Some(client) = state.client_of(thread).filter(|client| client.is_woken) {
            client.is_woken = false;
            return Some(Next::Call(client.entry));
        }
        state.end(thread)
    }

    /// Next action of a thread whose call has returned; `None` if the thread is not one of the
    /// driver's. If it has to wait, `wait` is called under the driver's lock, so that the thread
    /// cannot be woken before it waits.
    pub(super) fn returned(&self, thread: ThreadRef, wait: impl FnOnce()) -> Option<Next> {
        let mut state = self.state.lock();
        if let Some(client) = state.client_of(thread) {
            if std::mem::take(&mut client.is_owed) {
                let entry = client.entry;
                state.figures.callbacks += 1;
                return Some(Next::Call(entry));
            }
            client.is_busy = false;
            wait();
            return Some(Next::Wait);
        }
        state.end(thread)
    }

    /// Driver state as lines: part of the input of a state digest.
    pub(crate) fn describe(&self, line: &mut dyn FnMut(&str)) {
        let state = self.state.lock();
        for (index, client) in state.clients.iter().enumerate() {
            let Some(Client { entry, queue, has_begun, is_busy, is_woken, is_owed }) = client else {
                continue;
            };
            line(&format!(
                "render client {index} callback {} cell {} queued {} begun {has_begun} busy {is_busy} woken {is_woken} owed {is_owed}",
                entry.callback,
                entry.cell,
                queue.len(),
            ));
        }
        if let Some(due) = self.next_due() {
            line(&format!("render due {due}"));
        }
    }
}

impl State {
    fn client_of(&mut self, thread: ThreadRef) -> Option<&mut Client> {
        self.clients.iter_mut().flatten().find(|client| client.entry.thread == thread)
    }

    fn end(&mut self, thread: ThreadRef) -> Option<Next> {
        let at = self.leaving.iter().position(|entry| entry.thread == thread)?;
        Some(Next::End(self.leaving.swap_remove(at).cell))
    }
}

#[cfg(test)]
mod tests;
