//! Flags that save and load states.

use super::ExecArgs;
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;
use xenia::machine::{SavePoint, StateOrigin};
use xenia::state_slots::SLOTS;
use xenia_cli::numbers::{number, number_in};

/// Flags of saved states.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Run")]
pub struct StateArgs {
    /// After N instructions of the title, save the state of the whole machine to a file; may be
    /// repeated. Needs lockstep, and no debugger.
    #[arg(long, value_name = "N:FILE", value_parser = save_point, conflicts_with = "gdb")]
    pub save_state: Vec<SavePoint>,
    /// Continue from a saved state of the same title and the same conditions. Limits such as -n
    /// still count from the title's start. The start time is the state's, and so is the mode,
    /// unless a flag asks for one. With --record the recording begins at the state; with --replay
    /// the state must be one of the recording's.
    #[arg(long, value_name = "FILE")]
    pub load_state: Option<PathBuf>,
    /// Continue from the state in this slot of the title, as the window's menu numbers them; as
    /// with --load-state otherwise.
    #[arg(long, value_name = "N", conflicts_with = "load_state", value_parser = clap::value_parser!(u8).range(1..=i64::from(SLOTS)))]
    pub load_slot: Option<u8>,
    /// In a window, save the state when the title is left, and continue from it the next time. A
    /// title that ends by itself starts from the beginning.
    #[arg(long, help_heading = "Saves", conflicts_with_all = ["record", "replay", "headless"])]
    pub resume: bool,
    /// Keep checkpoints in memory while the title runs, so that it goes back while F10 is held.
    #[arg(long, help_heading = "Saves", conflicts_with_all = ["record", "replay", "headless"])]
    pub rewind: bool,
    /// Limit on the memory for checkpoints, in MiB.
    #[arg(
        long,
        help_heading = "Saves",
        value_name = "MIB",
        default_value_t = 1024,
        value_parser = number_in::<u64>(1..=1_048_576)
    )]
    pub rewind_memory: u64,
}

impl StateArgs {
    /// Limit on the memory for checkpoints in bytes, if there are any.
    pub fn rewind_limit(&self) -> Option<u64> {
        self.rewind.then_some(self.rewind_memory << 20)
    }
}

impl ExecArgs {
    /// Takes over the mode and the start time of the state that is loaded, unless flags say
    /// otherwise.
    ///
    /// # Errors
    /// The state's file cannot be read.
    pub fn adopt_state(&mut self) -> Result<()> {
        let Some(path) = &self.states.load_state else { return Ok(()) };
        let StateOrigin { parallel, start_time, .. } = StateOrigin::read(path)?;
        let needs_lockstep = self.needs_lockstep();
        let mode = &mut self.engine.mode;
        if !mode.parallel && !needs_lockstep {
            mode.parallel = parallel;
            mode.lockstep = !parallel;
        }
        self.engine.start_time = self.engine.start_time.or(start_time);
        Ok(())
    }
}

/// Parses the value of `--save-state`, `N:FILE`.
fn save_point(text: &str) -> Result<SavePoint, String> {
    let (count, path) = text.split_once(':').ok_or("expected N:FILE, such as 50_000_000:a.state")?;
    if path.is_empty() {
        return Err("the file's name is missing after the colon".to_owned());
    }
    Ok(SavePoint { instructions: number(count)?, path: path.into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::Parser;

    #[test]
    fn a_debugger_and_save_points_exclude_each_other() {
        let taken = |words: &[&str]| {
            let words = ["xenia-rs", "t.xex", "--save-state", "5:a.state"].iter().chain(words);
            Cli::try_parse_from(words).is_ok()
        };
        assert!(taken(&[]) && !taken(&["--gdb", "1234"]));
    }

    #[test]
    fn a_save_point_is_a_count_and_a_file() {
        let point = |text| save_point(text).map(|point| (point.instructions, point.path));
        assert_eq!(point("50_000:a:b.state"), Ok((50_000, "a:b.state".into())));
        assert_eq!(point("0x10:a"), Ok((16, "a".into())));
        for text in ["", "5", "5:", ":a", "-1:a", "x:a"] {
            assert!(point(text).is_err(), "{text}");
        }
    }
}
