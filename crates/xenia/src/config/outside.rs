//! Options of the title, and of the machine's connections to the host.

use std::path::PathBuf;
use std::str::FromStr;
use xenia_gpu::enums::Anisotropy;
use xenia_gpu::{QueryReports, Readback};

/// Backends of the GPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum GpuKind {
    /// The host's GPU or its software driver when there is a window, unless the run is recorded,
    /// replayed or logged; otherwise the reference renderer.
    #[default]
    Auto,
    /// The exact software renderer, which `check` uses.
    #[cfg_attr(feature = "clap", value(alias = "software"))]
    Reference,
    /// The host's GPU or its software driver: fast, but its rounding differs from the console's.
    #[cfg_attr(feature = "clap", value(alias = "vulkan"))]
    Wgpu,
    /// No drawing; commands are still processed.
    #[cfg_attr(feature = "clap", value(aliases = ["null", "off"]))]
    None,
}

/// Times at which memory gets the texels of resolves, with [`GpuKind::Wgpu`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum ReadbackMode {
    /// At each resolve, which waits for the host's GPU.
    Full,
    /// Before the title may read them: at fences and interrupts, in lockstep before its code
    /// continues.
    #[default]
    Lazy,
    /// Only where the console's GPU reads them in another way than as a texture. The fastest;
    /// titles that read pictures (for thumbnails, exposure, picking) see old memory.
    None,
}

impl From<ReadbackMode> for Readback {
    fn from(mode: ReadbackMode) -> Self {
        match mode {
            ReadbackMode::Full => Self::Full,
            ReadbackMode::Lazy => Self::Lazy,
            ReadbackMode::None => Self::None,
        }
    }
}

/// Times at which memory gets reports of occlusion queries, with [`GpuKind::Wgpu`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum QueryMode {
    /// At once, which waits for the host's GPU.
    Exact,
    /// With --parallel when the host's GPU has counted; later writes of the console's GPU wait for
    /// the report.
    #[default]
    Late,
}

impl From<QueryMode> for QueryReports {
    fn from(mode: QueryMode) -> Self {
        match mode {
            QueryMode::Exact => Self::Exact,
            QueryMode::Late => Self::Late,
        }
    }
}

/// Anisotropy of textures with linear filters, with [`GpuKind::Wgpu`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum AnisotropyMode {
    /// As the title sets it.
    #[default]
    Title,
    /// None: surfaces seen at a flat angle are blurred.
    #[cfg_attr(feature = "clap", value(name = "1"))]
    Max1,
    /// At most two samples along the longer axis of a pixel's footprint.
    #[cfg_attr(feature = "clap", value(name = "2"))]
    Max2,
    /// At most four.
    #[cfg_attr(feature = "clap", value(name = "4"))]
    Max4,
    /// At most eight.
    #[cfg_attr(feature = "clap", value(name = "8"))]
    Max8,
    /// At most sixteen.
    #[cfg_attr(feature = "clap", value(name = "16"))]
    Max16,
}

impl From<AnisotropyMode> for Option<Anisotropy> {
    fn from(mode: AnisotropyMode) -> Self {
        Some(match mode {
            AnisotropyMode::Title => return None,
            AnisotropyMode::Max1 => Anisotropy::Disabled,
            AnisotropyMode::Max2 => Anisotropy::Max2,
            AnisotropyMode::Max4 => Anisotropy::Max4,
            AnisotropyMode::Max8 => Anisotropy::Max8,
            AnisotropyMode::Max16 => Anisotropy::Max16,
        })
    }
}

/// Host pixels per pixel of the title in each direction, with [`GpuKind::Wgpu`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum InternalResolution {
    /// The console's resolution.
    #[default]
    #[cfg_attr(feature = "clap", value(name = "1"))]
    X1,
    /// 2560 x 1440 for a frame of 1280 x 720.
    #[cfg_attr(feature = "clap", value(name = "2"))]
    X2,
    /// 3840 x 2160 for such a frame.
    #[cfg_attr(feature = "clap", value(name = "3"))]
    X3,
    /// 5120 x 2880 for such a frame.
    #[cfg_attr(feature = "clap", value(name = "4"))]
    X4,
}

