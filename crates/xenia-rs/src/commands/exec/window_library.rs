//! The library of a window: scans the folders of the settings in the background, and answers the
//! library's pages.

mod entries;
mod left_data;

use super::folders;
use super::newest_reader::NewestReader;
use super::player::SessionCommand;
use crate::cli::{Cli, Command, ExecArgs, LibraryArgs, values_of};
use crate::commands::library::canonical;
use crate::settings;
use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::{CommandFactory, Parser};
use entries::{Covers, demo, played, seconds_since_1970};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, mpsc};
use std::time::{Duration, Instant, SystemTime};
use xenia::library::stored::StoredTitle;
use xenia::library::{self, LibraryTitle, holds_executable};
use xenia::lock_order;
use xenia::pace::PaceControl;
use xenia::say::visible;
use xenia::title::{id_of, key_ring};
use xenia::user_folders;
use xenia_guest::TitleId;
use xenia_render::{FolderModel, FrameSender, LibraryClient, LibraryModel, LibraryView, StoredKind};
use xenia_sync::{Level, Mutex};

/// Time between two reports of a scan's progress.
const PROGRESS_PERIOD: Duration = Duration::from_millis(100);

/// Settings files of a window.
#[derive(Clone, Default)]
pub(super) struct SettingsFiles {
    /// The file that the command line names.
    pub(super) named: Option<PathBuf>,
    /// The file that changes are written to.
    pub(super) kept: Option<PathBuf>,
}

#[derive(Default)]
struct Contents {
    titles: Arc<Vec<LibraryTitle>>,
    model: LibraryModel,
    /// Hashes of the executables of titles without an id by path, with the times of their last
    /// change.
    images: BTreeMap<PathBuf, (Option<SystemTime>, Option<String>)>,
    /// Number of the newest scan: the results of older scans that end later are ignored.
    scan: u64,
}

/// The library of a window; clones share it.
#[derive(Clone)]
pub(super) struct WindowLibrary {
    contents: Arc<Mutex<Contents>>,
    /// The user's covers. It is held while entries are made, which the window does not wait for:
    /// entries that are made later have later records.
    covers: Arc<Mutex<Covers>>,
    sender: Arc<OnceLock<FrameSender>>,
    /// Reads the data of titles.
    reader: NewestReader,
    /// The flags of the command line.
    own: Arc<ExecArgs>,
    files: SettingsFiles,
    control: PaceControl,
    commands: mpsc::Sender<SessionCommand>,
}

impl WindowLibrary {
    /// The library for a window with these flags.
    pub(super) fn new(
        own: ExecArgs,
        files: SettingsFiles,
        control: PaceControl,
        commands: mpsc::Sender<SessionCommand>,
    ) -> Self {
        let model = LibraryModel { entries: Arc::new(vec![demo()]), ..LibraryModel::default() };
        let contents = Contents { model, ..Contents::default() };
        let contents = Arc::new(Mutex::numbered(Level::Program, lock_order::LIBRARY, contents));
        let covers = Mutex::numbered(Level::Program, lock_order::COVERS, Covers::default());
        let covers = Arc::new(covers);
        let sender = Arc::default();
        let reader = NewestReader::default();
        Self { contents, covers, sender, reader, own: Arc::new(own), files, control, commands }
    }

    /// Shows the library in this window; scans the folders if it is shown at once.
    pub(super) fn begin(&self, sender: &FrameSender, scans: bool) {
        let _ = self.sender.set(sender.clone());
        if scans {
            self.scan();
        }
    }

    /// Shows the changes by runs since the last scan.
    pub(super) fn refresh(&self) {
        let this = self.clone();
        let is_new = this.contents.lock().scan == 0;
        if is_new {
            this.scan();
            return;
        }
        std::thread::spawn(move || {
            this.renew_entries(&mut this.covers.lock());
            this.publish();
        });
    }

    /// Makes the entries of the titles again. While the caller has the covers, no scan replaces the
    /// titles.
    fn renew_entries(&self, covers: &mut Covers) {
        let titles = self.contents.lock().titles.clone();
        let entries = Arc::new(entries::all(&titles, covers));
        self.contents.lock().model.entries = entries;
    }

    fn publish(&self) {
        if let Some(sender) = self.sender.get() {
            sender.library(Arc::new(self.contents.lock().model.clone()));
        }
    }

    /// Starts a scan.
    fn scan(&self) {
        let this = self.clone();
        let number = {
            let mut contents = this.contents.lock();
            contents.scan += 1;
            contents.model.progress = Some("looking for titles".to_owned());
            contents.scan
        };
        self.publish();
        std::thread::spawn(move || {
            let scanned = this.scanned(number);
            let mut covers = this.covers.lock();
            let scanned = scanned.map(|scan| (entries::all(&scan.titles, &mut covers), scan));
            let mut contents = this.contents.lock();
            if contents.scan != number {
                return;
            }
            contents.model.progress = None;
            match scanned {
                Ok((entries, scan)) => {
                    contents.titles = Arc::new(scan.titles);
                    contents.model.entries = Arc::new(entries);
                    contents.model.failures = scan.failures.iter().map(|text| visible(text)).collect();
                }
                Err(error) => contents.model.failures = vec![visible(&format!("{error:#}"))],
            }
            drop(contents);
            drop(covers);
            this.publish();
        });
    }

