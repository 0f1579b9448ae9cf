//! The library as the window's page without a title: opens titles, and is shown again after them.

use super::Events;
use crate::window::mailbox::TitleStored;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use winit::event_loop::ActiveEventLoop;
use xenia_ui::{FolderModel, LibraryModel, LibraryView, MenuPage, PageFailure, StoredData, StoredKind};

/// State of the library in the window.
#[derive(Default)]
pub(super) struct Home {
    /// Whether no title is open.
    pub(super) is_open: bool,
    /// Whether a title is being opened.
    is_leaving: bool,
    /// The library; `None` for a window of a single title.
    pub(super) library: Option<Arc<LibraryModel>>,
    /// The folder that was shown last, to be added.
    pub(super) folders: Option<Arc<FolderModel>>,
    /// The title whose details were requested last, by its file; `None`: the demo.
    inspected: Option<PathBuf>,
    /// Data that it has left; `None` while it is being read.
    pub(super) stored: Option<StoredData>,
    /// The failure to be shown.
    pub(super) failure: PageFailure,
    /// A file that was dropped onto the window while a title ran.
    pub(super) dropped: Option<PathBuf>,
}

impl Home {
    pub(super) fn new(is_open: bool, library: Option<Arc<LibraryModel>>) -> Self {
        Self { is_open, library, ..Self::default() }
    }

    /// Notes that no title is open, maybe because of a failure. Returns the page to show; `None` if
    /// that was so before, and the user may have opened a page since.
    fn come(&mut self, failure: Option<PageFailure>) -> Option<MenuPage> {
        let was_home = std::mem::replace(&mut self.is_open, true);
        let was_leaving = std::mem::take(&mut self.is_leaving);
        let has_failed = failure.is_some();
        self.failure = failure.unwrap_or_default();
        match (has_failed, was_home && !was_leaving) {
            (true, _) => Some(MenuPage::Failure),
            (false, false) => Some(MenuPage::Library),
            (false, true) => None,
        }
    }
}

impl Events {
    /// Takes the library as it is now.
    pub(super) fn take_library(&mut self, library: Option<Arc<LibraryModel>>) {
        self.home.library = library;
        self.redraw_page();
    }

    /// Leaves the library for a title of this name.
    pub(super) fn enter(&mut self, name: String) {
        self.home.is_open = false;
        self.home.is_leaving = false;
        // The pause belongs to the previous title.
        self.resumes_after_menu = false;
        if self.page().is_some() {
            self.close_page();
        }
        self.set_paused(false);
        if let Some(view) = &mut self.view {
            view.set_name(name);
            view.is_home = false;
        }
        self.refresh();
    }

    /// Shows the library, or the failure that is the reason.
    pub(super) fn come_home(&mut self, failure: Option<PageFailure>) {
        let page = self.home.come(failure);
        self.resumes_after_menu = false;
        self.set_paused(false);
        if let Some(view) = &mut self.view {
            view.forget();
            view.is_home = true;
            view.returns_home = true;
            view.help = false;
        }
        match page.or(self.page().is_none().then_some(MenuPage::Library)) {
            Some(page) => self.open_page(page),
            None => self.refresh(),
        }
    }

    /// Leaves the page of a machine that has stopped.
    pub(super) fn leave_stopped(&mut self, event_loop: &ActiveEventLoop) {
        if self.view.as_ref().is_some_and(|view| view.returns_home) {
            self.leave_title();
        } else {
            event_loop.exit();
        }
    }

    /// Ends the title that is open, so that the library comes back.
    pub(super) fn leave_title(&mut self) {
        self.let_end();
        if let Some(library) = self.client.library() {
            library.go_home();
        }
    }

    /// Opens a title, in place of the one that is open.
    pub(super) fn open_title(&mut self, path: Option<PathBuf>) {
        if std::mem::replace(&mut self.home.is_leaving, true) {
            return;
        }
        if !self.home.is_open {
            self.let_end();
        }
        if let Some(library) = self.client.library() {
            library.open(path);
        }
    }

    /// Closes the page over a title that must end: a paused machine does not end.
    fn let_end(&mut self) {
        if self.page().is_some() {
            self.close_page();
        }
        self.set_paused(false);
    }