impl InternalResolution {
    /// Host pixels per pixel of the title, each way.
    pub fn factor(self) -> u32 {
        match self {
            Self::X1 => 1,
            Self::X2 => 2,
            Self::X3 => 3,
            Self::X4 => 4,
        }
    }
}

/// Networks that a title's sockets can use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum NetworkKind {
    /// No network: the console's cable is unplugged.
    Off,
    /// A private network inside the process: a title's sockets reach only each other.
    #[default]
    Loopback,
    /// The host's network, with everything reachable from it.
    Host,
}

/// Policies that answer the console's dialogs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum DialogPolicy {
    /// Accept the title's default answer without asking.
    Accept,
    /// Cancel each dialog without asking.
    Cancel,
    /// Ask the user in the window.
    Ask,
}

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
            ("null" | "none" | "off", _) => Ok(Self::Null),
            ("device", _) => Ok(Self::Device),
            (_, Some(file)) if !file.is_empty() => Ok(Self::Wav(file.into())),
            _ => Err(format!("{text} is not null, device or wav:FILE")),
        }
    }
}

/// Layouts of speakers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum SpeakerLayout {
    /// Two speakers (stereo).
    #[default]
    Stereo,
    /// Six speakers: front left and right, centre, low frequencies, back left and right.
    #[cfg_attr(feature = "clap", value(name = "5.1"))]
    Surround,
}

/// Options of the GPU backend.
#[derive(Clone, Debug, Default)]
pub struct VideoConfig {
    /// The backend; [`GpuKind::Auto`] is the reference renderer here.
    pub gpu: GpuKind,
    /// Leave draws out while their pipeline is being compiled, instead of waiting.
    pub async_pipelines: bool,
    /// Time at which memory gets the texels of resolves.
    pub readback: ReadbackMode,
    /// Time at which memory gets reports of occlusion queries.
    pub queries: QueryMode,
    /// Anisotropy of textures with linear filters.
    pub anisotropy: AnisotropyMode,
    /// Part of the name of the graphics adapter; `None`: the system's best.
    pub adapter: Option<String>,
    /// Resolution of render targets, and of textures and frames that the title makes of them.
    pub internal_resolution: InternalResolution,
    /// Folder of compiled pipelines; `None`: the user's cache folder.
    pub cache: Option<PathBuf>,
    /// For tests only: numbers of draws at which the graphics device is lost.
    pub lose_device: Vec<u64>,
}

/// Options of sound; they do not change anything that a title sees.
#[derive(Clone, Debug)]
pub struct SoundConfig {
    /// The output; `None`: the host's sound server in a window, otherwise no output.
    pub output: Option<AudioOutput>,
    /// Speaker layout that sound is mixed for.
    pub speakers: SpeakerLayout,
    /// Volume in percent, from 0 (mute) to 200.
    pub volume: u16,
}

impl Default for SoundConfig {
    fn default() -> Self {
        Self { output: None, speakers: SpeakerLayout::Stereo, volume: 100 }
    }
}

/// Options of the location of saves.
#[derive(Clone, Debug, Default)]
pub struct SaveConfig {
    /// Folder of profiles, saved games and files of the hard disk; `None`: `content` in the user's
    /// data folder, or no folder in runs that must be repeatable.
    pub content: Option<PathBuf>,
    /// Start without saves, and discard those that the run makes.
    pub fresh: bool,
    /// Keep saves in the folder `content` beside the program.
    pub portable: bool,
}

