//! Arguments that configure sound.

use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::str::FromStr;

/// Outputs for sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AudioOutput {
    /// No sound output.
    Null,
    /// The host's sound server.
    Device,
    /// A WAV file.
    Wav(PathBuf),
}

impl FromStr for AudioOutput {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.strip_prefix("wav:")) {
            ("null", _) => Ok(Self::Null),
            ("device", _) => Ok(Self::Device),
            (_, Some(file)) if !file.is_empty() => Ok(Self::Wav(file.into())),
            _ => Err(format!("{text} is none of null, device and wav:FILE")),
        }
    }
}

/// Layouts of speakers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Speakers {
    /// Two speakers (stereo).
    #[default]
    Stereo,
    /// Six speakers: front left and right, centre, low frequencies, back left and right.
    #[value(name = "5.1")]
    Surround,
}

/// Flags that configure sound; they do not change anything that a title sees.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Sound")]
pub struct SoundArgs {
    /// Sound output: null, device, or wav:FILE (default: device in a window, null without one).
    #[arg(long, value_name = "null|device|wav:FILE")]
    pub audio: Option<AudioOutput>,
    /// Speaker layout that sound is mixed for.
    #[arg(long, value_enum, default_value_t)]
    pub speakers: Speakers,
    /// Volume in percent.
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u16).range(..=200), default_value = "100")]
    pub volume: u16,
    /// Mute the sound.
    #[arg(long)]
    pub mute: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_named() {
        assert_eq!("null".parse(), Ok(AudioOutput::Null));
        assert_eq!("device".parse(), Ok(AudioOutput::Device));
        assert_eq!("wav:a/b.wav".parse(), Ok(AudioOutput::Wav("a/b.wav".into())));
        for wrong in ["", "wav:", "a.wav", "Device"] {
            assert!(wrong.parse::<AudioOutput>().is_err(), "{wrong}");
        }
    }
}
