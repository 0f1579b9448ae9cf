//! State of the running title as a whole: termination callbacks, data for the next title, handles
//! of system libraries.
//!
//! A launch of another title ends the machine. The owner of machines takes the [`Successor`] and
//! makes a new machine with that executable, the launch data, and the same devices.

mod packages;

use crate::Kernel;
use crate::abi::{Call, Continuation, Flow, GuestCall, KernelResumption};
use crate::files::Packages;
use crate::files::mounts::{UPDATE, title_path};
use crate::loader::{ModuleLoader, path_of};
use crate::memory::second_level_cache::SecondLevelCache;
use crate::notification_list::NotificationList;
use crate::objects::KernelPool;
use crate::ports::Disc;
use crate::status::failure::{Failure, Fallible};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use xenia_formats::title_files::DEFAULT_EXECUTABLE;
use xenia_guest::layout::ldr;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_imports::Library;
use xenia_memory::GuestMemory;
use xenia_sched::EndKind;
use xenia_state::{Impossible, check};
use xenia_user::profile::Profiles;
use xenia_user::xconfig::XConfig;
use xenia_vfs::Vfs;

/// Numbers of the keys that a title can set.
pub const TITLE_KEYS: RangeInclusive<u32> = 0xE0..=0xE7;

/// The executable that a title launches.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Launch {
    /// Guest path after symbolic links are resolved; the path as given if it does not resolve.
    pub path: String,
    /// Contents of the file, or the error of reading it.
    pub file: Result<Vec<u8>, NtStatus>,
    /// Title update beside the executable: the file whose name has an additional `p` at the end.
    pub patch: Option<Vec<u8>>,
    /// The package that becomes the title's medium; `None` if the medium keeps its place.
    pub package: Option<PackageOnMedium>,
    /// Folder of `game:`; `None`: that of the executable.
    pub folder: Option<String>,
    /// Command line after the name of the executable.
    pub command_line: String,
}

/// A package on the medium of the title that launches it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageOnMedium {
    /// The disc that has it, if the disc in the drive was changed.
    pub disc: Option<u8>,
    /// Path on the medium.
    pub path: String,
}

/// State that a machine hands to the next after a launch.
#[derive(Debug)]
pub struct Successor {
    /// The executable to run.
    pub launch: Launch,
    /// State other than the executable.
    pub inheritance: Inheritance,
}

/// State that a title leaves to its successor, other than the executable.
#[derive(Debug, Default)]
pub struct Inheritance {
    /// Launch data the title has set for its successor.
    pub launch_data: Option<Vec<u8>>,
    /// Disc, disks and caches, with their contents.
    pub devices: Vfs,
    /// The disc in the drive, if it was changed.
    pub disc: Option<u8>,
    /// Contents of the disc in the drive.
    pub disc_contents: Option<Disc>,
    /// Packages of saved games and downloads; none is open.
    pub packages: Packages,
    /// Settings of the console.
    pub settings: XConfig,
    /// Profiles and their sign-in state.
    pub profiles: Profiles,
}

/// State of the running title as a whole.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct TitleState {
    /// Callbacks for the end of the title, which are called without arguments.
    pub notifications: NotificationList,
    /// Launch data for the next title, if any is set.
    pub launch_data: Option<Vec<u8>>,
    /// The title to launch after this one.
    pub launch: Option<Launch>,
    /// Handles of the console's system libraries.
    libraries: BTreeMap<Library, GuestAddr>,
    /// State of the second-level cache that the title has locked.
    pub cache: SecondLevelCache,
    /// Keys that the title has set, by their numbers.
    pub keys: BTreeMap<u32, [u8; 16]>,
}

impl TitleState {
    /// Checks a title's state that comes from a file.
    pub(crate) fn check_state(&self) -> Result<(), Impossible> {
        // Launch data and executables are bytes for the guest, and handles are addresses in it.
        let Self { notifications, launch_data: _, launch: _, libraries: _, cache, keys } = self;
        notifications.check_state()?;
        check(keys.keys().all(|number| TITLE_KEYS.contains(number)), "a key that titles can't set")?;
        cache.check_state()
    }

    /// The library with this handle.
    pub fn library_of(&self, handle: GuestAddr) -> Option<Library> {
        self.libraries.iter().find(|&(_, &at)| at == handle).map(|(&library, _)| library)
    }

    /// The handle of a system library: the address of its loader entry in guest memory.
    pub fn library_handle(
        &mut self,
        memory: &GuestMemory,
        pool: &KernelPool,
        library: Library,
    ) -> Fallible<GuestAddr> {
        if let Some(&handle) = self.libraries.get(&library) {
            return Ok(handle);
        }
        let file = match library {
            Library::xboxkrnl => "xboxkrnl.exe",
            Library::xam => "xam.xex",
        };
        let handle = pool.allocate(ldr::SIZE)?;
        let name = pool.wide_name(file);
        if name.is_err() {
            pool.release(handle)?;
        }
        let (wide, units) = name?;
        for name in [ldr::FULL_NAME, ldr::BASE_NAME] {
            memory.write(handle.offset(name), units * 2)?;
            memory.write(handle.offset(name + 2), (units + 1) * 2)?;
            memory.write(handle.offset(name + 4), wide)?;
        }
        // System libraries are never unloaded.
        memory.write(handle.offset(ldr::LOAD_COUNT), 0xFFFF_u16)?;
        self.libraries.insert(library, handle);
        Ok(handle)
    }
}

impl Kernel {
    /// The title's ID; 0 if it has none.
    pub fn title_id(&self) -> u32 {
        self.modules.lock().title_id()
    }

