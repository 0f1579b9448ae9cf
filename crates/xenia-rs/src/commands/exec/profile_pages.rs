//! The pages of profiles: reads achievements, saved games and content in the background, exports,
//! imports and deletes packages as `xenia-rs content` does, and makes, names and removes profiles.

mod imports;
mod packages;
mod profiles;
mod subject;

pub(super) use subject::DataSubject;

use super::awaited::AwaitedThreads;
use super::newest_reader::NewestReader;
use super::open_title::SharedOpenTitle;
use super::session::words;
use super::window_library::WindowLibrary;
use crate::cli::{ExecArgs, ExportForm};
use crate::commands::content::import::{ImportChoice, Imported, PackageExists, import, to_write};
use crate::commands::content::{PackageExport, to_read};
use anyhow::{Context, Error, Result, anyhow, bail, ensure};
use imports::PageImport;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use xenia::achievements::{self, ListedAchievement};
use xenia::content::{self, ContentInUse};
use xenia::interrupt::Interrupt;
use xenia::lock_order;
use xenia::say::{chain, visible};
use xenia::title::description::is_title;
use xenia::user_folders;
use xenia::wording::date_text;
use xenia_formats::gpd::AchievementSum;
use xenia_formats::stfs::{self, PackageInfo};
use xenia_kernel::content::{ContentStore, SAVED_GAME};
use xenia_kernel::user::profile::Xuid;
use xenia_render::{
    AchievementsModel, DataOwner, EarnedRow, FrameSender, LibraryIcon, PackageId, ProfileChoice,
    ProfileClient, ProfileName, ProfileNews,
};
use xenia_sync::{Level, Mutex};

/// Name of the folder of exports in the data folder.
const EXPORTS: &str = "exports";
/// Maximum number of folders of exports; the further ones are for packages that all earlier ones
/// have.
const MAX_EXPORTS: u32 = 99;

/// The pages' client; clones share it.
#[derive(Clone)]
pub(super) struct ProfilePages {
    own: Arc<ExecArgs>,
    open_title: SharedOpenTitle,
    /// The library; `None` if the window is one of a single title.
    library: Option<WindowLibrary>,
    sender: Arc<OnceLock<FrameSender>>,
    /// Folder of exports; `None`: there is no data folder.
    exports: Option<PathBuf>,
    page: Arc<Mutex<Shown>>,
    reader: NewestReader,
    /// Threads that write, import or delete packages, or change profiles.
    writers: AwaitedThreads,
}

/// The data that is shown, or being read.
#[derive(Debug, Default)]
struct Shown {
    of: DataOwner,
    xuid: Option<Xuid>,
    /// Number of the newest request: the results of older requests that end later are ignored.
    request: u64,
    /// Number of the newest reading of the profiles, likewise. Their news changes no other page, so
    /// that it overtakes no request.
    listing: u64,
    /// Imports of files whose package existed already, until they replace it.
    conflicts: BTreeMap<PathBuf, PageImport>,
}

impl ProfilePages {
    /// The pages of a window with these flags, and maybe a library.
    pub(super) fn new(own: &ExecArgs, open_title: &SharedOpenTitle, library: Option<WindowLibrary>) -> Self {
        Self {
            own: Arc::new(own.clone()),
            open_title: open_title.clone(),
            library,
            sender: Arc::default(),
            exports: user_folders::data().map(|data| data.join(EXPORTS)),
            page: Arc::new(Mutex::numbered(Level::Program, lock_order::PROFILE_PAGES, Shown::default())),
            reader: NewestReader::default(),
            writers: AwaitedThreads::default(),
        }
    }

    /// Shows the data in this window.
    pub(super) fn begin(&self, sender: &FrameSender) {
        let _ = self.sender.set(sender.clone());
    }

    /// The title whose data is meant.
    fn subject(&self, of: &DataOwner) -> Result<DataSubject> {
        match of {
            DataOwner::Running => {
                let open_title = self.open_title.lock();
                open_title
                    .as_ref()
                    .and_then(|open_title| open_title.data.clone())
                    .context("there is no title")
            }
            DataOwner::InLibrary(path) => DataSubject::open(&self.own, path.as_deref()),
        }
    }

