//! State of a stream across frames. Its bands follow from the sample rate.

use super::{Channel, FrameDecoder, MAX_TILE, MIN_TILE, REACH, RateCode, SHORT_LAG};
use crate::xma::tile::Scales;
use serde::{Deserialize, Serialize};
use xenia_state::{Impossible, check};

/// State of a [`FrameDecoder`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::xma) struct FrameDecoderState {
    channels: Vec<ChannelState>,
    has_long_lag: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct ChannelState {
    samples: Vec<f32>,
    before: u32,
    scales: Scales,
}

/// Whether a tile can have this length.
pub(in crate::xma) fn is_tile(length: usize) -> bool {
    [MIN_TILE, 2 * MIN_TILE, MAX_TILE].contains(&length)
}

impl Channel {
    fn state(&self) -> ChannelState {
        let Self { samples, before, scales } = self;
        ChannelState { samples: samples.clone(), before: *before as u32, scales: scales.clone() }
    }
}

impl ChannelState {
    fn channel(self) -> Result<Channel, Impossible> {
        let Self { samples, before, scales } = self;
        check(samples.len() == REACH + MAX_TILE, "a channel has another number of samples")?;
        check(is_tile(before as usize), "a tile has an impossible length")?;
        scales.check_state()?;
        Ok(Channel { samples, before: before as usize, scales })
    }
}

impl FrameDecoder {
    /// The stream's state.
    pub(in crate::xma) fn state(&self) -> FrameDecoderState {
        let Self { channels, bands: _, lag } = self;
        let has_long_lag = *lag != SHORT_LAG;
        FrameDecoderState { channels: channels.iter().map(Channel::state).collect(), has_long_lag }
    }

    /// The stream of a state, with the channels and the sample rate of its context.
    pub(in crate::xma) fn restored(
        is_stereo: bool,
        rate: RateCode,
        state: FrameDecoderState,
    ) -> Result<Self, Impossible> {
        let FrameDecoderState { channels, has_long_lag } = state;
        let new = Self::new(is_stereo, rate);
        check(channels.len() == new.channels(), "a stream has another number of channels")?;
        let channels = channels.into_iter().map(ChannelState::channel).collect::<Result<_, _>>()?;
        Ok(Self { channels, lag: if has_long_lag { REACH } else { SHORT_LAG }, ..new })
    }
}
