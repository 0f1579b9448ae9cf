//! Trace to text: its packets, the state of each draw and resolve, and an image after each draw.

use super::Player;
use crate::Cancel;
use crate::backend::{Backend, BackendError, DevicePicture, Frame, Inputs, PresentCall, Readback};
use crate::draw_state::{ConditionalSurvey, DrawCall, ResolveCall};
use crate::edram::EdramPage;
use crate::memory::{PhysicalMemory, PhysicalRange};
use crate::packets::{Header, describe};
use crate::processor::Observer;
use crate::trace::{Reader, TraceError};
use std::io::Read;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use xenia_sync::{Level, Mutex, MutexGuard};

/// Item of a narration, in order.
#[derive(Debug)]
pub enum Narration {
    /// An executed packet.
    Packet {
        /// Number of enclosing indirect buffers.
        depth: usize,
        /// Disassembly of the packet.
        text: String,
    },
    /// Run of consecutive filler packets, often a long one.
    Fillers {
        /// Number of enclosing indirect buffers.
        depth: usize,
        /// Number of fillers.
        count: u64,
    },
    /// An executed draw.
    Draw {
        /// Number of the draw in the trace, from 1.
        number: u64,
        /// State of the draw.
        call: Box<DrawCall>,
        /// Image of the draw's target afterwards, if requested.
        picture: Option<Frame>,
        /// Error of the draw, if it failed.
        error: Option<BackendError>,
    },
    /// An executed resolve.
    Resolve {
        /// State of the resolve.
        call: Box<ResolveCall>,
        /// Error of the resolve, if it failed.
        error: Option<BackendError>,
    },
    /// A buffer swap.
    Swap {
        /// Number of the swap in the trace, from 1.
        number: u64,
    },
}

/// Maximum number of queued items: images are large, and one event of a trace may contain thousands
/// of draws.
const MAX_WAITING: usize = 4;

/// Sender of narration items.
struct NarrationSender {
    to: SyncSender<Narration>,
    /// Pending run of fillers (depth and number), sent before the next other item.
    fillers: Option<(usize, u64)>,
    /// The receiver is gone.
    has_no_receiver: bool,
}

impl NarrationSender {
    fn send(&mut self, what: Narration) {
        self.flush_fillers();
        self.has_no_receiver |= self.to.send(what).is_err();
    }

    fn flush_fillers(&mut self) {
        if let Some((depth, count)) = self.fillers.take() {
            self.has_no_receiver |= self.to.send(Narration::Fillers { depth, count }).is_err();
        }
    }
}

#[derive(Clone)]
struct SharedSender(Arc<Mutex<NarrationSender>>);

impl SharedSender {
    fn lock(&self) -> MutexGuard<'_, NarrationSender> {
        self.0.lock()
    }
}

/// Backend wrapper that narrates the calls it receives.
struct NarratingBackend<P> {
    inner: Box<dyn Backend>,
    sender: SharedSender,
    draws: u64,
    needs_picture: P,
}

// A narration must make the calls that playing the trace makes.
#[deny(clippy::missing_trait_methods)]
impl<P: Fn(u64) -> bool + Send> Backend for NarratingBackend<P> {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn expect_draw(&mut self, call: &DrawCall) {
        self.inner.expect_draw(call);
    }

    fn draw(&mut self, call: &DrawCall, memory: &dyn PhysicalMemory) -> Result<(), BackendError> {
        if self.sender.lock().has_no_receiver {
            return Ok(());
        }
        let result = self.inner.draw(call, memory);
        self.draws += 1;
        let picture = (self.needs_picture)(self.draws).then(|| self.inner.target_picture(call)).flatten();
        let number = self.draws;
        let call = Box::new(call.clone());
        let error = result.clone().err();
        self.sender.lock().send(Narration::Draw { number, call, picture, error });
        result
    }

    fn resolve(&mut self, call: &ResolveCall, memory: &dyn PhysicalMemory) -> Result<(), BackendError> {
        if self.sender.lock().has_no_receiver {
            return Ok(());
        }
        let result = self.inner.resolve(call, memory);
        let call = Box::new(call.clone());
        let error = result.clone().err();
        self.sender.lock().send(Narration::Resolve { call, error });
        result
    }

    fn set_readback(&mut self, readback: Readback) {
        self.inner.set_readback(readback);
    }

    fn has_pending(&self) -> bool {
        self.inner.has_pending()
    }

    fn is_pending(&self, range: PhysicalRange) -> bool {
        self.inner.is_pending(range)
    }

    fn deliver(
        &mut self,
        range: Option<PhysicalRange>,
        memory: &dyn PhysicalMemory,
    ) -> Result<(), BackendError> {
        self.inner.deliver(range, memory)
    }

