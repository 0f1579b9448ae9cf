//! Arguments about controllers.

use clap::Args;
use std::path::PathBuf;

/// Flags about controllers, which a window has. What keys and pads are is in the settings'
/// `[input]`.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Controllers")]
pub struct InputArgs {
    /// Take mappings of controllers from this file, in SDL's form (gamecontrollerdb.txt), before
    /// those of the settings and of SDL_GAMECONTROLLERCONFIG_FILE; SDL_GAMECONTROLLERCONFIG
    /// comes before all.
    #[arg(long, value_name = "FILE", conflicts_with = "headless")]
    pub pad_mappings: Option<PathBuf>,
}
