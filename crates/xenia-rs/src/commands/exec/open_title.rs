//! The part of a window's input and output that changes with the title.

use super::leaves_files;
use super::profile_pages::DataSubject;
use super::reports::Reports;
use crate::cli::ExecArgs;
use std::path::PathBuf;
use std::sync::Arc;
use xenia::config::SoundConfig;
use xenia::lock_order;
use xenia::screenshots::Screenshots;
use xenia::state_slots::StateSlots;
use xenia::title::Title;
use xenia::video::VideoTarget;
use xenia_sync::{Level, Mutex, MutexGuard};

/// The screenshots, reports and states of the title that is open.
#[derive(Clone)]
pub(super) struct OpenTitle {
    /// The file that starts it; `None`: the demo's.
    pub(super) file: Option<PathBuf>,
    pub(super) screenshots: Screenshots,
    pub(super) reports: Reports,
    /// Where videos of the title are kept.
    pub(super) video: VideoTarget,
    /// Its data in profiles; `None` if it has none.
    pub(super) data: Option<DataSubject>,
    /// Slots for states of the title, or why it has none.
    pub(super) slots: Result<StateSlots, &'static str>,
    /// Whether its machine keeps checkpoints.
    pub(super) can_rewind: bool,
    /// Whether the state is saved when the title is left.
    pub(super) resumes: bool,
}

/// The place of the title that is open in a window; clones share it. `None`: there is no title.
#[derive(Clone)]
pub(super) struct SharedOpenTitle(Arc<Mutex<Option<OpenTitle>>>);

impl Default for SharedOpenTitle {
    fn default() -> Self {
        Self(Arc::new(Mutex::numbered(Level::Program, lock_order::OPEN_TITLE, None)))
    }
}

impl SharedOpenTitle {
    /// Locks the place.
    pub(super) fn lock(&self) -> MutexGuard<'_, Option<OpenTitle>> {
        self.0.lock()
    }

    /// Opens a title that runs with these flags, or opens it again.
    pub(super) fn open(&self, args: &ExecArgs, title: &Title) -> OpenTitle {
        let opened = OpenTitle::new(args, title);
        *self.lock() = Some(opened.clone());
        opened
    }
}

impl OpenTitle {
    /// State of a title that runs with these flags.
    pub(super) fn new(args: &ExecArgs, title: &Title) -> Self {
        Self {
            file: title.file(),
            screenshots: Screenshots::new(args.window.screenshots.as_deref(), &title.short_name()),
            reports: Reports::new(args, title),
            video: VideoTarget::new(
                &VideoTarget::default_folder(),
                &title.short_name(),
                SoundConfig::from(&args.sound).speakers,
            ),
            data: DataSubject::running(args, title),
            slots: if leaves_files(args) {
                Err("a run that writes files has no slots for states")
            } else {
                StateSlots::new(title).ok_or("there is no data folder (HOME is not set)")
            },
            can_rewind: args.states.rewind,
            resumes: args.states.resume,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia::config::SpeakerLayout;
    use xenia_gpu::Frame;

    #[test]
    fn a_title_that_is_opened_again_has_its_new_settings() {
        let title = Title::demo().unwrap();
        let mut args = ExecArgs::default();
        let place = SharedOpenTitle::default();
        place.open(&args, &title);
        let folder = tempfile::tempdir().unwrap();
        args.window.screenshots = Some(folder.path().to_owned());
        args.sound.speakers = SpeakerLayout::Surround;
        args.states.rewind = true;
        assert!(place.open(&args, &title).can_rewind);
        let open_title = place.lock();
        let open_title = open_title.as_ref().unwrap();
        assert!(open_title.can_rewind && format!("{:?}", open_title.video).contains("Surround"));
        let frame = Frame { width: 1, height: 1, rgba: vec![7; 4] };
        assert!(open_title.screenshots.keep(1, &frame).unwrap().starts_with(folder.path()));
    }
}
