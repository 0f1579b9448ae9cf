//! Converts the player's flags to the library's plain options.

use super::{PictureArgs, SoundArgs};
use xenia::config::{SoundConfig, VideoConfig};

impl From<&PictureArgs> for VideoConfig {
    fn from(args: &PictureArgs) -> Self {
        Self {
            gpu: args.gpu,
            async_pipelines: args.async_pipelines,
            readback: args.readback,
            queries: args.queries,
            anisotropy: args.anisotropy,
            internal_resolution: args.internal_resolution,
            adapter: args.adapter.clone(),
            cache: args.cache.clone(),
            lose_device: args.lose_device.clone(),
        }
    }
}

impl From<&SoundArgs> for SoundConfig {
    fn from(args: &SoundArgs) -> Self {
        let volume = if args.mute { 0 } else { args.volume };
        Self { output: args.audio.clone(), speakers: args.speakers, volume }
    }
}
