//! The JSON documents, each with its objects in the order of the page.

use crate::commands::config::{SettingRowReport, SettingsReport};
use crate::commands::content::{ContentReport, ContentRow, SetAsideRow};
use crate::commands::info::{AchievementRow, DigestRow, ImportRow, InfoReport, LibraryExport, TitleRow};
use crate::commands::info_gpd::{GpdAchievementRow, GpdReport, PlayedTitleRow};
use crate::commands::info_package::PackageRow;
use crate::commands::library::{LibraryReport, LibraryRow};
use crate::commands::patches::{PatchCheckReport, PatchFaultRow, PatchRow, PatchesReport};
use crate::commands::pipelines::{
    PipelineImportReport, PipelineImportRow, PipelineListReport, PipelineStoreRow,
};
use crate::commands::precompile::PrecompileReport;
use crate::commands::verify::{FaultRow, VerifyReport};
use crate::commands::volume::{LsReport, LsRow};
use crate::documents::{Document, counters, object};
use xenia::bug_report::{
    BugReport, ExecutableReport, ImportReport, PastCallReport, ThreadCalls, UnfinishedCallReport,
};
use xenia::report;
use xenia_cpu::{CrossCheckCounters, EngineCounters};
use xenia_jit_tests::conformance;
use xenia_jit_tests::fuzz::{FuzzReport, Mismatch, Missing};
use xenia_lab::bench::{
    BenchReport, KernelReport, MuchCodeReport, ProgramMeans, ProgramReport, Spread, StartReport,
};
use xenia_lab::compat::{CompatReport, CompatRow};
use xenia_lab::exports::{Against, Counts, ExportRow, ExportsReport};
use xenia_lab::fuzz::scenes::{FamilyReport, SceneMismatch, SceneReport};
use xenia_lab::jit::{BlockLine, DumpReport, GuestLine};
use xenia_lab::scale::{ScaleReport, ScaleWorkers};
use xenia_lab::trace::PlayReport;
use xenia_sched::SchedulerCounters;

/// All JSON documents.
pub fn documents() -> Vec<Document> {
    let groups = [runs(), files(), drawing(), lab_runs(), sweeps(), engine_checks()];
    groups.into_iter().flatten().collect()
}

/// Documents about runs of a title.
fn runs() -> Vec<Document> {
    vec![
        Document {
            name: "run",
            by: "`exec` and `check`",
            objects: vec![
                object::<report::RunReport>(),
                object::<report::TitleReport>(),
                object::<report::CrashReport>(),
                object::<report::NameCount>(),
                counters::<SchedulerCounters>("SchedulerCounters"),
                counters::<EngineCounters>("EngineCounters"),
                object::<report::CodeCacheReport>(),
                counters::<CrossCheckCounters>("CrossCheckCounters"),
                object::<report::MemoryReport>(),
                object::<report::PositionReport>(),
                object::<report::GpuReport>(),
                object::<report::PipelinesReport>(),
                object::<report::WgpuReport>(),
                object::<report::WgpuCounts>(),
                object::<report::AudioReport>(),
                object::<report::DeviceReport>(),
            ],
        },
        Document {
            name: "bug-report",
            by: "`exec --report`, as report.json in its ZIP file",
            objects: vec![
                object::<BugReport>(),
                object::<ExecutableReport>(),
                object::<ImportReport>(),
                object::<UnfinishedCallReport>(),
                object::<PastCallReport>(),
                object::<ThreadCalls>(),
            ],
        },
    ]
}

