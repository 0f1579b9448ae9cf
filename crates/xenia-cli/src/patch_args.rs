//! Flags of patches.

use clap::Args;
use std::path::PathBuf;
use xenia::config::PatchConfig;

/// Flags that switch patches of the title on.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Title")]
pub struct PatchArgs {
    /// Switch on the patch of this name, and no others; may be given several times. `off` switches
    /// all off (default: the patches that their files enable; with --lockstep only those of
    /// --patch-folder).
    #[arg(long, value_name = "NAME|off")]
    pub patches: Vec<String>,
    /// Folder of patch files (default: `patches` in the user's data folder).
    #[arg(long, value_name = "DIR")]
    pub patch_folder: Option<PathBuf>,
}

impl From<&PatchArgs> for PatchConfig {
    fn from(args: &PatchArgs) -> Self {
        Self { chosen: args.patches.clone(), folder: args.patch_folder.clone() }
    }
}