/// Options of the location of scratch disks.
#[derive(Clone, Debug)]
pub struct ScratchConfig {
    /// Folder of titles' scratch disks, or `off` for disks in memory; `None`: with the saves if a
    /// folder is named for these, else `scratch` in the user's cache folder, or no folder in runs
    /// that must be repeatable.
    pub folder: Option<PathBuf>,
    /// Size of a scratch disk on the host's disk in MiB.
    pub mebibytes: u64,
}

impl ScratchConfig {
    /// Default size of a scratch disk in MiB.
    pub const MEBIBYTES: u64 = 4096;
}

impl Default for ScratchConfig {
    fn default() -> Self {
        Self { folder: None, mebibytes: Self::MEBIBYTES }
    }
}

/// Another disc of a title, as flags name it: N=FILE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedDisc {
    /// The disc's number.
    pub number: u8,
    /// Its image or folder.
    pub place: PathBuf,
}

impl FromStr for NamedDisc {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a disc: give its number and its file, as in 2=disc2.iso");
        let (number, place) = text.split_once('=').ok_or_else(wrong)?;
        let number = number.parse().ok().filter(|number| (1..=u8::MAX).contains(number)).ok_or_else(wrong)?;
        if place.is_empty() {
            return Err(wrong());
        }
        Ok(Self { number, place: place.into() })
    }
}

/// Options with which a title is opened. By default only what the options name is used, as by a
/// lockstep run.
#[derive(Clone, Debug)]
pub struct TitleConfig {
    /// Folder that the title sees as `game:`; `None`: the executable's folder, if it is a title's.
    pub folder: Option<PathBuf>,
    /// Other discs of the title.
    pub discs: Vec<NamedDisc>,
    /// TOML file with the user's retail key; `None`: keys.toml in the user's configuration folder.
    pub key_file: Option<PathBuf>,
    /// Map file of the linker with names for the executable's functions.
    pub symbols: Option<PathBuf>,
    /// Location of saves, where title updates are found, too.
    pub saves: SaveConfig,
    /// Patches of the title.
    pub patches: PatchConfig,
    /// Whether the run must be repeatable: updates and patches in the user's folders are not used.
    pub repeats: bool,
}

impl Default for TitleConfig {
    fn default() -> Self {
        Self {
            folder: None,
            discs: Vec::new(),
            key_file: None,
            symbols: None,
            saves: SaveConfig::default(),
            patches: PatchConfig::default(),
            repeats: true,
        }
    }
}

/// Options of patches.
#[derive(Clone, Debug, Default)]
pub struct PatchConfig {
    /// Names of the patches that are switched on; `off` alone: none. If there are no names, the
    /// files decide.
    pub chosen: Vec<String>,
    /// Folder of patch files; `None`: `patches` in the user's data folder, which runs that must be
    /// repeatable only use for chosen patches.
    pub folder: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::MachineConfig;

    #[test]
    fn a_title_is_opened_repeatably_for_a_machine_that_repeats() {
        assert!(!MachineConfig::default().executor.parallel && TitleConfig::default().repeats);
    }

    #[test]
    fn audio_outputs_are_parsed_by_name() {
        for null in ["null", "none", "off"] {
            assert_eq!(null.parse(), Ok(AudioOutput::Null));
        }
        assert_eq!("device".parse(), Ok(AudioOutput::Device));
        assert_eq!("wav:a/b.wav".parse(), Ok(AudioOutput::Wav("a/b.wav".into())));
        for wrong in ["", "wav:", "a.wav", "Device"] {
            assert!(wrong.parse::<AudioOutput>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_disc_is_named_by_number_and_file() {
        let place = "a=b.iso".into();
        assert_eq!("2=a=b.iso".parse(), Ok(NamedDisc { number: 2, place }));
        for wrong in ["", "2", "2=", "0=a", "256=a", "x=a", "=a"] {
            let message = wrong.parse::<NamedDisc>().unwrap_err();
            assert!(message.contains("as in 2=disc2.iso"), "{message}");
        }
    }
}
