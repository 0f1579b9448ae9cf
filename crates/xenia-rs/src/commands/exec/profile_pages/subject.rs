//! The title whose profile data the pages show.

use super::super::session::{leave_flags_of_title, words};
use super::super::{leaves_files, opened};
use crate::cli::ExecArgs;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use xenia::config::{MachineConfig, SaveConfig};
use xenia::content;
use xenia::say::{chain, visible};
use xenia::title::description::database;
use xenia::title::{Title, id_of, short_name};
use xenia_formats::xdbf::Xdbf;
use xenia_kernel::KernelConfig;
use xenia_kernel::user::profile::Xuid;

/// A title and the places of its data.
#[derive(Clone, Debug)]
pub(in super::super) struct DataSubject {
    /// Its name, or the short one of its file.
    pub(super) name: String,
    /// The title's id; not 0.
    pub(super) id: u32,
    /// The title's database (SPA); empty if it has none.
    pub(super) database: Arc<[u8]>,
    /// The console's language.
    pub(super) language: u64,
    /// Folder of saves; `None`: they are in memory.
    pub(super) content: Option<PathBuf>,
    /// The first user's profile; `None`: the first one of the folder.
    pub(super) user: Option<Xuid>,
    /// Whether it runs.
    pub(super) runs: bool,
    /// Why the title can't be opened.
    pub(super) failure: Option<String>,
}

impl DataSubject {
    /// The title that runs with these flags; `None` if it has no id, or its run writes files.
    pub(in super::super) fn running(args: &ExecArgs, title: &Title) -> Option<Self> {
        let subject = Self::of(args, title).ok().filter(|_| !leaves_files(args))?;
        Some(Self { runs: true, ..subject })
    }

    /// The title in a file, or the demo, with the flags and settings of its runs. One that can't be
    /// opened has its id only.
    pub(super) fn open(own: &ExecArgs, path: Option<&Path>) -> Result<Self> {
        let mut args = crate::exec_args(words(own, path))?;
        leave_flags_of_title(&mut args, own);
        // As in a window: otherwise there would be no folder of saves.
        args.engine.mode.parallel |= !args.needs_lockstep();
        match opened(&args) {
            Ok(title) => Self::of(&args, &title),
            Err(error) => {
                let id = id_of(path).map(|id| id.0).filter(|id| *id != 0);
                let name = path.map_or_else(|| "demo".to_owned(), short_name);
                let id = id.with_context(|| format!("{name} can't be opened: {error:#}"))?;
                let failure = Some(format!("the title can't be opened: {}", visible(&chain(&error))));
                Ok(Self { failure, ..Self::with(&args, name, id)? })
            }
        }
    }

    fn of(args: &ExecArgs, title: &Title) -> Result<Self> {
        let id = title.image.execution.map(|execution| execution.title_id.0).filter(|id| *id != 0);
        let database = database(&title.image).unwrap_or_default();
        let named = Xdbf::read(database).ok().and_then(|database| database.title_name());
        let name = named.unwrap_or_else(|| title.short_name());
        let subject = Self::with(args, name, id.context("the title has no id")?)?;
        Ok(Self { database: database.into(), ..subject })
    }

    fn with(args: &ExecArgs, name: String, id: u32) -> Result<Self> {
        let mut kernel = KernelConfig::default();
        MachineConfig::from(&args.engine).console.apply(&mut kernel);
        let content = content::place(&SaveConfig::from(&args.engine.content), !args.engine.mode.parallel)?;
        let folder = content.as_deref().filter(|folder| folder.is_dir());
        // A run refuses a profile that is missing.
        let user = args.engine.content.user.as_deref().filter(|_| folder.is_some());
        let user = user.and_then(|named| content::user_of(folder, named).ok().flatten());
        Ok(Self {
            name: visible(&name),
            id,
            database: Arc::default(),
            language: kernel.locale.language.into(),
            content,
            user,
            runs: false,
            failure: None,
        })
    }
}