    /// The folder of saves of the title that a package belongs to; `None`: they are in memory.
    fn place_of(&self, package: &Path) -> Result<Option<PathBuf>> {
        let id = package_info(package)?.title_id;
        let title = self.library.as_ref().map(|library| library.file_of(id)).transpose()?.flatten();
        // Where the library lacks the title, the settings of no title hold.
        let args = crate::exec_args(words(&self.own, title.as_deref()))?;
        profiles::place(&args)
    }

    /// The work for a thread, if there is a window that shows its result.
    fn into_work(self, work: impl FnOnce(&Self, &FrameSender) + Send + 'static) -> impl FnOnce() + Send {
        move || {
            if let Some(sender) = self.sender.get() {
                work(&self, sender);
            }
        }
    }

    /// Reads data in the background.
    fn read(&self, work: impl FnOnce(&Self, &FrameSender) + Send + 'static) {
        self.reader.request(self.clone().into_work(work));
    }

    /// Changes packages or profiles in the background, after the earlier changes;
    /// [`Self::finish`] waits for it.
    fn write(&self, work: impl FnOnce(&Self, &FrameSender) + Send + 'static) {
        self.writers.add(self.clone().into_work(work));
    }

    /// Waits until packages are written and imported, and all changes made.
    pub(super) fn finish(&self) {
        self.writers.finish();
    }

    /// Notes the subject to show from now on; returns the number of the request.
    fn note(&self, of: &DataOwner, xuid: Option<u64>) -> u64 {
        let mut page = self.page.lock();
        page.of = of.clone();
        page.xuid = xuid.map(Xuid);
        page.request += 1;
        page.request
    }

    /// Sends the data that a request has read, unless there was a newer one.
    fn send(&self, request: u64, sender: &FrameSender, news: ProfileNews) {
        let page = self.page.lock();
        if page.request == request {
            sender.profile(news);
        }
    }

    /// Reads the saves that are shown again.
    fn read_again(&self, sender: &FrameSender) {
        let (of, xuid, request) = {
            let page = self.page.lock();
            (page.of.clone(), page.xuid, page.request)
        };
        let model = packages::model(&self.subject(&of), xuid, self.exports.as_deref());
        self.send(request, sender, ProfileNews::Saves(Arc::new(model)));
    }

    /// Changes the folder of saves of a title.
    fn change(
        &self,
        of: &DataOwner,
        change: impl FnOnce(&ContentStore, &DataSubject) -> Result<String>,
    ) -> Result<String> {
        let subject = self.subject(of)?;
        let folder = subject.content.clone().context(NOT_KEPT)?;
        let store = to_write(&folder)?;
        let _lock = lock(&folder)?;
        change(&store, &subject)
    }
}

/// Why titles without a folder of saves have no packages.
const NOT_KEPT: &str = "the title's saves are in memory only";

/// Locks a folder of saves. In the words of a page, that fails while a title uses it.
fn lock(folder: &Path) -> Result<Option<std::fs::File>> {
    content::lock(folder).map_err(|error| {
        let is_in_use = error.is::<ContentInUse>();
        if is_in_use { anyhow!("the folder of saves is in use: close the title first") } else { error }
    })
}

fn text_of(error: &Error) -> String {
    visible(&chain(error))
}

/// The profiles of a store, with the one to show.
fn choice(store: &ContentStore, xuid: Option<Xuid>) -> Result<(ProfileChoice, Option<Xuid>)> {
    let profiles = achievements::profiles(store)?;
    let chosen = profiles.iter().position(|(known, _)| Some(*known) == xuid).unwrap_or_default();
    let xuid = profiles.get(chosen).map(|(xuid, _)| *xuid);
    let profiles = profiles.into_iter().map(|(xuid, name)| ProfileName { xuid: xuid.0, name });
    Ok((ProfileChoice { profiles: profiles.collect(), chosen }, xuid))
}

/// The store of a title's folder of saves, to be read; `None` if there is none yet.
fn store_of(subject: &DataSubject) -> Result<Option<ContentStore>> {
    let folder = subject.content.as_deref().filter(|folder| folder.is_dir());
    folder.map(to_read).transpose()
}

