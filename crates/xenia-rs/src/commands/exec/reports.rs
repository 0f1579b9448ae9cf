//! Bug reports of a run: at its end (`--report`), and by a key of the window.

use crate::cli::ExecArgs;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use xenia::bug_report::{self, Collected, PrivateWords};
use xenia::interrupt::Interrupt;
use xenia::lock_order;
use xenia::machine::ReportSink;
use xenia::pace::PaceControl;
use xenia::title::Title;
use xenia::user_folders;
use xenia_gpu::Frame;
use xenia_sync::{Level, Mutex};

/// State of the reports by key.
#[derive(Default)]
struct KeyReports {
    /// The picture for the next report.
    picture: Option<Frame>,
    /// The report of a machine that has stopped.
    stopped: Option<Collected>,
}

/// Writes the bug reports of a run; clones share their state.
#[derive(Clone)]
pub(in crate::commands) struct Reports {
    file: Option<PathBuf>,
    flags: Vec<String>,
    private: PrivateWords,
    state: Arc<Mutex<KeyReports>>,
}

impl Reports {
    /// The reports of a run with these flags.
    pub(super) fn new(args: &ExecArgs, title: &Title) -> Self {
        let mut private = PrivateWords::of_the_user();
        if let Some(path) = &args.title {
            private.add_title(path);
            private.add_title(Path::new(&title.name));
        }
        let engine = &args.engine;
        let paths = [&engine.content.content, &args.run.json, &args.report];
        paths.into_iter().flatten().for_each(|path| private.add_path(path));
        let state = Mutex::numbered(Level::Program, lock_order::KEY_REPORTS, KeyReports::default());
        Self { file: args.report.clone(), flags: args.given.clone(), private, state: Arc::new(state) }
    }

    fn with_flags(&self, collected: &Collected) -> Collected {
        let mut collected = collected.clone();
        collected.report.flags.clone_from(&self.flags);
        collected
    }

    /// Writes the report of `--report` at the end of a run.
    pub(super) fn write(&self, collected: Option<&Collected>, picture: Option<&Frame>) -> Result<()> {
        let Some(path) = &self.file else { return Ok(()) };
        let collected = collected.context("cannot collect the bug report")?;
        bug_report::write(path, &self.with_flags(collected), &self.private, picture)
    }

    /// Writes a report to a new file in the user's state folder; returns a message for the window.
    fn write_new(&self, collected: &Collected, picture: Option<&Frame>) -> String {
        let folder = user_folders::state().context("there is no folder for it");
        let written = folder.and_then(|folder| {
            let folder = folder.join("reports");
            bug_report::write_new(&folder, &self.with_flags(collected), &self.private, picture)
        });
        match written {
            Ok(path) => format!("a report to send: {}", path.display()),
            Err(error) => format!("no report: {error:#}"),
        }
    }

    /// Handles the key: writes the report of a machine that has stopped and returns a message, or
    /// asks the machine that runs for its report.
    pub(super) fn by_key(
        &self,
        picture: Option<&Frame>,
        interrupt: &Interrupt,
        pace: &PaceControl,
    ) -> Option<String> {
        let mut state = self.state.lock();
        if let Some(collected) = &state.stopped {
            return Some(self.write_new(collected, picture));
        }
        state.picture = picture.cloned();
        drop(state);
        interrupt.request_bug_report();
        pace.go_round();
        None
    }

    /// A sink for the reports of a running machine; `say` shows a message.
    pub(super) fn sink(&self, mut say: impl FnMut(String) + Send + 'static) -> ReportSink {
        let reports = self.clone();
        Box::new(move |collected| {
            let picture = reports.state.lock().picture.take();
            say(reports.write_new(&collected, picture.as_ref()));
        })
    }

    /// Keeps the report of a machine that has stopped, for the key; `None`: a new machine begins.
    pub(super) fn keep(&self, collected: Option<Collected>) {
        *self.state.lock() = KeyReports { picture: None, stopped: collected };
    }
}