    /// Takes the title's successor after the title has ended: closes all files. `None` if it
    /// launches none.
    pub fn take_successor(&self) -> Option<Successor> {
        let (launch, launch_data) = {
            let mut title = self.title.lock();
            (title.launch.take()?, title.launch_data.take())
        };
        let mut files = self.files.lock();
        // Closing commits pending writes to the devices that the next machine takes over.
        files.close_all();
        let packages = files.take_packages();
        // The next machine mounts the update of its own title.
        let devices = files.vfs.take_all_but(UPDATE);
        let disc = files.disc;
        let disc_contents = files.discs.remove(&disc);
        drop(files);
        let settings = std::mem::take(&mut *self.user.xconfig.lock());
        let profiles = std::mem::take(&mut *self.user.profiles.lock());
        Some(Successor {
            launch,
            inheritance: Inheritance {
                launch_data,
                devices,
                disc,
                disc_contents,
                packages,
                settings,
                profiles,
            },
        })
    }

    /// Takes over the predecessor's state. The kernel must not have loaded a module yet.
    pub fn inherit(&self, inheritance: Inheritance) {
        self.title.lock().launch_data = inheritance.launch_data;
        {
            let mut files = self.files.lock();
            files.vfs.adopt_devices(inheritance.devices);
            let disc = inheritance.disc;
            files.disc = disc;
            files.discs = inheritance.disc_contents.map(|contents| (disc, contents)).into_iter().collect();
            files.packages = inheritance.packages;
        }
        *self.user.xconfig.lock() = inheritance.settings;
        *self.user.profiles.lock() = inheritance.profiles;
    }
}

impl ModuleLoader<'_> {
    /// Finds and reads the executable of a launch. An empty name means the disc's default
    /// executable.
    pub fn prepare_launch(&self, name: &str, now: u64) -> Launch {
        let path = match name {
            "" => title_path(DEFAULT_EXECUTABLE),
            name => path_of(name, self.image_path),
        };
        let file = self.read_whole(&path, now).map_err(Failure::status);
        let patch = self.patch_of(&path, now);
        let files = self.files.lock();
        let path = files.vfs.resolve(&path).map_or(path, |location| files.vfs.full_name(&location));
        Launch { path, file, patch, package: None, folder: None, command_line: String::new() }
    }

    /// Reads the title update beside an executable.
    fn patch_of(&self, executable: &str, now: u64) -> Option<Vec<u8>> {
        let is_xex = executable.get(executable.len().checked_sub(4)?..)?.eq_ignore_ascii_case(".xex");
        self.read_patch(&is_xex.then(|| format!("{executable}p"))?, now, |_| Ok(()))
    }

    /// Reads a patch of an update, if `admit` accepts its size. Most modules have none; the title
    /// did not ask for one, so a missing file is not reported.
    pub(crate) fn read_patch(
        &self,
        path: &str,
        now: u64,
        admit: impl FnOnce(u64) -> Fallible<()>,
    ) -> Option<Vec<u8>> {
        {
            let files = self.files.lock();
            files.vfs.find(&files.vfs.resolve(path).ok()?).ok()?;
        }
        match self.read_file(path, now, admit) {
            Ok(patch) => Some(patch),
            Err(error) => {
                let status = error.status();
                tracing::error!(target: "kernel", "the update {path} can't be read: {status:?}");
                None
            }
        }
    }
}

/// Ends the title: calls the termination callbacks one by one, then stops the machine.
pub fn terminate(call: &mut Call) -> Flow {
    terminate_with(call, 0)
}

/// Ends the title with an exit code: calls the next termination callback, and is called again after
/// it.
pub fn terminate_with(call: &mut Call, code: u32) -> Flow {
    let next = call.kernel.title.lock().notifications.take_first();
    let Some(notification) = next else {
        call.kernel.file_requests().end_all(call.cpu);
        return Flow::End(EndKind::Exit { code });
    };
    let then = Continuation::Kernel(KernelResumption::TitleTermination { code });
    Flow::CallGuest(GuestCall::new(notification.routine, then))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notification_list::NotificationRoutine;

    #[test]
    fn a_restored_title_continues_as_the_saved_one() {
        let launch = Launch {
            path: "game:".to_owned(),
            file: Err(NtStatus::NO_MEMORY),
            patch: Some(vec![3]),
            package: Some(PackageOnMedium { disc: Some(2), path: "p".to_owned() }),
            folder: Some("f".to_owned()),
            command_line: "c".to_owned(),
        };
        let libraries = BTreeMap::from([(Library::xam, GuestAddr(0x40))]);
        let launch_data = Some(vec![1, 2]);
        let keys = BTreeMap::from([(0xE7, [4; 16])]);
        let mut title =
            TitleState { launch_data, launch: Some(launch), libraries, keys, ..TitleState::default() };
        for (n, priority) in [(1, 5), (2, 9)] {
            let routine = NotificationRoutine { registration: GuestAddr(n), routine: GuestAddr(n + 0x100) };
            title.notifications.register(routine, priority);
        }
        let mut read = crate::kernel::round_trip(&title);
        assert_eq!((read.check_state(), format!("{read:?}")), (Ok(()), format!("{title:?}")));
        assert_eq!(read.notifications.take_first(), title.notifications.take_first());
        assert_eq!(read.library_of(GuestAddr(0x40)), Some(Library::xam));
        read.keys.insert(0xE8, [4; 16]);
        assert!(read.check_state().is_err());
        read.keys.clear();
        assert_eq!(read.check_state(), Ok(()));
        read.notifications = NotificationList::overfull();
        assert!(read.check_state().is_err());
    }
}
