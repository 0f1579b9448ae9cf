//! Arguments that configure controllers.

use clap::Args;
use std::path::PathBuf;

/// Flags that configure controllers, which need a window. Assignments of keys and buttons are in
/// the settings, table `[input]`.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Controllers")]
pub struct InputArgs {
    /// Read controller mappings from this file in SDL's format (gamecontrollerdb.txt). They
    /// override those of the settings and of SDL_GAMECONTROLLERCONFIG_FILE;
    /// SDL_GAMECONTROLLERCONFIG overrides all.
    #[arg(long, value_name = "FILE", conflicts_with = "headless")]
    pub pad_mappings: Option<PathBuf>,
    /// Add a controller that other programs operate through this named pipe (see mkfifo), by lines
    /// such as `press a`, `release a` and `set left-stick-up 0.5`; up to four
    #[arg(long, value_name = "FILE", conflicts_with = "headless")]
    pub pad_pipe: Vec<PathBuf>,
    /// Let pads act while another window has the keyboard. If false, nothing is pressed on them
    /// until this one has it again.
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        default_value = "true",
        default_missing_value = "true",
        action = clap::ArgAction::Set,
        conflicts_with = "headless"
    )]
    pub background_input: bool,
}
