//! Collects a machine's data for a bug report, without anything that names the user.
//!
//! The title's file name and folder are left out. Names of profiles are returned beside the report,
//! so that its writer can remove them from texts.

use super::Machine;
use crate::bug_report::{
    BugReport, Collected, ExecutableReport, ImportReport, PastCallReport, ThreadCalls, UnfinishedCallReport,
};
use crate::report::RunReport;
use std::collections::BTreeMap;
use xenia_exports::registry;
use xenia_formats::LoadedImage;
use xenia_kernel::imports::ordinals::{self, ExportKind};
use xenia_kernel::imports::variables;
use xenia_kernel::imports::{CallHistory, Library, PastCall, Status};
use xenia_patches::executable_hash;

/// State of an import from a library that is not the console's.
pub const IN_A_FILE: &str = "file";
/// State of an imported variable that the kernel has.
const VARIABLE: &str = "variable";

impl Machine {
    /// The bug report of this moment, if the machine keeps a history of calls
    /// ([`super::MachineOptions::call_history`]); `run` is the report of the run.
    pub(super) fn collect(&self, moment: &'static str, run: &RunReport) -> Option<Collected> {
        let history = self.inside.kernel.imports.history()?;
        let imports = imports(&self.spec.image);
        let mut by_state: BTreeMap<String, u64> = BTreeMap::new();
        for import in &imports {
            *by_state.entry(import.state.to_owned()).or_default() += 1;
        }
        let is_open = |import: &ImportReport| {
            ![Status::Done.name(), Status::Constant.name(), VARIABLE].contains(&import.state)
        };
        let mut run = run.clone();
        run.title.name = String::new();
        run.title.folder = None;
        let report = BugReport {
            moment,
            executable: executable(&self.spec.image),
            flags: Vec::new(),
            imports_by_state: by_state,
            imports: imports.into_iter().filter(is_open).collect(),
            calls: unfinished(history),
            threads: threads(history),
            thread_states: self
                .inside
                .executor
                .threads_report()
                .to_string()
                .lines()
                .map(str::to_owned)
                .collect(),
            run,
        };
        let profiles = self.inside.kernel.user.profiles.lock();
        let gamertags = profiles.all().into_iter().map(|profile| profile.name().to_owned()).collect();
        Some(Collected { report, gamertags })
    }
}

fn address(address: u32) -> String {
    format!("{address:#010x}")
}

fn executable(image: &LoadedImage) -> ExecutableReport {
    let execution = image.execution;
    ExecutableReport {
        title_id: execution.map(|execution| execution.title_id.to_string()),
        media_id: execution.map(|execution| execution.media_id.to_string()),
        version: execution.map(|execution| execution.version.to_string()),
        disc: execution.map_or(0, |execution| execution.disc_number),
        hash: executable_hash(image).map(|hash| hash.to_string()),
        entry: address(image.entry.0),
        image_base: address(image.base.0),
        image_size: image.size,
    }
}

fn imports(image: &LoadedImage) -> Vec<ImportReport> {
    let of = |(library, ordinal): (&str, _)| {
        let known = Library::of_file(library);
        let row = known.and_then(|known| ordinals::find(known.rows(), ordinal));
        let is_variable = row.is_some_and(|row| row.kind == ExportKind::Variable);
        let state = match known {
            None => IN_A_FILE,
            Some(known) if is_variable && variables::find(known, ordinal).is_some() => VARIABLE,
            Some(known) => registry().status(known, ordinal).name(),
        };
        ImportReport { library: library.to_owned(), ordinal: ordinal.0, name: row.map(|row| row.name), state }
    };
    let all = image
        .imports
        .iter()
        .flat_map(|library| library.imports.iter().map(|import| (library.name.as_str(), import.ordinal)));
    all.map(of).collect()
}

fn past_call_report(call: PastCall) -> PastCallReport {
    PastCallReport {
        ticks: call.at,
        name: call.name,
        thread: call.thread,
        caller: address(call.caller),
        arguments: call.arguments.into_iter().map(|value| format!("{value:#x}")).collect(),
    }
}

fn unfinished(history: &CallHistory) -> Vec<UnfinishedCallReport> {
    let calls = history.unfinished().into_iter();
    let report = calls.map(|call| UnfinishedCallReport {
        state: call.status.name(),
        count: call.count,
        first: past_call_report(call.first),
        last: past_call_report(call.last),
    });
    report.collect()
}

fn threads(history: &CallHistory) -> Vec<ThreadCalls> {
    let threads = history.last_calls().into_iter();
    threads
        .map(|(thread, calls)| ThreadCalls {
            thread,
            calls: calls.into_iter().map(past_call_report).collect(),
        })
        .collect()
}
