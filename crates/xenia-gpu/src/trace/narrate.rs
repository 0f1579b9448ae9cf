//! A trace as text: its packets, the state of each draw and copy, and a picture after each draw.

use super::{Player, Reader, TraceError};
use crate::backend::{Backend, BackendError, Frame, PresentCall};
use crate::draw_state::{CopyCall, DrawCall};
use crate::limits::Cancel;
use crate::memory::PhysicalMemory;
use crate::packets::{Header, describe};
use crate::processor::Observer;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

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

type Told = Arc<Mutex<Vec<Narration>>>;

fn tell(told: &Told, what: Narration) {
    told.lock().unwrap_or_else(PoisonError::into_inner).push(what);
}

/// A backend that tells what it is asked.
struct Teller<P> {
    inner: Box<dyn Backend>,
    told: Told,
    draws: u64,
    wants_picture: P,
}

impl<P: Fn(u64) -> bool + Send> Backend for Teller<P> {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn draw(&mut self, call: &DrawCall, memory: &dyn PhysicalMemory) -> Result<(), BackendError> {
        let result = self.inner.draw(call, memory);
        self.draws += 1;
        let picture = (self.wants_picture)(self.draws).then(|| self.inner.target_picture(call)).flatten();
        let (number, call, error) = (self.draws, Box::new(call.clone()), result.clone().err());
        tell(&self.told, Narration::Draw { number, call, picture, error });
        result
    }

    fn copy(&mut self, call: &CopyCall, memory: &dyn PhysicalMemory) -> Result<(), BackendError> {
        let result = self.inner.copy(call, memory);
        tell(&self.told, Narration::Copy { call: Box::new(call.clone()), error: result.clone().err() });
        result
    }

    fn present(&mut self, call: &PresentCall, memory: &dyn PhysicalMemory) -> Option<Frame> {
        self.inner.present(call, memory)
    }

    fn samples_passed(&mut self) -> Option<u64> {
        self.inner.samples_passed()
    }

    fn begin_query(&mut self, already: u64) {
        self.inner.begin_query(already);
    }

    fn query_samples(&mut self) -> Option<u64> {
        self.inner.query_samples()
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

struct PacketTeller(Told);

impl Observer for PacketTeller {
    fn packet(&mut self, depth: usize, header: Header, body: &[u32]) {
        if header != Header::Filler {
            return tell(&self.0, Narration::Packet { depth, text: describe(header, body) });
        }
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match told.last_mut() {
            Some(Narration::Fillers { depth: before, count }) if *before == depth => *count += 1,
            _ => told.push(Narration::Fillers { depth, count: 1 }),
        }
    }
}

/// Plays a trace on `backend` and hands `to` what happens; pictures of the draws that `wants_picture` names.
/// Ends early when `to` returns false.
pub fn narrate(
    from: Reader<impl Read>,
    backend: Box<dyn Backend>,
    wants_picture: impl Fn(u64) -> bool + Send + 'static,
    mut to: impl FnMut(Narration) -> bool,
) -> Result<(), TraceError> {
    let told = Told::default();
    let teller = Teller { inner: backend, told: told.clone(), draws: 0, wants_picture };
    let mut player = Player::new(from, Box::new(teller), false)?;
    player.processor().observe(Box::new(PacketTeller(told.clone())));
    let mut frames = 0;
    loop {
        let goes_on = player.step(&mut |_, _| {})?;
        let batch = std::mem::take(&mut *told.lock().unwrap_or_else(PoisonError::into_inner));
        let swaps = frames + 1..=player.frames();
        frames = player.frames();
        let swaps = swaps.map(|number| Narration::Swap { number });
        if !batch.into_iter().chain(swaps).all(&mut to) || !goes_on {
            return Ok(());
        }
    }
}
