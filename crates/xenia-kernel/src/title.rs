//! The running title as a whole: what is called when it ends, what it hands to the next one, the
//! libraries it can ask for.
//!
//! A title that launches another ends its machine. Whoever runs machines takes the [`Successor`]
//! out of it and makes a new one: with that executable, the launch data, and the same devices.

use crate::Kernel;
use crate::abi::{Call, Continuation, Flow, GuestCall};
use crate::files::Packages;
use crate::imports::Library;
use crate::layout::ldr;
use crate::loader::path_of;
use crate::memory::KernelPool;
use crate::memory::second_level_cache::SecondLevelCache;
use crate::status::failure::{Failure, Fallible};
use crate::user::profile::Profiles;
use crate::user::xconfig::XConfig;
use crate::vfs::Vfs;
use std::collections::BTreeMap;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_memory::GuestMemory;
use xenia_sched::EndKind;

/// Notifications that may be registered.
const NOTIFICATION_LIMIT: usize = 256;

/// A function that is called when the title ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminateNotification {
    /// The function; it gets nothing.
    pub routine: GuestAddr,
    /// Higher ones are called first.
    pub priority: u32,
}

/// The executable that a title wants to be followed by.
#[derive(Clone, Debug)]
pub struct Launch {
    /// Guest path, links followed; as it was given if it leads nowhere.
    pub path: String,
    /// The file, or why it can't be read.
    pub file: Result<Vec<u8>, NtStatus>,
    /// Its update, if one lies beside it: called as it is, with a p behind it.
    pub patch: Option<Vec<u8>>,
}

/// What a machine whose title has launched another hands to the next machine.
#[derive(Debug)]
pub struct Successor {
    /// What is to run.
    pub launch: Launch,
    /// What else is handed on.
    pub inheritance: Inheritance,
}

/// What one title leaves to the next, beside its place.
#[derive(Debug, Default)]
pub struct Inheritance {
    /// Data that the title has left for the next.
    pub launch_data: Option<Vec<u8>>,
    /// Disc, disks and caches, with what is on them.
    pub devices: Vfs,
    /// The disc in the drive, if it was changed.
    pub disc: Option<u8>,
    /// Saved games and downloads; none is open.
    pub packages: Packages,
    /// The console's settings.
    pub settings: XConfig,
    /// Who is signed in.
    pub profiles: Profiles,
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub struct Title {
    notifications: Vec<TerminateNotification>,
    /// What the title hands to the next one; `None`: nothing.
    pub launch_data: Option<Vec<u8>>,
    /// The title that is to follow.
    pub launch: Option<Launch>,
    /// Handles of the console's own libraries.
    libraries: BTreeMap<Library, GuestAddr>,
    /// What it has locked of the second-level cache.
    pub cache: SecondLevelCache,
}

impl Title {
    /// Registers a function. One that is registered already gets the new priority. Beyond a limit
    /// nothing is added.
    pub fn register(&mut self, notification: TerminateNotification) {
        self.unregister(notification.routine);
        if self.notifications.len() < NOTIFICATION_LIMIT {
            self.notifications.push(notification);
        }
    }

    /// Takes a function off the list.
    pub fn unregister(&mut self, routine: GuestAddr) {
        self.notifications.retain(|registered| registered.routine != routine);
    }

    /// Takes the function to be called next: the highest priority, the first registered among
    /// equals.
    pub fn next_notification(&mut self) -> Option<TerminateNotification> {
        let highest = self.notifications.iter().map(|notification| notification.priority).max()?;
        let index = self.notifications.iter().position(|notification| notification.priority == highest)?;
        Some(self.notifications.remove(index))
    }

    /// The library with this handle.
    pub fn library_of(&self, handle: GuestAddr) -> Option<Library> {
        self.libraries.iter().find(|&(_, &at)| at == handle).map(|(&library, _)| library)
    }

    /// The handle of one of the console's own libraries: the address of its entry in guest memory.
    pub(crate) fn library_handle(
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
        let (wide, units) = pool.wide_name(file)?;
        for name in [ldr::FULL_NAME, ldr::BASE_NAME] {
            memory.write(handle.offset(name), units * 2)?;
            memory.write(handle.offset(name + 2), (units + 1) * 2)?;
            memory.write(handle.offset(name + 4), wide)?;
        }
        // The libraries are never unloaded.
        memory.write(handle.offset(ldr::LOAD_COUNT), 0xFFFF_u16)?;
        self.libraries.insert(library, handle);
        Ok(handle)
    }
}

impl Kernel {
    /// The title's id; 0 if it has none.
    pub fn title_id(&self) -> u32 {
        self.modules
            .lock()
            .title()
            .and_then(|module| module.execution)
            .map_or(0, |execution| execution.title_id.0)
    }

