//! Progress of a run: the moment of its machine, and the totals of the titles before.

use std::path::{Path, PathBuf};
use xenia_host::file::open_descriptor;
use xenia_sched::{GuestTicks, Limits};

/// A moment of a machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MachinePosition {
    /// Guest time, in ticks.
    pub now: GuestTicks,
    /// Number of instructions executed.
    pub instructions: u64,
    /// Number of frames shown.
    pub frames: u64,
}

/// Totals of the titles before this one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EarlierTitles {
    /// Number of times that one title launched another.
    pub launches: u64,
    /// Instructions executed by the previous titles.
    pub instructions: u64,
    /// Frames shown by the previous titles.
    pub frames: u64,
    /// Number of machines before; fewer than launches if the first one began at a state.
    pub machines: u64,
    /// Number of machines before that ran parts of this title's run.
    pub parts: u64,
}

impl EarlierTitles {
    /// The file that replaces `path` for this title.
    pub fn file(&self, path: Option<&Path>) -> Option<PathBuf> {
        let path = path?;
        // The name of an open descriptor has no others beside it.
        if self.launches == 0 || open_descriptor(path).is_some() {
            return Some(path.to_owned());
        }
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{}", self.launches + 1));
        Some(name.into())
    }

    /// Whether a machine at position `at` is beyond the limits.
    pub(crate) fn is_beyond(&self, limits: &Limits, at: &MachinePosition) -> bool {
        let over = |limit: Option<u64>, now: u64| limit.is_some_and(|limit| limit < now);
        over(limits.instructions, self.instructions.saturating_add(at.instructions))
            || over(limits.frames, self.frames.saturating_add(at.frames))
    }

    /// The remainder of the limits.
    pub(crate) fn rest(&self, limits: &Limits) -> Limits {
        let less = |limit: Option<u64>, used: u64| limit.map(|limit| limit.saturating_sub(used));
        Limits {
            instructions: less(limits.instructions, self.instructions),
            frames: less(limits.frames, self.frames),
            ..*limits
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_title_has_separate_files() {
        let path = Path::new("a/play.jsonl");
        assert_eq!(EarlierTitles::default().file(Some(path)), Some(path.to_owned()));
        let later = EarlierTitles { launches: 2, ..EarlierTitles::default() };
        assert_eq!(later.file(Some(path)), Some(PathBuf::from("a/play.jsonl.3")));
        assert_eq!(later.file(None), None);
        #[cfg(unix)]
        for name in ["/dev/stdout", "/dev/fd/2"] {
            assert_eq!(later.file(Some(Path::new(name))), Some(PathBuf::from(name)));
        }
    }
}
