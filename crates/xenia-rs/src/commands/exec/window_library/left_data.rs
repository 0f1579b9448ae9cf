//! The data that the titles of the library have left on the disk.

use super::super::session::words;
use super::super::title_config;
use super::WindowLibrary;
use crate::settings;
use anyhow::{Error, Result};
use std::path::Path;
use xenia::config::SaveConfig;
use xenia::digest::sha256;
use xenia::library::stored::{StoredPlaces, StoredTitle};
use xenia::title::{Title, key_ring};
use xenia::user_folders;
use xenia::{code_store, content, drawing};
use xenia_render::StoredData;

impl WindowLibrary {
    /// Places of the data of the title in a file, or of the demo, by the present settings.
    pub(super) fn places(&self, path: Option<&Path>) -> Result<StoredPlaces> {
        let args = settings::aside(|| crate::exec_args(words(&self.own, path)))?;
        let saves = SaveConfig::from(&args.engine.content);
        let repeats = args.needs_lockstep();
        Ok(StoredPlaces {
            code: code_store::folder(args.engine.code_cache.as_deref()),
            pipelines: drawing::pipelines_folder(args.picture.cache.as_deref()),
            scratch: content::scratch_folder(&(&args.scratch).into(), &saves, repeats)?,
            content: content::place(&saves, repeats)?,
            states: user_folders::data().map(|data| data.join("states")),
        })
    }

    /// Opens a title without an id of its own, whose data is found by its executable.
    pub(super) fn with_image(&self, title: StoredTitle, path: Option<&Path>) -> Result<StoredTitle> {
        if title.own_id().is_some() {
            return Ok(title);
        }
        let opened = if let Some(path) = path {
            let args = settings::aside(|| crate::exec_args(words(&self.own, Some(path))))?;
            Title::open(path, &key_ring(title_config(&args).key_file.as_deref())?)?
        } else {
            Title::demo()?
        };
        Ok(StoredTitle { image: Some(sha256(&opened.image.bytes)), ..title })
    }

    /// [`Self::with_image`] for a page, which reads it at each visit: an unchanged file is opened
    /// once.
    fn shown_with_image(&self, title: StoredTitle, path: Option<&Path>) -> Result<StoredTitle> {
        let Some(path) = path.filter(|_| title.own_id().is_none()) else {
            return self.with_image(title, path);
        };
        let changed = path.metadata().and_then(|file| file.modified()).ok();
        let known = self.contents.lock().images.get(path).cloned();
        if let Some((_, image)) = known.filter(|(time, _)| changed.is_some() && *time == changed) {
            return Ok(StoredTitle { image, ..title });
        }
        let title = self.with_image(title, Some(path))?;
        self.contents.lock().images.insert(path.to_owned(), (changed, title.image.clone()));
        Ok(title)
    }

    /// The data that a title has left on the disk.
    pub(super) fn stored(&self, path: Option<&Path>) -> StoredData {
        let Some(title) = self.title(path) else { return StoredData::default() };
        let warn = |which: &str, error: &Error| {
            if let Some(sender) = self.sender.get() {
                sender.message(format!("{which} not shown: {error:#}"));
            }
        };
        let places = self.places(path).inspect_err(|error| warn("its data is", error));
        let Ok(places) = places else { return StoredData::default() };
        let opened = self.shown_with_image(title.clone(), path);
        let title = opened.inspect_err(|error| warn("a part of its data is", error)).unwrap_or(title);
        StoredData { caches: places.caches_text(&title), saves: places.saves_text(&title) }
    }
}