    /// The title's id, and those of other titles whose content it may have.
    pub(crate) fn titles_of_content(&self) -> Vec<u32> {
        let own = self.title_id();
        let modules = self.modules.lock();
        let others = modules.title().map(|module| module.alternate_titles.as_slice()).unwrap_or_default();
        let mut titles = vec![own];
        for title in others.iter().map(|title| title.0) {
            if !titles.contains(&title) {
                titles.push(title);
            }
        }
        titles
    }

    /// Finds and reads the executable that is to follow the title. No name stands for the disc's
    /// own.
    pub(crate) fn prepare_launch(&self, name: &str, now: u64) -> Launch {
        let name = if name.is_empty() { r"game:\default.xex" } else { name };
        let path = path_of(name, &self.config.image_path);
        let file = self.read_whole(&path, now).map_err(Failure::status);
        let patch = self.patch_of(&path, now);
        let files = self.files.lock();
        let path = files.vfs.resolve(&path).map_or(path, |location| files.vfs.full_name(&location));
        Launch { path, file, patch }
    }

    /// The update that lies beside an executable. That there is none, as for most, is nothing that
    /// the title asked for.
    fn patch_of(&self, executable: &str, now: u64) -> Option<Vec<u8>> {
        let is_xex = executable.get(executable.len().checked_sub(4)?..)?.eq_ignore_ascii_case(".xex");
        let path = is_xex.then(|| format!("{executable}p"))?;
        {
            let files = self.files.lock();
            files.vfs.find(&files.vfs.resolve(&path).ok()?).ok()?;
        }
        match self.read_whole(&path, now) {
            Ok(patch) => Some(patch),
            Err(error) => {
                let status = error.status();
                tracing::error!(target: "kernel", "the update {path} can't be read: {status:?}");
                None
            }
        }
    }

    /// What is to follow the title, which has ended: all its files are closed. `None` if nothing
    /// is.
    pub fn take_successor(&self) -> Option<Successor> {
        let (launch, launch_data) = {
            let mut title = self.title.lock();
            (title.launch.take()?, title.launch_data.take())
        };
        let mut files = self.files.lock();
        files.close_all();
        let packages = files.take_packages();
        let (devices, disc) = (std::mem::take(&mut files.vfs), files.disc);
        drop(files);
        let settings = std::mem::take(&mut *self.user.xconfig.lock());
        let profiles = std::mem::take(&mut *self.user.profiles.lock());
        Some(Successor {
            launch,
            inheritance: Inheritance { launch_data, devices, disc, packages, settings, profiles },
        })
    }

    /// Takes over what the title before has left. For a kernel that has loaded nothing yet.
    pub fn inherit(&self, inheritance: Inheritance) {
        self.title.lock().launch_data = inheritance.launch_data;
        {
            let mut files = self.files.lock();
            files.vfs.adopt_devices(inheritance.devices);
            files.disc = inheritance.disc;
            files.packages = inheritance.packages;
        }
        *self.user.xconfig.lock() = inheritance.settings;
        *self.user.profiles.lock() = inheritance.profiles;
    }
}

/// Ends the title: calls what wants to know, one after the other, then stops the machine.
pub fn terminate(call: &mut Call) -> Flow {
    terminate_with(call, 0)
}

/// The same, with an exit code.
pub fn terminate_with(call: &mut Call, code: u32) -> Flow {
    let next = call.kernel.title.lock().next_notification();
    let Some(notification) = next else {
        call.kernel.end_all_transfers(call.cpu);
        return Flow::End(EndKind::Exit { code });
    };
    let then =
        Continuation::Export { name: "terminate_title", run: go_on, state: [u64::from(code), 0, 0, 0] };
    Flow::CallGuest(GuestCall::new(notification.routine, then))
}

fn go_on(call: &mut Call, _result: u64, [code, ..]: [u64; 4]) -> Flow {
    terminate_with(call, code as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notifications_come_by_priority_then_age() {
        let mut title = Title::default();
        for (routine, priority) in [(1, 5), (2, 9), (3, 5), (4, 9)] {
            title.register(TerminateNotification { routine: GuestAddr(routine), priority });
        }
        title.unregister(GuestAddr(3));
        title.register(TerminateNotification { routine: GuestAddr(2), priority: 1 });
        let order: Vec<_> = std::iter::from_fn(|| title.next_notification()).map(|n| n.routine.0).collect();
        assert_eq!(order, [4, 1, 2]);
    }

    #[test]
    fn a_title_that_registers_for_ever_is_bounded() {
        let mut title = Title::default();
        for routine in 0..10_000 {
            title.register(TerminateNotification { routine: GuestAddr(routine), priority: 0 });
        }
        assert_eq!(title.notifications.len(), NOTIFICATION_LIMIT);
    }
}
