//! The project's development tasks; `cargo xtask --help` lists them.
#![forbid(unsafe_code)]

mod apt;
mod arguments;
mod asan;
mod built;
mod cases;
mod commands;
mod cross;
mod csmith;
mod deploy_check;
mod docs;
mod faults;
mod files;
mod frame_times;
mod fuzz_targets;
mod generated;
mod golden;
mod gpu_suite;
mod guests;
mod linting;
mod miri;
mod mutants;
mod not_run;
mod package;
mod program_times;
mod programs;
mod races;
mod real_programs;
mod reproducible;
mod retail_suite;
mod sanitizers;
mod sdk;
mod soak;
mod steps;
mod supply_chain;
mod sync_suite;
mod test_summary;
mod tidy;
mod title_run;
mod tsan;

use clap::Parser;
use std::process::ExitCode;

/// Development tasks of the xenia-rs repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Everything that CI checks: format, layout, build with lints, unit and doc tests, conformance
    /// cases, suites, golden runs.
    Test(steps::TestArgs),
    /// Check the layout rules only: the map of crates, names in documents, module docs, file sizes.
    Tidy,
    /// Build the guest programs and compare them with the checked-in binaries.
    Guests(guests::GuestsArgs),
    /// Compare the conformance cases with the output of make-cases.
    Cases(cases::CasesArgs),
    /// Compare the tables of docs/generated with the data that they come from.
    Docs(docs::DocsArgs),
    /// Compare each picture of the GPU suite with its formula, on every backend.
    GpuSuite(gpu_suite::GpuSuiteArgs),
    /// Run the synchronisation suite in many orders of the hardware threads.
    SyncSuite(sync_suite::SyncSuiteArgs),
    /// Run the console suite in many orders of the hardware threads.
    ConsoleSuite(sync_suite::SyncSuiteArgs),
    /// Run the retail suite: a title built as retail titles are, from every medium, and damaged.
    RetailSuite(retail_suite::RetailSuiteArgs),
    /// Run the race tests: programs whose threads race each other, with exact counts.
    Races(races::RacesArgs),
    /// Mutation testing: change handlers of the interpreter and the lifter and templates of the
    /// baseline tier one at a time, and check that a test fails.
    Mutants(mutants::MutantsArgs),
    /// Rewrite the golden files of our guest programs.
    Bless,
    /// Compare the host code compiled for our titles' blocks with golden/host-code.txt, or write
    /// that file.
    HostCode(steps::HostCodeArgs),
    /// Compare random C programs, compiled at several levels, with their output under qemu.
    Csmith(csmith::CsmithArgs),
    /// Build the third-party programs for `xenia-rs bench --programs`.
    Programs(programs::ProgramsArgs),
    /// Time all third-party programs, on every engine and natively, and write the book's page about
    /// it.
    ProgramTimes(program_times::TimesArgs),
    /// Time the frames of titles that draw, with both backends, and write the book's page about it.
    FrameTimes(frame_times::FrameTimesArgs),
    /// Run complete third-party programs as titles, and compare them with native runs.
    RealPrograms(real_programs::RealProgramsArgs),
    /// Build the C library for titles and the compiler driver that links with it.
    Sdk,
    /// Build a title from C or C++ files.
    Title(sdk::TitleArgs),
    /// Fault injection: let the host fail under a title, at random points, and check that no
    /// confirmed data is lost.
    Faults(faults::FaultsArgs),
    /// Run titles for hours, and check whether memory, descriptors, mappings, handles or caches
    /// grow.
    Soak(soak::SoakTestArgs),
    /// Check the Kubernetes manifest, and the container file's steps in an empty root folder.
    DeployCheck,
    /// Build the coverage-guided fuzz targets and run each for a while.
    FuzzTargets(fuzz_targets::FuzzTargetsArgs),
    /// Build the program twice, in two folders, and compare the bytes.
    Reproducible(reproducible::ReproducibleArgs),
    /// Build the program for another system or processor, and check it: for Windows under Wine, for
    /// AArch64 under qemu.
    Cross(cross::CrossArgs),
    /// Make packages of the program for Linux desktops: archive, Debian package, AppDir, Flatpak
    /// manifest, and their checksums.
    Package(package::PackageArgs),
    /// List all packages that the program is made of, with their licences and digests, as
    /// CycloneDX.
    Sbom(supply_chain::SbomArgs),
    /// Run the tests of the crates with `unsafe` under AddressSanitizer.
    Asan(sanitizers::SanitizerArgs),
    /// Run the tests of the multi-threaded crates under ThreadSanitizer.
    Tsan(sanitizers::SanitizerArgs),
    /// Run, in Miri, the tests of the crates with `unsafe` that need no mappings.
    Miri(sanitizers::SanitizerArgs),
}

impl Task {
    /// Whether the task's results are those of the development build of the program, which it does
    /// not build.
    fn judges_program(&self) -> bool {
        matches!(
            self,
            Self::Guests(_)
                | Self::Cases(_)
                | Self::Docs(_)
                | Self::GpuSuite(_)
                | Self::SyncSuite(_)
                | Self::ConsoleSuite(_)
                | Self::RetailSuite(_)
                | Self::Races(_)
                | Self::Bless
        )
    }

    /// Carries the task out.
    fn run(self) -> anyhow::Result<()> {
        if self.judges_program() {
            built::require_current_program()?;
        }
        match self {
            Self::Test(args) => steps::test(&args),
            Self::Tidy => tidy::run(),
            Self::Guests(args) => guests::guests(&args),
            Self::Cases(args) => cases::check(&args),
            Self::Docs(args) => docs::run(&args),
            Self::GpuSuite(args) => gpu_suite::suite(&args),
            Self::SyncSuite(args) => sync_suite::suite(&args),
            Self::ConsoleSuite(args) => sync_suite::console(&args),
            Self::RetailSuite(args) => retail_suite::suite(&args),
            Self::Races(args) => races::races(&args),
            Self::Mutants(args) => mutants::run(&args),
            Self::Bless => golden::bless(),
            Self::HostCode(args) => steps::host_code(&args),
            Self::Csmith(args) => csmith::run(&args),
            Self::Programs(args) => programs::run(&args),
            Self::ProgramTimes(args) => program_times::run(&args),
            Self::FrameTimes(args) => frame_times::run(&args),
            Self::RealPrograms(args) => real_programs::run(&args),
            Self::Sdk => sdk::run(),
            Self::Title(args) => sdk::title(&args),
            Self::Faults(args) => faults::faults(&args),
            Self::Soak(args) => soak::soak(&args),
            Self::DeployCheck => deploy_check::deploy_check(),
            Self::FuzzTargets(args) => fuzz_targets::run(&args),
            Self::Reproducible(args) => reproducible::reproducible(&args),
            Self::Cross(args) => cross::cross(&args),
            Self::Package(args) => package::package(&args),
            Self::Sbom(args) => supply_chain::sbom(&args),
            Self::Asan(args) => asan::asan(&args),
            Self::Tsan(args) => tsan::tsan(&args),
            Self::Miri(args) => miri::miri(&args),
        }
    }
}

fn main() -> ExitCode {
    match Task::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