    fn present(&mut self, call: &PresentCall, memory: &dyn PhysicalMemory) -> Option<Frame> {
        self.inner.present(call, memory)
    }

    fn present_on_device(
        &mut self,
        call: &PresentCall,
        memory: &dyn PhysicalMemory,
    ) -> Option<Arc<dyn DevicePicture>> {
        self.inner.present_on_device(call, memory)
    }

    fn end_frame(&mut self) {
        self.inner.end_frame();
    }

    fn count_samples(&mut self, counts: bool) {
        self.inner.count_samples(counts);
    }

    fn samples_passed(&mut self) -> Option<u64> {
        self.inner.samples_passed()
    }

    fn samples_so_far(&mut self) -> Option<u64> {
        self.inner.samples_so_far()
    }

    fn survey(&mut self, survey: ConditionalSurvey) -> bool {
        self.inner.survey(survey)
    }

    fn poll_survey(&mut self, survey: ConditionalSurvey) -> Option<bool> {
        self.inner.poll_survey(survey)
    }

    fn begin_samples(&mut self) -> Option<u64> {
        self.inner.begin_samples()
    }

    fn begin_delivery(&mut self, memory: &dyn PhysicalMemory) -> Option<u64> {
        self.inner.begin_delivery(memory)
    }

    fn poll_result(&mut self, number: u64, memory: &dyn PhysicalMemory) -> Option<u64> {
        self.inner.poll_result(number, memory)
    }

    fn wait_for_result(&mut self, number: u64, memory: &dyn PhysicalMemory) -> u64 {
        self.inner.wait_for_result(number, memory)
    }

    /// None: with a list of inputs, draws would be made by a thread, and narrated after later
    /// packets.
    fn inputs(&self) -> Option<Inputs> {
        None
    }

    fn late_errors(&mut self) -> Vec<BackendError> {
        self.inner.late_errors()
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

    fn edram_since(&mut self, since: u64, each: &mut dyn FnMut(u32, &EdramPage)) -> Option<u64> {
        self.inner.edram_since(since, each)
    }

    fn set_edram(&mut self, words: &[u32]) -> Result<(), String> {
        self.inner.set_edram(words)
    }

    fn target_picture(&mut self, call: &DrawCall) -> Option<Frame> {
        self.inner.target_picture(call)
    }
}

impl Observer for SharedSender {
    fn packet(&mut self, depth: usize, header: Header, body: &[u32]) {
        let mut sender = self.lock();
        if header != Header::Filler {
            return sender.send(Narration::Packet { depth, text: describe(header, body) });
        }
        match &mut sender.fillers {
            Some((before, count)) if *before == depth => *count += 1,
            _ => {
                sender.flush_fillers();
                sender.fillers = Some((depth, 1));
            }
        }
    }
}

/// Plays a trace on `backend` and calls `to` with each item. `needs_picture` selects the draws with
/// images. Ends early if `to` returns false. A separate thread plays the trace and is blocked while
/// `to` runs behind.
pub fn narrate(
    from: Reader<impl Read + Send>,
    backend: Box<dyn Backend>,
    needs_picture: impl Fn(u64) -> bool + Send + 'static,
    to: impl FnMut(Narration) -> bool,
) -> Result<(), TraceError> {
    let (sender, receiver) = sync_channel(MAX_WAITING);
    let sender = SharedSender(Arc::new(Mutex::new(
        Level::Leaf,
        NarrationSender { to: sender, fillers: None, has_no_receiver: false },
    )));
    std::thread::scope(|scope| {
        let playing = scope.spawn(move || play(from, backend, needs_picture, &sender));
        receiver.iter().all(to);
        // The player notices that the receiver is gone when it next sends.
        drop(receiver);
        playing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn play(
    from: Reader<impl Read>,
    backend: Box<dyn Backend>,
    needs_picture: impl Fn(u64) -> bool + Send + 'static,
    sender: &SharedSender,
) -> Result<(), TraceError> {
    let narrating = NarratingBackend { inner: backend, sender: sender.clone(), draws: 0, needs_picture };
    let mut player = Player::new(from, Box::new(narrating))?;
    player.processor().observe(Box::new(sender.clone()));
    let mut frames = 0;
    loop {
        let goes_on = player.step(&mut |_, _| {})?;
        let mut sender = sender.lock();
        sender.flush_fillers();
        for number in frames + 1..=player.frames() {
            sender.send(Narration::Swap { number });
        }
        frames = player.frames();
        if sender.has_no_receiver || !goes_on {
            return Ok(());
        }
    }
}