/// The achievements of a title, as their page shows them.
fn achievements_model(subject: &Result<DataSubject>, xuid: Option<Xuid>) -> AchievementsModel {
    let subject = match subject {
        Ok(subject) => subject,
        Err(error) => {
            return AchievementsModel { failure: Some(text_of(error)), ..AchievementsModel::default() };
        }
    };
    let mut failures: Vec<String> = subject.failure.clone().into_iter().collect();
    let read = || -> Result<_> {
        let Some(store) = store_of(subject)? else { return Ok((ProfileChoice::default(), None)) };
        let (choice, xuid) = choice(&store, xuid.or(subject.user))?;
        Ok((choice, xuid.map(|xuid| (store, xuid))))
    };
    let (choice, profile) = read().unwrap_or_else(|error| {
        failures.push(text_of(&error));
        (ProfileChoice::default(), None)
    });
    let profile = profile.as_ref().map(|(store, xuid)| (store, *xuid));
    let list = achievements::list(profile, subject.id, &subject.database, subject.language);
    failures.extend(list.failures);
    let AchievementSum { possible: all, earned } = list.counts;
    let AchievementSum { possible: points, earned: scored } = list.scores;
    let totals = if list.rows.is_empty() {
        "The title has no achievements.".to_owned()
    } else {
        format!("{earned} of {all} achievements, {scored} of {points} G")
    };
    AchievementsModel {
        title: list.title_name.unwrap_or_else(|| subject.name.clone()),
        choice,
        totals,
        rows: list.rows.into_iter().zip(1..).map(|(row, number)| earned_row(row, number)).collect(),
        failure: (!failures.is_empty()).then(|| failures.join("; ")),
    }
}

/// An achievement as the page shows it.
fn earned_row(row: ListedAchievement, number: usize) -> EarnedRow {
    let is_secret = row.is_secret();
    let is_earned = row.record.is_earned();
    let record = row.record;
    let points = format!("{} G", record.gamerscore);
    if is_secret {
        let name = format!("Secret achievement {number}");
        return EarnedRow { name, details: points, ..EarnedRow::default() };
    }
    let details = if is_earned { format!("{points}, {}", date_text(record.unlocked_at)) } else { points };
    EarnedRow {
        name: record.label,
        description: if is_earned { record.description } else { record.unachieved },
        details,
        is_earned,
        picture: row.picture.map(|icon| Arc::new(LibraryIcon { size: icon.size, rgba: icon.rgba })),
    }
}

/// Exports a package to the first folder of exports that has none of its name.
fn export(subject: &DataSubject, id: &PackageId, exports: Option<&Path>) -> Result<PathBuf> {
    let folder = subject.content.as_deref().context(NOT_KEPT)?;
    let store = to_read(folder)?;
    let (name, header) = packages::find(&store, id)?;
    let exports = exports.context("there is no data folder (HOME is not set)")?;
    let below = packages::path_of(&name);
    let others = (2..=MAX_EXPORTS).map(|number| exports.join(number.to_string()));
    let mut folders = std::iter::once(exports.to_owned()).chain(others);
    let free = folders.find(|folder| folder.join(&below).symlink_metadata().is_err());
    let free = free
        .with_context(|| format!("{} has too many exports of it: move or delete some", exports.display()))?;
    let export = PackageExport {
        store: &store,
        from: folder,
        folder: &free,
        form: ExportForm::Stfs,
        interrupt: &Interrupt::default(),
    };
    export.write(&name, &header)
}

/// Takes a package in, for a title and a profile if they are given.
fn take_in(
    store: &ContentStore,
    path: &Path,
    title: Option<u32>,
    owner: Option<Xuid>,
    replaces: bool,
) -> Result<String> {
    let info = package_info(path)?;
    if let Some(title) = title.filter(|title| info.title_id.0 != *title) {
        let name = Some(visible(&info.title_name)).filter(|name| !name.is_empty());
        let name = name.map(|name| format!(" ({name})")).unwrap_or_default();
        bail!("it belongs to the title {}{name}, not to {title:08X}", info.title_id);
    }
    // Content other than saved games is every profile's.
    let owner = owner.filter(|_| info.content_type == SAVED_GAME);
    let choice = ImportChoice { title: None, owner, kind: None, replaces };
    let mut message = None;
    import(store, &[path], choice, |_, Imported { name, warnings }| {
        let text = format!("imported {} for the title {:08X}", visible(name.file()), name.title);
        message = Some(std::iter::once(text).chain(warnings.iter().cloned()).collect::<Vec<_>>().join("; "));
    })?;
    message.context("it has no package")
}