    /// Scans the folders of the settings.
    fn scanned(&self, number: u64) -> Result<library::LibraryScan> {
        let args = self.args()?;
        {
            let mut contents = self.contents.lock();
            contents.model.view = args.window_view();
            contents.model.folders = Some(args.folder.clone());
        }
        let keys = key_ring(args.key_file.as_deref())?;
        let reported = Mutex::new(Level::Leaf, Instant::now());
        let progress = |progress: library::ScanProgress| {
            // Several threads report: one that would have to wait leaves it to the other.
            let Some(mut reported) = reported.try_lock().filter(|last| last.elapsed() >= PROGRESS_PERIOD)
            else {
                return;
            };
            *reported = Instant::now();
            drop(reported);
            let mut contents = self.contents.lock();
            if contents.scan == number {
                contents.model.progress = Some(progress.text());
                drop(contents);
                self.publish();
            }
        };
        let folders: Vec<PathBuf> = args.folder.into_iter().map(canonical).collect();
        Ok(library::scan(&folders, user_folders::cache().as_deref(), &keys, &progress))
    }

    /// The library's settings.
    fn args(&self) -> Result<LibraryArgs> {
        let mut words: Vec<OsString> = vec!["xenia-rs".into(), "library".into()];
        if let Some(file) = &self.files.named {
            words.extend(["--config".into(), file.clone().into()]);
        }
        let (words, _) = settings::aside(|| settings::apply(&Cli::command(), words))?;
        match Cli::try_parse_from(words)?.command {
            Some(Command::Library(args)) => Ok(args),
            _ => bail!("the library has no settings"),
        }
    }

    /// A title with this path, or the demo.
    fn title(&self, path: Option<&Path>) -> Option<StoredTitle> {
        let Some(path) = path else {
            return Some(StoredTitle { name: "demo".to_owned(), id: id_of(None), image: None });
        };
        let contents = self.contents.lock();
        contents.titles.iter().find(|title| title.path == path).map(StoredTitle::from)
    }

    /// The file of the title with this ID; `None` if the library lacks the title.
    ///
    /// # Errors
    /// The library is still looking for titles.
    pub(super) fn file_of(&self, id: TitleId) -> Result<Option<PathBuf>> {
        let contents = self.contents.lock();
        let found = contents.titles.iter().find(|title| title.described.id == Some(id));
        let is_known = found.is_some() || contents.scan > 0 && contents.model.progress.is_none();
        ensure!(is_known, "the library is still looking for titles");
        Ok(found.map(|title| title.path.clone()))
    }

    /// The file in which settings are kept.
    fn settings_file(&self) -> Result<&Path> {
        self.files.kept.as_deref().context("there is no configuration folder (HOME is not set)")
    }

    /// Writes a folder to the settings.
    fn add(&self, path: &Path) -> Result<()> {
        let folders = folders::with_folder(self.args()?.folder, &user_folders::typed(path))?;
        folders::keep(self.settings_file()?, &folders)
    }

    /// Removes a folder from the settings.
    fn remove(&self, path: &Path) -> Result<()> {
        let mut folders = self.args()?.folder;
        folders.retain(|known| known != path);
        folders::keep(self.settings_file()?, &folders)
    }
}

impl LibraryClient for WindowLibrary {
    fn open(&mut self, path: Option<PathBuf>) {
        self.control.leave();
        let _ = self.commands.send(SessionCommand::Open(path));
    }

    fn go_home(&mut self) {
        self.control.leave();
        let _ = self.commands.send(SessionCommand::ShowLibrary);
    }

    fn rescan(&mut self) {
        self.scan();
    }

    fn renew_ages(&mut self) {
        let now = seconds_since_1970();
        for entry in Arc::make_mut(&mut self.contents.lock().model.entries) {
            entry.played = played(entry.last_played, entry.seconds_played, now);
        }
        self.publish();
    }

    fn keep_view(&mut self, view: LibraryView) -> Result<(), String> {
        self.contents.lock().model.view = view;
        let keep = || -> Result<()> {
            let file = self.settings_file()?;
            let values = values_of(view).map(|(name, value)| (format!("library.{name}"), Some(value)));
            settings::change_together(&settings::built(Cli::command()), file, &values)
        };
        keep().map_err(|error| format!("{error:#}"))
    }

    fn is_folder(&self, path: &Path) -> bool {
        path.is_dir() && !holds_executable(path)
    }

