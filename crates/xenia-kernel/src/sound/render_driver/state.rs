//! State of the render driver: clients with their frames, and the grid.

use super::{Client, Entry, FRAME_TICKS, MAX_LAG, NEVER, RenderDriver, SoundFigures, State};
use crate::objects::check_thread;
use crate::ports::RenderFrame;
use serde::{Deserialize, Serialize};
use std::sync::atomic::Ordering::Relaxed;
use xenia_limits::Limit;
use xenia_sched::GuestTicks;
use xenia_state::{Impossible, check, is_count};

/// State of a [`RenderDriver`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RenderDriverState {
    due: Option<GuestTicks>,
    /// By the index in their handles.
    clients: [Option<ClientState>; 8],
    leaving: Vec<Entry>,
    figures: SoundFigures,
    has_song: bool,
}

/// State of a [`Client`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct ClientState {
    entry: Entry,
    /// Frames, the next one first.
    queue: Vec<Vec<u8>>,
    has_begun: bool,
    is_busy: bool,
    is_woken: bool,
    is_owed: bool,
}

impl RenderDriverState {
    /// Number of clients whose thread is woken for a call that it has not begun. A client whose
    /// thread was terminated counts, too.
    pub(crate) fn woken(&self) -> usize {
        self.clients.iter().flatten().filter(|client| client.is_woken).count()
    }
}

impl Client {
    fn state(&self) -> ClientState {
        let Self { entry, queue, has_begun, is_busy, is_woken, is_owed } = self;
        ClientState {
            entry: *entry,
            queue: queue.iter().map(|frame| frame.to_vec()).collect(),
            has_begun: *has_begun,
            is_busy: *is_busy,
            is_woken: *is_woken,
            is_owed: *is_owed,
        }
    }
}

impl ClientState {
    fn client(self) -> Result<Client, Impossible> {
        let Self { entry, queue, has_begun, is_busy, is_woken, is_owed } = self;
        let frame = |bytes: Vec<u8>| -> Result<Box<RenderFrame>, Impossible> {
            bytes.into_boxed_slice().try_into().map_err(|_| "a sound frame has another size".into())
        };
        let queue = queue.into_iter().map(frame).collect::<Result<_, _>>()?;
        Ok(Client { entry, queue, has_begun, is_busy, is_woken, is_owed })
    }
}

impl RenderDriver {
    /// The driver's state.
    pub(crate) fn state(&self) -> RenderDriverState {
        // The machine's limits are its configuration.
        let Self { due: _, state, limits: _ } = self;
        let State { clients, leaving, figures, has_song } = &*state.lock();
        RenderDriverState {
            due: self.next_due(),
            clients: clients.each_ref().map(|client| client.as_ref().map(Client::state)),
            leaving: leaving.clone(),
            figures: *figures,
            has_song: *has_song,
        }
    }

    /// Replaces clients and grid by those of a state, taken at guest time `now`.
    pub(crate) fn restore(&self, state: RenderDriverState, now: GuestTicks) -> Result<(), Impossible> {
        let RenderDriverState { due, clients, leaving, figures, has_song } = state;
        let SoundFigures { frames_played, frames_submitted, callbacks, callbacks_lost, underruns } = figures;
        let counts = [frames_played, frames_submitted, callbacks, callbacks_lost, underruns];
        check(counts.into_iter().all(is_count), "a count of sound frames is too high")?;
        let entries = clients.iter().flatten().map(|client| &client.entry).chain(&leaving);
        entries.map(|entry| entry.thread).try_for_each(check_thread)?;
        for client in clients.iter().flatten().filter(|client| !client.queue.is_empty()) {
            let admitted = self.limits.admit(Limit::RenderFrames, client.queue.len() - 1);
            check(admitted.is_ok(), "a sound client has too many frames")?;
        }
        let is_grid = |due: GuestTicks| {
            is_count(due) && due.is_multiple_of(FRAME_TICKS) && now.saturating_sub(due) <= MAX_LAG
        };
        check(due.is_none_or(is_grid), "the next sound frame is too late, long past or off the sound grid")?;
        let plays = has_song || clients.iter().any(Option::is_some);
        check(due.is_some() == plays, "the sound grid runs without need, or does not run")?;
        let mut all = [const { None }; 8];
        for (place, client) in all.iter_mut().zip(clients) {
            *place = client.map(ClientState::client).transpose()?;
        }
        *self.state.lock() = State { clients: all, leaving, figures, has_song };
        self.due.store(due.unwrap_or(NEVER), Relaxed);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Due, Next};
    use super::*;
    use crate::kernel::round_trip;
    use crate::ports::RENDER_FRAME_BYTES;
    use std::sync::Arc;
    use xenia_guest::GuestAddr;
    use xenia_limits::ResourceLimits;
    use xenia_sched::ThreadRef;

