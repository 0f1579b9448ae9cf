//! Model-based test of file operations: random calls, as a hostile title makes them, are compared
//! with a model. They use the title's folder, a hard disk in a host folder and scratch disks; names
//! that try to lead outside, host links that do, edge-case offsets and sizes, and a host that
//! changes its folders meanwhile.
//!
//! The number of a case determines it. The test runs some; to run many, use
//!
//! ```sh
//! XENIA_VFS_CASES=0..20000 cargo test --release -p xenia-kernel-tests \
//!     file_operations_agree_with_a_model
//! XENIA_VFS_CASES=77..78 XENIA_VFS_LOG=1 cargo test -p xenia-kernel-tests \
//!     file_operations_agree_with_a_model   # what it did
//! ```
//!
//! For each call the model collects the rules that forbid it. If there are any, the call must fail
//! with the status of one of them, whichever the kernel checks first, and have no effect; otherwise
//! it must succeed as described. All files outside the folders are the canary.

mod calls;
mod facts;
mod host;
mod long_files;
mod model;
mod names;
mod opening;
mod renaming;
mod transfers;

use super::*;
use calls::Calls;
use host::Host;
use model::{At, GAME, HDD, Model, Open, SCRATCH};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use xenia_kernel::files::{ChangedFiles, FilesState};
use xenia_kernel::ports::Storage;
use xenia_sched::filetime;
use xenia_testing::{Cases, Dice};

/// Operations in a case.
const OPERATIONS: usize = 150;
/// Cases in a normal test run.
const CASES: u64 = 200;

#[derive(Debug)]
struct Disk(PathBuf);

impl Storage for Disk {
    fn hard_disk(&self) -> Option<PathBuf> {
        Some(self.0.clone())
    }
}

/// The statuses of all rules that forbid a call.
#[derive(Debug, Default)]
struct Refusals(Vec<NtStatus>);

impl Refusals {
    fn when(&mut self, condition: bool, status: NtStatus) {
        if condition {
            self.0.push(status);
        }
    }

    /// Checks a call's status; returns whether it succeeded, as it must if no rule forbids it.
    fn judge(&self, status: NtStatus, success: NtStatus) -> bool {
        if self.0.is_empty() {
            assert_eq!(status, success, "nothing speaks against it");
        } else {
            assert!(self.0.contains(&status), "{status:?}, not one of {:?}", self.0);
        }
        self.0.is_empty()
    }
}

struct Case {
    calls: Calls,
    dice: Dice,
    model: Model,
    host: Host,
    log: Vec<String>,
    /// Number of kernel handles that are not of files.
    other_handles: usize,
}

fn machine(host: &Host) -> Calls {
    let ports = Ports { storage: Box::new(Disk(host.folder(HDD))), ..Ports::default() };
    let harness = Harness::with_ports(ports);
    harness.mount(&host.folder(GAME));
    Calls::new(harness)
}