    /// Shows the details of a title, and lets its data be read.
    pub(super) fn inspect(&mut self, path: Option<&Path>) {
        if let Some(library) = self.client.library() {
            library.read_stored(path);
            self.home.inspected = path.map(Path::to_owned);
            self.home.stored = None;
            self.open_page(MenuPage::Title);
        }
    }

    /// Takes the data of a title that was read.
    pub(super) fn take_stored(&mut self, stored: TitleStored) {
        if stored.path == self.home.inspected {
            self.home.stored = Some(stored.data);
            self.redraw_page();
        }
    }

    /// Draws the open page again, as its data has changed.
    fn redraw_page(&self) {
        if let Some(view) = self.view.as_ref().filter(|view| view.pages.page().is_some()) {
            view.request_redraw();
        }
    }

    /// Deletes the data that a title has stored, and shows what remains.
    pub(super) fn delete(&mut self, path: Option<&Path>, kind: StoredKind) {
        let Some(library) = self.client.library() else { return };
        let text = library.delete(path, kind).unwrap_or_else(|reason| reason);
        self.say(text);
        self.inspect(path);
    }

    /// Brings the ages of the titles' last runs up to date.
    pub(super) fn renew_ages(&mut self) {
        if let Some(library) = self.client.library() {
            library.renew_ages();
        }
    }

    /// Keeps for the next start how the library shows its titles.
    pub(super) fn keep_view(&mut self, view: LibraryView) {
        let Some(library) = self.client.library() else { return };
        if let Err(reason) = library.keep_view(view) {
            self.say(format!("not kept: {reason}"));
        }
    }

    /// Shows folders, so that the user can add one to the library.
    pub(super) fn show_folders(&mut self, path: Option<&Path>, first: usize) {
        let Some(library) = self.client.library() else { return };
        self.home.folders = Some(Arc::new(library.folders(path, first)));
        self.open_page(MenuPage::ChooseFolder);
    }

    /// Adds a folder to the library.
    pub(super) fn add_folder(&mut self, path: &Path) {
        let Some(library) = self.client.library() else { return };
        let added = library.add_folder(path);
        self.show_change(added);
    }

    /// Removes a folder from the library.
    pub(super) fn remove_folder(&mut self, path: &Path) {
        let Some(library) = self.client.library() else { return };
        let removed = library.remove_folder(path);
        self.show_change(removed);
    }

    /// Shows the result of a change to the library's folders.
    fn show_change(&mut self, changed: Result<String, String>) {
        match changed {
            Ok(text) => {
                self.say(text);
                if self.home.is_open {
                    self.open_page(MenuPage::Library);
                }
            }
            // The page stays, so that a typed path can be corrected.
            Err(reason) => self.say(reason),
        }
    }

    /// Takes a file that was dropped onto the window: a title, or a folder of titles.
    pub(super) fn take_file(&mut self, path: PathBuf) {
        let Some(path) = self.take_package(path) else { return };
        let Some(library) = self.client.library() else { return };
        if library.is_folder(&path) {
            self.add_folder(&path);
        } else if self.is_running() {
            self.home.dropped = Some(path);
            self.open_page(MenuPage::AskOpen);
        } else {
            self.open_title(Some(path));
        }
    }

    /// Shows a message for a while.
    pub(super) fn say(&mut self, text: String) {
        if let Some(view) = &mut self.view {
            view.say(&self.mailbox, text);
        }
        self.refresh();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_that_the_library_is_open_keeps_the_page_over_it() {
        let mut home = Home::new(true, Some(Arc::default()));
        // The session's first message may come after the user has opened the menu.
        assert_eq!(home.come(None), None);
        assert_eq!(home.come(Some(PageFailure::default())), Some(MenuPage::Failure));
        home.is_leaving = true;
        assert_eq!(home.come(None), Some(MenuPage::Library), "the title was not opened");
        assert_eq!(home.come(None), None);
        home.is_open = false;
        assert_eq!(home.come(None), Some(MenuPage::Library), "the title has ended");
        assert!(home.is_open && !home.is_leaving);
    }
}