/// The header of a package file. Folders are for the command line.
fn package_info(path: &Path) -> Result<PackageInfo> {
    ensure!(!path.is_dir(), "it is a folder: xenia-rs content import takes folders in");
    let file = xenia::source::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    ensure!(stfs::detect(&file)?, "it is not a content package (CON, LIVE or PIRS)");
    Ok(PackageInfo::read(&file)?)
}

/// Message about an import.
fn import_text(path: &Path, imported: &Result<String>) -> String {
    match imported {
        Ok(text) => text.clone(),
        Err(error) => format!("{} is not imported: {}", visible(&path.display().to_string()), text_of(error)),
    }
}

impl ProfileClient for ProfilePages {
    fn has_title(&self) -> bool {
        self.open_title.lock().as_ref().is_some_and(|open_title| open_title.data.is_some())
    }

    fn read_profiles(&mut self) {
        self.read(Self::show_profiles);
    }

    fn create_profile(&mut self, name: &str) -> Result<(), String> {
        profiles::check_name(name)?;
        let name = name.to_owned();
        self.change_profiles("no profile is made", move |store, args| {
            // Ids are random, unless runs repeat.
            let number = (!args.needs_lockstep()).then(content::own_number);
            store.create_profile(&name, number)?;
            Ok(format!("made the profile {name}"))
        });
        Ok(())
    }

    fn rename_profile(&mut self, xuid: u64, name: &str) -> Result<(), String> {
        profiles::check_name(name)?;
        let name = name.to_owned();
        self.change_profiles("not renamed", move |store, _| {
            store.rename_profile(Xuid(xuid), &name)?;
            Ok(format!("the profile is called {name}"))
        });
        Ok(())
    }

    fn remove_profile(&mut self, xuid: u64) {
        self.change_profiles("not deleted", move |store, _| {
            store.remove_profile(Xuid(xuid))?;
            Ok("deleted the profile".to_owned())
        });
    }

    fn read_achievements(&mut self, of: &DataOwner, xuid: Option<u64>) {
        let request = self.note(of, xuid);
        let of = of.clone();
        self.read(move |this, sender| {
            let model = achievements_model(&this.subject(&of), xuid.map(Xuid));
            this.send(request, sender, ProfileNews::Achievements(Arc::new(model)));
        });
    }

    fn read_saves(&mut self, of: &DataOwner, xuid: Option<u64>) {
        self.note(of, xuid);
        self.read(Self::read_again);
    }

    fn delete(&mut self, package: &PackageId) {
        let id = package.clone();
        let of = self.page.lock().of.clone();
        self.write(move |this, sender| {
            let deleted = this.change(&of, |store, _| {
                let (name, header) = packages::find(store, &id)?;
                store.remove(&name, &header)?;
                Ok(format!("deleted {}", visible(header.display_name())))
            });
            sender.message(deleted.unwrap_or_else(|error| format!("not deleted: {}", text_of(&error))));
            this.read_again(sender);
        });
    }

    fn export(&mut self, package: &PackageId) {
        let id = package.clone();
        let of = self.page.lock().of.clone();
        self.write(move |this, sender| {
            let exported =
                this.subject(&of).and_then(|subject| export(&subject, &id, this.exports.as_deref()));
            sender.message(match exported {
                Ok(path) => format!("exported to {}", path.display()),
                Err(error) => format!("not exported: {}", text_of(&error)),
            });
            this.read_again(sender);
        });
    }

    fn import(&mut self, path: &Path, replaces: bool) {
        self.import_shown(path, replaces);
    }

    fn import_any(&mut self, path: &Path) {
        let path = path.to_owned();
        self.write(move |this, sender| {
            let imported = this.place_of(&path).and_then(|folder| {
                let folder = folder.context(NOT_KEPT)?;
                let store = to_write(&folder)?;
                let _lock = lock(&folder)?;
                take_in(&store, &path, None, None, false)
            });
            let imported = imported.map_err(|error| {
                let exists = error.is::<PackageExists>();
                if exists { anyhow!("it exists; its title's page of saves replaces it") } else { error }
            });
            sender.message(import_text(&path, &imported));
        });
    }

    fn is_package(&self, path: &Path) -> bool {
        package_info(path).is_ok() && is_title(path).is_ok_and(|is_title| !is_title)
    }
}

#[cfg(test)]
mod tests;
