//! Arguments that configure sound.

use clap::Args;
use xenia::config::{AudioOutput, SpeakerLayout};
use xenia_cli::numbers::number_in;

/// Flags that configure sound; they do not change anything that a title sees.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Sound")]
pub struct SoundArgs {
    /// Sound output: null, device, or wav:FILE (default: device in a window, null without one).
    #[arg(long, value_name = "null|device|wav:FILE")]
    pub audio: Option<AudioOutput>,
    /// Speaker layout that sound is mixed for.
    #[arg(long, value_enum, default_value_t)]
    pub speakers: SpeakerLayout,
    /// Volume in percent.
    #[arg(long, value_name = "PERCENT", value_parser = number_in::<u16>(0..=200), default_value = "100")]
    pub volume: u16,
    /// Mute the sound.
    #[arg(long)]
    pub mute: bool,
}
