//! The project's chores; `cargo xtask --help` lists them.
#![forbid(unsafe_code)]

mod apt;
mod asan;
mod cases;
mod csmith;
mod deploy_check;
mod docs;
mod faults;
mod fuzz_targets;
mod golden;
mod gpu_suite;
mod miri;
mod mutants;
mod not_run;
mod program_times;
mod programs;
mod races;
mod real_programs;
mod reproducible;
mod sanitizers;
mod sdk;
mod slurm_test;
mod soak;
mod steps;
mod supply_chain;
mod sync_suite;
mod tidy;
mod title_run;
mod tsan;

use clap::Parser;
use std::process::ExitCode;

/// Chores of the xenia-rs repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Everything CI checks: format, layout, build with lints, unit and doc tests, conformance
    /// cases, suites, golden runs.
    Test(steps::TestArgs),
    /// The rules of layout alone: the map of crates, names in documents, module docs, file sizes.
    Tidy,
    /// Build the guest programs and compare them with the checked-in binaries.
    Guests(steps::GuestsArgs),
    /// Compare the conformance cases with what make-cases writes.
    Cases(cases::CasesArgs),
    /// Compare the tables of docs/generated with the rows they come from.
    Docs(docs::DocsArgs),
    /// Compare each picture of the GPU suite with its formula, on every backend.
    GpuSuite(gpu_suite::SuiteArgs),
    /// Run the synchronisation suite in many orders of the hardware threads.
    SyncSuite(sync_suite::SuiteArgs),
    /// Run the console suite in many orders of the hardware threads.
    ConsoleSuite(sync_suite::SuiteArgs),
    /// Run the programs whose threads race each other, with exact counts.
    Races(races::RacesArgs),
    /// Change arms of interpreter and lifter one at a time and see whether a test notices.
    Mutants(mutants::MutantsArgs),
    /// Rewrite the golden files of our own guest programs.
    Bless,
    /// Compare the host code of our titles' blocks with golden/host-code.txt, or write that.
    HostCode(steps::HostCodeArgs),
    /// Compare random C programs, compiled at several levels, with what they print under qemu.
    Csmith(csmith::CsmithArgs),
    /// Build the programs that others wrote, for `xenia-rs bench --programs`.
    Programs(programs::ProgramsArgs),
    /// Time all of those and the whole ones, everywhere, and write the book's page about it.
    ProgramTimes(program_times::TimesArgs),
    /// Run whole programs that others wrote as titles, and compare with native runs.
    RealPrograms(real_programs::RealProgramsArgs),
    /// Build the C library for titles and the compiler driver that links with it.
    Sdk,
    /// Make a title out of files of C or C++.
    Title(sdk::TitleArgs),
    /// Run a sweep on a Slurm of its own, with workers that are killed.
    SlurmTest(slurm_test::SlurmArgs),
    /// Let the host fail under a title, at random points, and see that nothing that was confirmed
    /// is lost.
    Faults(faults::FaultsArgs),
    /// Run titles for hours, and see whether memory, descriptors, mappings, handles or caches grow.
    Soak(soak::SoakArgs),
    /// Check the Kubernetes manifest, and the container file's steps in a bare root.
    DeployCheck,
    /// Build the coverage-guided fuzz targets and run each for a while.
    FuzzTargets(fuzz_targets::FuzzTargetsArgs),
    /// Build the program twice, in two folders, and compare the bytes.
    Reproducible(reproducible::ReproducibleArgs),
    /// List all packages that the program is made of, with their licences and digests, as
    /// CycloneDX.
    Sbom(supply_chain::SbomArgs),
    /// Run the tests of the crates with `unsafe` under AddressSanitizer.
    Asan(sanitizers::SuiteArgs),
    /// Run the tests of what host threads share under ThreadSanitizer.
    Tsan(sanitizers::SuiteArgs),
    /// Run the tests of the crates with `unsafe` that need no mappings in Miri.
    Miri(sanitizers::SuiteArgs),
}

fn main() -> ExitCode {
    let result = match Task::parse() {
        Task::Test(args) => steps::test(&args),
        Task::Tidy => tidy::run(),
        Task::Guests(args) => steps::guests(&args),
        Task::Cases(args) => cases::check(&args),
        Task::Docs(args) => docs::run(&args),
        Task::GpuSuite(args) => gpu_suite::suite(&args),
        Task::SyncSuite(args) => sync_suite::suite(&args),
        Task::ConsoleSuite(args) => sync_suite::console(&args),
        Task::Races(args) => races::races(&args),
        Task::Mutants(args) => mutants::run(&args),
        Task::Bless => golden::bless(),
        Task::HostCode(args) => steps::host_code(&args),
        Task::Csmith(args) => csmith::run(&args),
        Task::Programs(args) => programs::run(&args),
        Task::ProgramTimes(args) => program_times::run(&args),
        Task::RealPrograms(args) => real_programs::run(&args),
        Task::Sdk => sdk::run(),
        Task::Title(args) => sdk::title(&args),
        Task::SlurmTest(args) => slurm_test::run_test(&args),
        Task::Faults(args) => faults::faults(&args),
        Task::Soak(args) => soak::soak(&args),
        Task::DeployCheck => deploy_check::deploy_check(),
        Task::FuzzTargets(args) => fuzz_targets::run(&args),
        Task::Reproducible(args) => reproducible::reproducible(&args),
        Task::Sbom(args) => supply_chain::sbom(&args),
        Task::Asan(args) => asan::asan(&args),
        Task::Tsan(args) => tsan::tsan(&args),
        Task::Miri(args) => miri::miri(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