    fn folders(&self, path: Option<&Path>, first: usize) -> FolderModel {
        let of_library = || self.args().map(|args| args.folder).unwrap_or_default();
        let path = path.map_or_else(|| folders::first(&of_library(), user_folders::home()), Path::to_owned);
        folders::folder_model(&path, first)
    }

    fn add_folder(&mut self, path: &Path) -> Result<String, String> {
        self.add(path).map_err(|error| format!("{error:#}"))?;
        self.scan();
        Ok(format!("added {}", path.display()))
    }

    fn remove_folder(&mut self, path: &Path) -> Result<String, String> {
        self.remove(path).map_err(|error| format!("{error:#}"))?;
        self.scan();
        Ok(format!("removed {}; its files stay", path.display()))
    }

    fn read_stored(&mut self, path: Option<&Path>) {
        let this = self.clone();
        let path = path.map(Path::to_owned);
        self.reader.request(move || {
            let data = this.stored(path.as_deref());
            if let Some(sender) = this.sender.get() {
                sender.stored(path, data);
            }
        });
    }

    fn delete(&mut self, path: Option<&Path>, kind: StoredKind) -> Result<String, String> {
        let title = self.title(path).ok_or_else(|| anyhow!("the title is gone"));
        let deleted = title.and_then(|title| match kind {
            StoredKind::Caches => {
                let opened = self.with_image(title.clone(), path);
                self.places(path)?.delete_caches(&opened.unwrap_or(title))
            }
            StoredKind::Saves => self.places(path)?.delete_saves(&self.with_image(title, path)?),
        });
        deleted.map(|()| "deleted".to_owned()).map_err(|error| format!("{error:#}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia::title::description::DescribedTitle;

    impl WindowLibrary {
        /// A library whose scan has found this title.
        pub(in crate::commands::exec) fn with_title(path: &Path, id: TitleId) -> Self {
            let control = PaceControl::default();
            let own = ExecArgs::default();
            let library = Self::new(own, SettingsFiles::default(), control, mpsc::channel().0);
            let id = Some(id);
            let described = DescribedTitle { format: "xex".to_owned(), id, ..DescribedTitle::default() };
            let title = LibraryTitle { path: path.to_owned(), bytes: 1, described, icon: None };
            let mut contents = library.contents.lock();
            contents.titles = Arc::new(vec![title]);
            contents.scan = 1;
            drop(contents);
            library
        }
    }

    #[test]
    fn the_file_of_a_title_is_found_by_its_id() {
        let library = WindowLibrary::with_title(Path::new("/a.xex"), TitleId(7));
        assert_eq!(library.file_of(TitleId(7)).unwrap(), Some("/a.xex".into()));
        assert_eq!(library.file_of(TitleId(8)).unwrap(), None);
        library.contents.lock().model.progress = Some("looking for titles".to_owned());
        assert_eq!(library.file_of(TitleId(7)).unwrap(), Some("/a.xex".into()));
        assert!(library.file_of(TitleId(8)).is_err(), "the scan may find it");
    }

    #[test]
    fn renewed_entries_are_those_of_the_last_scan() {
        let library = WindowLibrary::with_title(Path::new("/a.xex"), TitleId(7));
        let mut covers = library.covers.lock();
        library.renew_entries(&mut covers);
        let count = || library.contents.lock().model.entries.len();
        assert_eq!(count(), 2, "the demo is the first");
        library.contents.lock().titles = Arc::default();
        library.renew_entries(&mut covers);
        assert_eq!(count(), 1, "the demo");
    }

    #[test]
    fn folders_are_added_to_the_settings_and_removed_from_them() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.toml");
        let gone = dir.path().join("gone");
        std::fs::write(&file, format!("[library]\nfolder = [{gone:?}]\n")).unwrap();
        let files = SettingsFiles { named: Some(file.clone()), kept: Some(file) };
        let control = PaceControl::default();
        let library = WindowLibrary::new(ExecArgs::default(), files, control, mpsc::channel().0);
        let folders = || library.args().unwrap().folder;
        let added = dir.path().canonicalize().unwrap();
        library.add(dir.path()).unwrap();
        assert_eq!(folders(), [gone.clone(), added.clone()]);
        assert!(library.add(dir.path()).is_err(), "it is there already");
        library.remove(&gone).unwrap();
        assert_eq!(folders(), std::slice::from_ref(&added));
        library.remove(&added).unwrap();
        assert!(folders().is_empty());
    }

    #[test]
    fn data_of_titles_is_where_the_present_settings_say() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.toml");
        let typed = vec!["xenia-rs".into(), "--config".into(), file.clone().into()];
        let own = ExecArgs { typed, ..ExecArgs::default() };
        let control = PaceControl::default();
        let library = WindowLibrary::new(own, SettingsFiles::default(), control, mpsc::channel().0);
        for name in ["a", "b"] {
            let folder = dir.path().join(name);
            std::fs::write(&file, format!("[exec]\ncontent = {folder:?}\n")).unwrap();
            assert_eq!(library.places(None).unwrap().content, Some(folder));
        }
    }
}
