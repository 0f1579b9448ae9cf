//! The picture's settings in a session: those of the title that is open, or of all titles.

use std::cell::Cell;
use xenia_render::{PictureChange, PictureSettings};

/// The settings by which the window shows frames, without the user's changes in it.
pub(super) struct SessionPicture {
    settings: Cell<PictureSettings>,
}

impl SessionPicture {
    /// The picture of the command line's title, or of the library.
    pub(super) fn new(own: PictureSettings) -> Self {
        Self { settings: Cell::new(own) }
    }

    /// Changes to these settings; `None` if they are in effect.
    pub(super) fn show(&self, to: PictureSettings) -> Option<PictureChange> {
        let from = self.settings.replace(to);
        (from != to).then_some(PictureChange { from, to })
    }
}

#[cfg(test)]
mod tests {
    use super::super::session::words;
    use super::*;
    use crate::cli::ExecArgs;
    use std::ffi::OsString;
    use std::path::{Path, PathBuf};
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

        /// The picture of a title, or of all titles.
        fn picture(&self, title: Option<&str>) -> PictureSettings {
            crate::exec_args(words(&self.own, title.map(Path::new))).unwrap().window.picture()
        }
    }

    /// Brightness before and after a change.
    fn brightness(change: Option<PictureChange>) -> Option<(u16, u16)> {
        change.map(|change| (change.from.appearance.brightness, change.to.appearance.brightness))
    }

    #[test]
    fn changes_on_a_titles_page_end_with_the_title() {
        let settings = Settings::new();
        let picture = SessionPicture::new(settings.own.window.picture());
        let change_for = |title: Option<&str>| brightness(picture.show(settings.picture(title)));
        settings.write("", 150);
        assert_eq!(change_for(Some(SUITE)), Some((100, 150)));
        assert_eq!(change_for(None), Some((150, 100)));
        assert_eq!(change_for(None), None);
        assert_eq!(change_for(Some(SUITE)), Some((100, 150)));
    }

    #[test]
    fn changes_for_all_titles_end_where_a_title_has_its_own() {
        let settings = Settings::new();
        let picture = SessionPicture::new(settings.own.window.picture());
        let change_for = |title: Option<&str>| brightness(picture.show(settings.picture(title)));
        settings.write("[exec]\nbrightness = 150\n", 100);
        assert_eq!(change_for(None), Some((100, 150)));
        assert_eq!(change_for(Some(SUITE)), Some((150, 100)));
        assert_eq!(change_for(None), Some((100, 150)));
    }
}
