//! Flags of the scratch disks.

use clap::Args;
use std::path::PathBuf;
use xenia::config::ScratchConfig;
use xenia_cli::numbers::number;

/// Largest size of a scratch disk in MiB: 1 TiB.
const MAX_MIB: u64 = 1 << 20;

/// Flags that choose where titles' scratch disks are kept.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Saves")]
pub struct ScratchArgs {
    /// Keep the files on titles' scratch disks (cache:) in this folder; `off` keeps them in memory
    /// and discards them at the end (default: `Scratch` in the folder of --content, else `scratch`
    /// in the user's cache folder; off where saves are not kept, and in runs that are compared).
    #[arg(long, value_name = "DIR|off", env = "XENIA_SCRATCH")]
    pub scratch: Option<PathBuf>,
    /// Size of each of a title's two scratch disks on the host's disk, in MiB.
    #[arg(long, value_name = "MIB", value_parser = mebibytes, default_value_t = ScratchConfig::MEBIBYTES)]
    pub scratch_size: u64,
}

impl Default for ScratchArgs {
    fn default() -> Self {
        Self { scratch: None, scratch_size: ScratchConfig::MEBIBYTES }
    }
}

impl ScratchArgs {
    /// Whether a flag requests the disks of earlier runs.
    pub fn is_given(&self) -> bool {
        self.scratch.as_ref().is_some_and(|folder| folder.as_os_str() != "off")
    }
}

impl From<&ScratchArgs> for ScratchConfig {
    fn from(args: &ScratchArgs) -> Self {
        Self { folder: args.scratch.clone(), mebibytes: args.scratch_size }
    }
}

fn mebibytes(text: &str) -> Result<u64, String> {
    match number(text)? {
        size @ 1..=MAX_MIB => Ok(size),
        _ => Err(format!("must be from 1 to {MAX_MIB} MiB")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_from_a_mebibyte_to_a_tebibyte() {
        assert_eq!((mebibytes("1"), mebibytes("1_048_576")), (Ok(1), Ok(MAX_MIB)));
        for text in ["0", "1048577", "-1", "4G"] {
            assert!(mebibytes(text).is_err(), "{text}");
        }
    }
}
