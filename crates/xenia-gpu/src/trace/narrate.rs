//! A trace as text: its packets, the state of each draw and copy, and a picture after each draw.

use super::{Player, Reader, TraceError};
use crate::backend::{Backend, BackendError, Frame, PresentCall};
use crate::draw_state::{CopyCall, DrawCall};
use crate::limits::Cancel;
use crate::memory::PhysicalMemory;
use crate::packets::{Header, describe};
use crate::processor::Observer;
use std::io::Read;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a narration tells, in order.
#[derive(Debug)]
pub enum Narration {
    /// A packet, so many indirect buffers deep.
    Packet {
        /// Indirect buffers around it.
        depth: usize,
        /// Its disassembly.
        text: String,
    },
    /// Packets that only fill the place, in a row; often many.
    Fillers {
        /// Indirect buffers around them.
        depth: usize,
        /// How many.
        count: u64,
    },
    /// A draw that was carried out.
    Draw {
        /// Its number in the trace, from 1.
        number: u64,
        /// Its state.
        call: Box<DrawCall>,
        /// What its target looked like afterwards, where that was asked for.
        picture: Option<Frame>,
        /// Why it was not carried out.
        error: Option<BackendError>,
    },
    /// A copy out of the EDRAM.
    Copy {
        /// Its state.
        call: Box<CopyCall>,
        /// Why it was not carried out.
        error: Option<BackendError>,
    },
    /// A swap.
    Swap {
        /// Its number in the trace, from 1.
        number: u64,
    },
}

/// What is told and not taken yet, at most: pictures are large, and one event of a trace may be
/// thousands of draws.
const MOST_WAITING: usize = 4;

/// The way to whoever is told.
struct Told {
    to: SyncSender<Narration>,
    /// Those in a row, told when something else comes: how deep, how many.
    fillers: Option<(usize, u64)>,
    /// Nobody listens any more.
    is_over: bool,
}

impl Told {
    fn tell(&mut self, what: Narration) {
        self.tell_fillers();
        self.is_over |= self.to.send(what).is_err();
    }

    fn tell_fillers(&mut self) {
        if let Some((depth, count)) = self.fillers.take() {
            self.is_over |= self.to.send(Narration::Fillers { depth, count }).is_err();
        }
    }
}

#[derive(Clone)]
struct Teller(Arc<Mutex<Told>>);

impl Teller {
    fn told(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A backend that tells what it is asked.
struct TellingBackend<P> {
    inner: Box<dyn Backend>,
    teller: Teller,
    draws: u64,
    wants_picture: P,
}

impl<P: Fn(u64) -> bool + Send> Backend for TellingBackend<P> {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn draw(&mut self, call: &DrawCall, memory: &dyn PhysicalMemory) -> Result<(), BackendError> {
        if self.teller.told().is_over {
            return Ok(());
        }
        let result = self.inner.draw(call, memory);
        self.draws += 1;
        let picture = (self.wants_picture)(self.draws).then(|| self.inner.target_picture(call)).flatten();
        let (number, call, error) = (self.draws, Box::new(call.clone()), result.clone().err());
        self.teller.told().tell(Narration::Draw { number, call, picture, error });
        result
    }

    fn copy(&mut self, call: &CopyCall, memory: &dyn PhysicalMemory) -> Result<(), BackendError> {
        if self.teller.told().is_over {
            return Ok(());
        }
        let result = self.inner.copy(call, memory);
        let (call, error) = (Box::new(call.clone()), result.clone().err());
        self.teller.told().tell(Narration::Copy { call, error });
        result
    }

    fn present(&mut self, call: &PresentCall, memory: &dyn PhysicalMemory) -> Option<Frame> {
        self.inner.present(call, memory)
    }

    fn samples_passed(&mut self) -> Option<u64> {
        self.inner.samples_passed()
    }

    fn cancel(&self) -> Option<Cancel> {
        self.inner.cancel()
    }

    fn digest(&mut self, sink: &mut dyn FnMut(&[u8])) {
        self.inner.digest(sink);
    }

    fn edram(&mut self) -> Option<Vec<u32>> {
        self.inner.edram()
    }

    fn set_edram(&mut self, words: &[u32]) -> Result<(), String> {
        self.inner.set_edram(words)
    }

    fn target_picture(&mut self, call: &DrawCall) -> Option<Frame> {
        self.inner.target_picture(call)
    }
}

impl Observer for Teller {
    fn packet(&mut self, depth: usize, header: Header, body: &[u32]) {
        let mut told = self.told();
        if header != Header::Filler {
            return told.tell(Narration::Packet { depth, text: describe(header, body) });
        }
        match &mut told.fillers {
            Some((before, count)) if *before == depth => *count += 1,
            _ => {
                told.tell_fillers();
                told.fillers = Some((depth, 1));
            }
        }
    }
}

/// Plays a trace on `backend` and hands `to` what happens; pictures of the draws that
/// `wants_picture` names. Ends early when `to` returns false. A thread of its own plays, and waits
/// for `to`.
pub fn narrate(
    from: Reader<impl Read + Send>,
    backend: Box<dyn Backend>,
    wants_picture: impl Fn(u64) -> bool + Send + 'static,
    to: impl FnMut(Narration) -> bool,
) -> Result<(), TraceError> {
    let (sender, receiver) = sync_channel(MOST_WAITING);
    let teller = Teller(Arc::new(Mutex::new(Told { to: sender, fillers: None, is_over: false })));
    std::thread::scope(|scope| {
        let playing = scope.spawn(move || play(from, backend, wants_picture, &teller));
        receiver.iter().all(to);
        // It hears of that when it wants to tell more.
        drop(receiver);
        playing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn play(
    from: Reader<impl Read>,
    backend: Box<dyn Backend>,
    wants_picture: impl Fn(u64) -> bool + Send + 'static,
    teller: &Teller,
) -> Result<(), TraceError> {
    let telling = TellingBackend { inner: backend, teller: teller.clone(), draws: 0, wants_picture };
    let mut player = Player::new(from, Box::new(telling), false)?;
    player.processor().observe(Box::new(teller.clone()));
    let mut frames = 0;
    loop {
        let goes_on = player.step(&mut |_, _| {})?;
        let mut told = teller.told();
        told.tell_fillers();
        for number in frames + 1..=player.frames() {
            told.tell(Narration::Swap { number });
        }
        frames = player.frames();
        if told.is_over || !goes_on {
            return Ok(());
        }
    }
}
