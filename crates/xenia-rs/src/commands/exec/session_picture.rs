//! The picture's settings in a session: those of the title that is open, or of all titles.

use super::session::words;
use crate::cli::ExecArgs;
use std::cell::Cell;
use std::path::Path;
use xenia_render::{PictureChange, PictureSettings};

/// The settings by which the window shows frames, without the user's changes in it.
pub(super) struct SessionPicture<'a> {
    /// The flags of the command line.
    own: &'a ExecArgs,
    settings: Cell<PictureSettings>,
}

impl<'a> SessionPicture<'a> {
    /// The picture of the command line's title, or of the library.
    pub(super) fn new(own: &'a ExecArgs) -> Self {
        Self { own, settings: Cell::new(own.window.picture()) }
    }

    /// Changes to the settings of a title, or of all titles, as they are now: a page of settings
    /// may have changed them, which acted at once.
    pub(super) fn read_again(&self, title: Option<&Path>) -> Option<PictureChange> {
        let args = crate::exec_args(words(self.own, title)).ok()?;
        self.show(args.window.picture())
    }

    /// Changes to these settings; `None` if they are in effect.
    pub(super) fn show(&self, to: PictureSettings) -> Option<PictureChange> {
        let from = self.settings.replace(to);
        (from != to).then_some(PictureChange { from, to })
    }

    /// Changes to the settings of all titles; `None` if they are in effect.
    pub(super) fn leave(&self) -> Option<PictureChange> {
        let read = crate::exec_args(words(self.own, None));
        self.show(read.map_or_else(|_| self.own.window.picture(), |args| args.window.picture()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;
    use std::path::PathBuf;
    use xenia::title::id_of;

    const SUITE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin/console-suite.xex");

    /// A settings file in an empty folder, and the words of a run with it.
    struct Settings {
        _folder: tempfile::TempDir,
        file: PathBuf,
        own: ExecArgs,
    }

    impl Settings {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("config.toml");
            std::fs::write(&file, "").unwrap();
            let typed = ["xenia-rs", "exec", "--config", file.to_str().unwrap()];
            let own = crate::exec_args(typed.map(OsString::from).to_vec()).unwrap();
            Self { _folder: folder, file, own }
        }

        /// Writes settings, and the brightness of the suite.
        fn write(&self, all: &str, of_suite: u16) {
            let id = id_of(Some(SUITE.as_ref())).unwrap();
            std::fs::write(&self.file, format!("{all}[title.{id}]\nbrightness = {of_suite}\n")).unwrap();
        }
    }

    /// Brightness before and after a change.
    fn brightness(change: Option<PictureChange>) -> Option<(u16, u16)> {
        change.map(|change| (change.from.appearance.brightness, change.to.appearance.brightness))
    }

    #[test]
    fn changes_on_a_titles_page_end_with_the_title() {
        let settings = Settings::new();
        let picture = SessionPicture::new(&settings.own);
        settings.write("", 150);
        assert_eq!(brightness(picture.read_again(Some(SUITE.as_ref()))), Some((100, 150)));
        assert_eq!(brightness(picture.leave()), Some((150, 100)));
        assert_eq!(brightness(picture.leave()), None);
        let args = crate::exec_args(words(&settings.own, Some(SUITE.as_ref()))).unwrap();
        assert_eq!(brightness(picture.show(args.window.picture())), Some((100, 150)));
    }

    #[test]
    fn changes_for_all_titles_end_where_a_title_has_its_own() {
        let settings = Settings::new();
        let picture = SessionPicture::new(&settings.own);
        settings.write("[exec]\nbrightness = 150\n", 100);
        assert_eq!(brightness(picture.read_again(None)), Some((100, 150)));
        assert_eq!(brightness(picture.read_again(Some(SUITE.as_ref()))), Some((150, 100)));
        assert_eq!(brightness(picture.leave()), Some((100, 150)));
    }
}
