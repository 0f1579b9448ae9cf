//! Plain options of a machine and its title: no parser, no defaults from the environment. Programs
//! fill them in from their own flags; the feature `clap` makes the enums values of flags.

mod console;
mod engine;
mod outside;
mod start_time;

pub(crate) use console::as_typed;
pub use console::{ConsoleConfig, ConsoleRegion, Country, Language, SystemVersion, VideoMode};
pub use engine::{
    Compile, CpuConfig, CrossCheckUnit, ExecutorConfig, MachineConfig, ReservationsTable, Tier,
};
pub use outside::{
    AnisotropyMode, AudioOutput, DialogPolicy, GpuKind, InternalResolution, NamedDisc, NetworkKind,
    PatchConfig, QueryMode, ReadbackMode, SaveConfig, ScratchConfig, SoundConfig, SpeakerLayout, TitleConfig,
    VideoConfig,
};
pub use start_time::{StartTime, file_time};
