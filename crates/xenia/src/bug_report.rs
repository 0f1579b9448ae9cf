//! Bug reports: one ZIP file that a user can send when a title does not run.
//!
//! It has `report.json` (a [`BugReport`]) and, if the title showed one, `picture.png`. It has no
//! guest memory. Paths and names of the user are removed from every text ([`PrivateWords`]); the
//! picture is as it was on the screen.

mod privacy;

pub use privacy::PrivateWords;

use crate::output;
use crate::png_frames::encode;
use crate::report::{RunReport, document, pretty};
use anyhow::{Context, Result, bail};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use xenia_documents::documented;
use xenia_gpu::Frame;

/// Largest number of bug reports of one title in a folder.
const MAX_PER_TITLE: u32 = 1000;

documented! {
    /// A bug report (`report.json` in the file of `exec --report`).
    #[derive(Clone, Debug, Serialize)]
    pub struct BugReport {
        /// Moment of the report: `end` of the run, or `key`, pressed while the title ran.
        pub moment: &'static str,
        /// Identity of the executable.
        pub executable: ExecutableReport,
        /// Flags of the run, from the command line and config.toml; values that may be names of the
        /// user's are `...`.
        pub flags: Vec<String>,
        /// Number of imports by state, of `done`, `constant`, `partial`, `stub`, `missing`,
        /// `variable` and `file`.
        pub imports_by_state: BTreeMap<String, u64>,
        /// The imports that are not complete.
        pub imports: Vec<ImportReport>,
        /// Calls of imports that are not complete.
        pub calls: Vec<UnfinishedCallReport>,
        /// The last calls of each thread, oldest first.
        pub threads: Vec<ThreadCalls>,
        /// Each guest thread: the object it waits for, pc, lr and return addresses.
        pub thread_states: Vec<String>,
        /// The report of the run, without the title's path. Of a report by key it has the state at
        /// that moment, and `exit` is `interrupted`.
        pub run: RunReport,
    }

    /// Identity of an executable.
    #[derive(Clone, Debug, Default, Serialize)]
    pub struct ExecutableReport {
        /// Title id, eight hexadecimal digits; null if the file has none.
        pub title_id: Option<String>,
        /// Id of the medium, eight hexadecimal digits; null if the file has none.
        pub media_id: Option<String>,
        /// Version of the executable; null if the file has none.
        pub version: Option<String>,
        /// Number of the disc, from 1; 0 if it is on none.
        pub disc: u8,
        /// Hash of the code, by which patch files name the executable; null if it has none.
        pub hash: Option<String>,
        /// Address of the first instruction.
        pub entry: String,
        /// Load address of the image.
        pub image_base: String,
        /// Size of the image, in bytes.
        pub image_size: u32,
    }

    /// An import that is not complete.
    #[derive(Clone, Debug, Serialize)]
    pub struct ImportReport {
        /// Library that exports it.
        pub library: String,
        /// Ordinal in the library.
        pub ordinal: u16,
        /// Name; null if the ordinal is unknown, or the library is a file beside the title.
        pub name: Option<&'static str>,
        /// State: `partial`, `stub`, `missing` or `file`.
        pub state: &'static str,
    }

    /// Calls of an import that is not complete.
    #[derive(Clone, Debug, Serialize)]
    pub struct UnfinishedCallReport {
        /// State: `partial`, `stub` or `missing`.
        pub state: &'static str,
        /// Number of calls of this import.
        pub count: u64,
        /// The first call that was made.
        pub first: PastCallReport,
        /// The last call that was made.
        pub last: PastCallReport,
    }

    /// A call of an import.
    #[derive(Clone, Debug, Serialize)]
    pub struct PastCallReport {
        /// Guest time in ticks of 49.875 MHz.
        pub ticks: u64,
        /// Name of the function, or its library and ordinal.
        pub name: String,
        /// Id of the calling thread.
        pub thread: u32,
        /// Address to which it returns.
        pub caller: String,
        /// Registers of its parameters; of a missing function, r3 to r10.
        pub arguments: Vec<String>,
    }

    /// The last calls of a thread.
    #[derive(Clone, Debug, Serialize)]
    pub struct ThreadCalls {
        /// Id of the thread.
        pub thread: u32,
        /// Its last calls, oldest first; at most 32.
        pub calls: Vec<PastCallReport>,
    }
}

/// A bug report and the texts that must not be in it.
#[derive(Clone, Debug)]
pub struct Collected {
    /// The report, whose texts are still unredacted.
    pub report: BugReport,
    /// Names of the machine's users.
    pub gamertags: Vec<String>,
}

/// Makes the ZIP file of a report.
///
/// # Errors
/// The picture can't be encoded.
pub fn archive(collected: &Collected, private: &PrivateWords, picture: Option<&Frame>) -> Result<Vec<u8>> {
    let mut report = serde_json::to_value(document("bug-report", &collected.report))?;
    private.with(&collected.gamertags).redact(&mut report);
    let text = pretty(&report)?;
    let picture = picture.map(encode).transpose()?;
    let mut files = vec![("report.json", text.as_bytes())];
    files.extend(picture.iter().map(|picture| ("picture.png", picture.as_slice())));
    xenia_formats::zip::write(&files).context("the bug report")
}

/// Writes a report to the file that the user named.
///
/// # Errors
/// The file can't be written.
pub fn write(
    path: &Path,
    collected: &Collected,
    private: &PrivateWords,
    picture: Option<&Frame>,
) -> Result<()> {
    output::write(path, &archive(collected, private, picture)?)
}

/// Writes a report to a new file in `folder` and returns its path. The file is named by the title's
/// id, because it is sent under this name.
///
/// # Errors
/// The file can't be written, or there are too many.
pub fn write_new(
    folder: &Path,
    collected: &Collected,
    private: &PrivateWords,
    picture: Option<&Frame>,
) -> Result<PathBuf> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let bytes = archive(collected, private, picture)?;
    let title = collected.report.executable.title_id.as_deref().unwrap_or("title");
    for number in 1..=MAX_PER_TITLE {
        let path = folder.join(format!("report-{title}-{number}.zip"));
        if output::write_new(&path, &bytes)? {
            return Ok(path);
        }
    }
    bail!("there are {MAX_PER_TITLE} reports of this title in {}: move or delete some", folder.display())
}