impl Case {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let mut model = Model::default();
        let host = Host::new(&mut dice, &mut model);
        let calls = machine(&host);
        let other_handles = calls.harness.kernel.objects.handles().len();
        Self { calls, dice, model, host, log: Vec::new(), other_handles }
    }

    fn now(&self) -> u64 {
        filetime(self.calls.harness.scheduler.now())
    }

    fn note(&mut self, text: String) {
        self.log.push(text);
    }

    /// Returns the index of a random open handle.
    fn any_open(&mut self) -> Option<usize> {
        let count = self.model.opens.len();
        (count > 0).then(|| self.dice.below(count))
    }

    /// Formats a handle for the log.
    fn show(open: &Open) -> String {
        format!("{:#x} ({} {})", open.handle, open.at.disk, open.at.names.join("\\"))
    }

    fn step(&mut self) {
        if self.model.opens.len() > 24 {
            return self.close_any();
        }
        match self.dice.below(100) {
            0..=29 => self.open(),
            30..=37 => self.close_any(),
            38..=46 => self.read(),
            47..=57 => self.write(),
            58..=61 => self.set_size(),
            62..=64 => self.set_allocation(),
            65..=66 => self.set_position(),
            67..=72 => self.query(),
            73..=78 => self.rename(),
            79..=81 => self.set_delete(),
            82 => self.delete(),
            83..=87 => self.list(),
            88..=89 => self.query_by_name(),
            90..=91 => self.set_basic(),
            92 => self.flush(),
            93 if self.dice.one_in(2) => self.load(),
            93 => self.volume(),
            94 => self.link(),
            95..=96 => {
                let later = self.calls.harness.scheduler.now() + self.dice.next() % 1_000_000_000;
                self.calls.harness.scheduler.set_now(later);
            }
            97 => {
                let text = self.host.change_game(&mut self.dice, &mut self.model.disks[GAME]);
                self.note(text);
            }
            98 if !self.model.hdd_is_unknown => {
                let text = self.host.change_hdd(&mut self.dice, &mut self.model);
                self.note(text);
            }
            98 => {
                let text = self.host.wreck_hdd(&mut self.dice);
                self.note(text);
            }
            _ if self.dice.one_in(3) => self.restart(),
            _ if self.dice.one_in(4) => {
                self.model.hdd_is_unknown = true;
                let text = self.host.wreck_hdd(&mut self.dice);
                self.note(text);
            }
            _ => {}
        }
    }

    /// Saves the state of all files and restores it in their place, after closing those of the
    /// host's folders: they are found again by their paths, and the host may have changed them.
    fn load(&mut self) {
        while let Some(index) = self.model.opens.iter().position(|open| open.at.disk < SCRATCH) {
            self.close(index);
        }
        let kernel = &self.calls.harness.kernel;
        // A write to the hard disk may have failed.
        let Ok((state, bytes)) = FilesState::of(kernel) else { return };
        state.clone().restore(kernel, bytes.clone(), ChangedFiles::Refused).expect("its own state");
        assert!(FilesState::of(kernel) == Ok((state, bytes)), "the state is another");
        self.note("a state is saved and loaded".to_owned());
    }

    /// Creates a symbolic link to a folder, or removes it.
    fn link(&mut self) {
        const NAMES: [&str; 2] = ["save:", "s:"];
        let name = NAMES[self.dice.below(2)];
        if self.model.links.remove(name).is_some() {
            self.note(format!("unlink {name}"));
            assert_eq!(self.calls.unlink(name), NtStatus::SUCCESS);
            return;
        }
        let (device, disk) =
            [("\\Device\\Harddisk0\\Partition1", HDD), ("game:", GAME), ("\\??\\cache:", SCRATCH)]
                [self.dice.below(3)];
        let folder = ["", "\\Dir", "\\a\\b", "\\x\\.."][self.dice.below(4)];
        let target = [device, folder].concat();
        self.note(format!("link {name} to {target}"));
        assert_eq!(self.calls.link(name, target.as_bytes()), NtStatus::SUCCESS);
        let names = folder.split('\\').filter(|name| !name.is_empty()).map(str::to_owned);
        let names = if folder.ends_with("..") { Vec::new() } else { names.collect() };
        self.model.links.insert(name, At { disk, names });
    }

    /// Closes all handles, and starts another machine on the same folders.
    fn restart(&mut self) {
        self.close_all();
        self.note("another run".to_owned());
        let later = self.calls.harness.scheduler.now();
        self.calls = machine(&self.host);
        self.calls.harness.scheduler.set_now(later);
        for disk in SCRATCH..self.model.disks.len() {
            self.model.disks[disk] = model::Disk::default();
        }
        self.model.links.clear();
        self.model.disks[HDD].forget_added();
    }

    fn close_all(&mut self) {
        while !self.model.opens.is_empty() {
            self.close_any();
        }
        let kernel = &self.calls.harness.kernel;
        assert_eq!(kernel.objects.handles().len(), self.other_handles, "handles");
        let files = kernel.files.lock();
        assert_eq!((files.iter().count(), files.shared_count()), (0, 0), "open files");
        drop(files);
        assert_eq!(self.host.descriptors(), 0, "descriptors of the host");
    }

    fn run(&mut self) {
        for _ in 0..OPERATIONS {
            self.step();
        }
        self.close_all();
        self.note("the end".to_owned());
        self.calls = machine(&self.host);
        self.host.check();
        if !self.model.hdd_is_unknown {
            self.host.check_hdd(&self.model);
        }
    }
}

#[test]
fn file_operations_agree_with_a_model() {
    Cases::new("XENIA_VFS_CASES", CASES).each(|seed| {
        let mut case = Case::new(seed);
        let ended = catch_unwind(AssertUnwindSafe(|| case.run()));
        if let Err(panic) = ended {
            if std::env::var_os("XENIA_VFS_LOG").is_some() {
                println!("{}", case.log.join("\n"));
            }
            let last = case.log.last().map(String::as_str).unwrap_or_default();
            println!("operation {}: {last}", case.log.len());
            resume_unwind(panic);
        }
    });
}