/// Documents about files: titles, profiles, content and settings.
fn files() -> Vec<Document> {
    vec![
        Document {
            name: "info",
            by: "`info`",
            objects: vec![
                object::<InfoReport>(),
                object::<ImportRow>(),
                object::<LibraryExport>(),
                object::<DigestRow>(),
                object::<TitleRow>(),
                object::<AchievementRow>(),
                object::<PackageRow>(),
            ],
        },
        Document {
            name: "gpd",
            by: "`info` of a profile's database (.gpd)",
            objects: vec![object::<GpdReport>(), object::<GpdAchievementRow>(), object::<PlayedTitleRow>()],
        },
        Document {
            name: "content",
            by: "`content list`",
            objects: vec![object::<ContentReport>(), object::<ContentRow>(), object::<SetAsideRow>()],
        },
        Document {
            name: "library",
            by: "`library`",
            objects: vec![object::<LibraryReport>(), object::<LibraryRow>()],
        },
        Document {
            name: "settings",
            by: "`config list`",
            objects: vec![object::<SettingsReport>(), object::<SettingRowReport>()],
        },
        Document { name: "ls", by: "`ls`", objects: vec![object::<LsReport>(), object::<LsRow>()] },
        Document {
            name: "verify",
            by: "`verify`",
            objects: vec![object::<VerifyReport>(), object::<FaultRow>()],
        },
        Document {
            name: "patches",
            by: "`patches TITLE`",
            objects: vec![object::<PatchesReport>(), object::<PatchRow>()],
        },
        Document {
            name: "patch-check",
            by: "`patches --check`",
            objects: vec![object::<PatchCheckReport>(), object::<PatchFaultRow>()],
        },
    ]
}

/// Documents about what drawing keeps.
fn drawing() -> Vec<Document> {
    vec![
        Document {
            name: "pipelines",
            by: "`pipelines list`",
            objects: vec![object::<PipelineListReport>(), object::<PipelineStoreRow>()],
        },
        Document {
            name: "pipelines-import",
            by: "`pipelines import`",
            objects: vec![object::<PipelineImportReport>(), object::<PipelineImportRow>()],
        },
    ]
}

/// Documents about coverage, compatibility and speed.
fn lab_runs() -> Vec<Document> {
    vec![
        Document {
            name: "exports",
            by: "`exports`",
            objects: vec![
                object::<ExportsReport>(),
                object::<Counts>(),
                object::<ExportRow>(),
                object::<Against>(),
            ],
        },
        Document {
            name: "compat",
            by: "`compat`",
            objects: vec![object::<CompatReport>(), object::<CompatRow>()],
        },
        Document {
            name: "trace-play",
            by: "`trace play`",
            objects: vec![
                object::<PlayReport>(),
                object::<report::WgpuReport>(),
                object::<report::WgpuCounts>(),
            ],
        },
        Document {
            name: "bench",
            by: "`bench`",
            objects: vec![
                object::<BenchReport>(),
                object::<KernelReport>(),
                object::<ProgramReport>(),
                object::<StartReport>(),
                object::<MuchCodeReport>(),
                object::<ProgramMeans>(),
                object::<Spread>(),
                counters::<EngineCounters>("EngineCounters"),
            ],
        },
    ]
}

/// Documents about sweeps, and about the use of several host threads.
fn sweeps() -> Vec<Document> {
    vec![
        Document {
            name: "sweep",
            by: "`sweep merge`",
            objects: vec![
                object::<xenia_sweep::Merged>(),
                object::<xenia_sweep::FailedUnit>(),
                object::<xenia_sweep::Conflict>(),
                object::<xenia_sweep::Outcome>(),
            ],
        },
        Document {
            name: "sweep-diff",
            by: "`sweep diff`",
            objects: vec![object::<xenia_sweep::Difference>(), object::<xenia_sweep::Change>()],
        },
        Document {
            name: "scale",
            by: "`scale`",
            objects: vec![object::<ScaleReport>(), object::<ScaleWorkers>(), object::<Spread>()],
        },
    ]
}

/// Documents about compiled code, and about the checks of it.
fn engine_checks() -> Vec<Document> {
    vec![
        Document {
            name: "conformance",
            by: "`conformance`",
            objects: vec![object::<conformance::Report>(), object::<conformance::FailedCase>()],
        },
        Document {
            name: "fuzz",
            by: "`fuzz`",
            objects: vec![object::<FuzzReport>(), object::<Mismatch>(), object::<Missing>()],
        },
        Document {
            name: "fuzz-scenes",
            by: "`fuzz --scenes`",
            objects: vec![object::<SceneReport>(), object::<FamilyReport>(), object::<SceneMismatch>()],
        },
        Document { name: "precompile", by: "`precompile`", objects: vec![object::<PrecompileReport>()] },
        Document {
            name: "jit-dump",
            by: "`jit dump`",
            objects: vec![object::<DumpReport>(), object::<GuestLine>(), object::<BlockLine>()],
        },
    ]
}