    fn driver() -> RenderDriver {
        RenderDriver::new(Arc::new(ResourceLimits::default()))
    }

    fn entry(index: u16) -> Entry {
        let thread = ThreadRef { hw_id: 4, generation: 0, idx: index };
        Entry { callback: GuestAddr(0x8200_0000), cell: GuestAddr(u32::from(index)), thread }
    }

    /// A driver with a client inside a call, one with frames, and one that is removed.
    fn used() -> RenderDriver {
        let driver = driver();
        let handles = [1, 2, 3].map(|index| {
            let handle = driver.add(entry(index)).expect("there is room");
            assert!(driver.start(handle, entry(index).thread, 0));
            handle
        });
        for byte in 0..10 {
            driver.submit(handles[1], Box::new([byte; RENDER_FRAME_BYTES])).expect("there is room");
        }
        for point in 1..=3 {
            driver.take_due(point * FRAME_TICKS).expect("a grid point");
        }
        assert_eq!(driver.begin(entry(1).thread), Some(Next::Call(entry(1))));
        driver.remove(handles[2]).expect("it is a client");
        driver
    }

    type Point = (Option<Due>, Vec<Option<Next>>, Option<GuestTicks>);

    /// All that happens up to the twentieth grid point.
    fn goes_on(driver: &RenderDriver) -> Vec<Point> {
        let one = |point| {
            let due = driver.take_due(point * FRAME_TICKS);
            let mut next: Vec<_> = (1..=3).map(|index| driver.begin(entry(index).thread)).collect();
            next.extend((1..=3).map(|index| driver.returned(entry(index).thread, || {})));
            (due, next, driver.next_due())
        };
        (1..20).map(one).collect()
    }

    #[test]
    fn a_restored_driver_continues_as_the_saved_one() {
        let other = driver();
        let driver = used();
        let saved = driver.state();
        other.restore(round_trip(&saved), 4 * FRAME_TICKS - 1).expect("it can be");
        assert_eq!(other.state(), saved);
        assert_eq!(goes_on(&other), goes_on(&driver));
        assert_eq!((other.figures(), other.state()), (driver.figures(), driver.state()));
    }

    #[test]
    fn impossible_driver_states_are_refused() {
        let changes: [fn(&mut RenderDriverState); 9] = [
            |state| state.due = None,
            |state| state.due = Some(5),
            |state| state.due = Some(u64::MAX / FRAME_TICKS * FRAME_TICKS),
            |state| state.clients = [const { None }; 8],
            |state| state.figures.underruns = u64::MAX,
            |state| state.leaving[0].thread.hw_id = 6,
            |state| {
                if let Some(client) = &mut state.clients[0] {
                    client.entry.thread.hw_id = 6;
                }
            },
            |state| {
                if let Some(client) = &mut state.clients[1] {
                    client.queue[0].pop();
                }
            },
            |state| {
                if let Some(client) = &mut state.clients[1] {
                    client.queue = vec![vec![0; RENDER_FRAME_BYTES]; 65];
                }
            },
        ];
        for (index, change) in changes.into_iter().enumerate() {
            let mut state = used().state();
            change(&mut state);
            assert!(driver().restore(state, 3 * FRAME_TICKS).is_err(), "{index}");
        }
        let lags = driver().restore(used().state(), 3 * FRAME_TICKS + 2 * MAX_LAG);
        assert!(lags.is_err(), "no run's grid lags so far");
    }
}
