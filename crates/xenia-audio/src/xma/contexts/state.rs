//! State of the decoder: streams between two passes, and statistics.

use super::super::frame::FrameDecoderState;
use super::{Decoder, FRAME_SAMPLES, MAX_FRAMES_PER_PASS, READ_OFFSETS, Stream, XmaFigures};
use crate::xma::stream::{FrameDecoder, RateCode};
use serde::{Deserialize, Serialize};
use xenia_guest::GuestAddr;
use xenia_guest::xma::CONTEXTS;
use xenia_state::{Impossible, StateSection, check, is_count};

/// Largest number of samples that wait for room in the ring: those of two channels in the frames of
/// a pass and of the one before it.
const MAX_PENDING: usize = 2 * 2 * FRAME_SAMPLES * MAX_FRAMES_PER_PASS;

/// State of a [`Decoder`]. Its registers are in memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct XmaState {
    contexts: Option<GuestAddr>,
    /// One for each context.
    streams: Vec<Option<StreamState>>,
    figures: XmaFigures,
    moment: u64,
    figures_before: XmaFigures,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct StreamState {
    decoder: FrameDecoderState,
    is_stereo: bool,
    rate: u32,
    pending: Vec<i16>,
    leave_out: u32,
    waits_at: Option<u32>,
}

impl StateSection for XmaState {
    const NAME: &'static str = "xma";
    const VERSION: u16 = 3;
}

impl XmaFigures {
    fn counts(&self) -> [u64; 6] {
        let Self { passes, frames, frames_failed, faults, refused, packets } = *self;
        [passes, frames, frames_failed, faults, refused, packets]
    }
}

impl Stream {
    fn state(&self) -> StreamState {
        let Self { decoder, is_stereo, rate, pending, leave_out, waits_at } = self;
        StreamState {
            decoder: decoder.state(),
            is_stereo: *is_stereo,
            rate: rate.0,
            pending: pending.iter().copied().collect(),
            leave_out: *leave_out as u32,
            waits_at: *waits_at,
        }
    }
}

impl StreamState {
    fn stream(self) -> Result<Stream, Impossible> {
        let Self { decoder, is_stereo, rate, pending, leave_out, waits_at } = self;
        check(pending.len() <= MAX_PENDING, "too many samples wait for a ring")?;
        check(leave_out as usize <= FRAME_SAMPLES, "too many samples are left out")?;
        check(waits_at.is_none_or(|at| at < READ_OFFSETS), "a frame waits outside its buffer")?;
        let rate = RateCode(rate);
        let decoder = FrameDecoder::restored(is_stereo, rate, decoder)?;
        Ok(Stream {
            decoder,
            is_stereo,
            rate,
            pending: pending.into(),
            leave_out: leave_out as usize,
            waits_at,
        })
    }
}

impl Decoder {
    /// The decoder's state.
    pub fn state(&self) -> XmaState {
        let Self { memory: _, contexts, streams, figures, moment, figures_before } = self;
        XmaState {
            contexts: *contexts,
            streams: streams.iter().map(|stream| stream.as_ref().map(|stream| stream.state())).collect(),
            figures: *figures,
            moment: *moment,
            figures_before: *figures_before,
        }
    }

    /// Replaces the decoder's state.
    ///
    /// # Errors
    /// A state that no decoder can have.
    pub fn restore(&mut self, state: XmaState) -> Result<(), Impossible> {
        let XmaState { contexts, streams, figures, moment, figures_before } = state;
        check(streams.len() == CONTEXTS as usize, "the XMA decoder has another number of contexts")?;
        let mut counts = figures.counts().into_iter().zip(figures_before.counts());
        let is_possible = counts.all(|(now, before)| is_count(now) && before <= now);
        check(is_possible, "the statistics of the XMA decoder go backwards")?;
        let streams =
            streams.into_iter().map(|stream| Ok(stream.map(StreamState::stream).transpose()?.map(Box::new)));
        self.streams = streams.collect::<Result<_, Impossible>>()?;
        self.contexts = contexts;
        self.figures = figures;
        self.moment = moment;
        self.figures_before = figures_before;
        Ok(())
    }
}
