//! Exported variables: guest storage that titles access through import slots.
//!
//! Storage is allocated on first use by the kernel or a title. A variable without a row here gets a
//! zeroed block when it is imported, and counts as missing.

use crate::objects::dispatcher;
use crate::objects::pool::Pool;
use crate::ports::Clock;
use crate::status::failure::Fallible;
use ordinals::ExportKind;
use std::collections::BTreeMap;
use xenia_guest::layout::{dispatcher_header, object_type};
use xenia_guest::{GuestAddr, NtStatus, Ordinal, code_page};
use xenia_imports::{Library, Status, ordinals};
use xenia_memory::GuestMemory;
use xenia_state::{Impossible, check};

/// Size of a variable of unknown size, in bytes.
const UNKNOWN_SIZE: u32 = 0x40;

/// Name of the variable that is an event.
const BOOT_ENUMERATION: &str = "UsbdBootEnumerationDoneEvent";

/// A variable that titles can import.
#[derive(Debug)]
pub struct Variable {
    /// Name in `xboxkrnl`.
    pub name: &'static str,
    /// Size in bytes.
    pub size: u32,
    /// Whether its contents are those of the console.
    pub status: Status,
    /// Documentation of the variable.
    pub doc: &'static str,
}

const fn variable(name: &'static str, size: u32, status: Status, doc: &'static str) -> Variable {
    Variable { name, size, status, doc }
}

/// The variables of `xboxkrnl`.
pub static VARIABLES: &[Variable] = &[
    variable("ExConsoleGameRegion", 4, Status::Done, "Regions whose titles run: all."),
    variable("ExEventObjectType", object_type::SIZE, Status::Done, "Type of events."),
    variable("ExMutantObjectType", object_type::SIZE, Status::Done, "Type of mutants."),
    variable("ExSemaphoreObjectType", object_type::SIZE, Status::Done, "Type of semaphores."),
    variable("ExThreadObjectType", object_type::SIZE, Status::Done, "Type of threads."),
    variable("ExTimerObjectType", object_type::SIZE, Status::Done, "Type of timers."),
    variable("IoCompletionObjectType", object_type::SIZE, Status::Done, "Type of I/O completion queues."),
    variable("IoDeviceObjectType", object_type::SIZE, Status::Done, "Type of devices."),
    variable("IoFileObjectType", object_type::SIZE, Status::Done, "Type of files."),
    variable("ObDirectoryObjectType", object_type::SIZE, Status::Done, "Type of directories."),
    variable("ObSymbolicLinkObjectType", object_type::SIZE, Status::Done, "Type of symbolic links."),
    variable(
        "KeDebugMonitorData",
        4,
        Status::Done,
        "Pointer to the debug monitor's data; null: there is none.",
    ),
    variable(
        "KeCertMonitorData",
        4,
        Status::Done,
        "Pointer to the certification monitor's data; null: there is none.",
    ),
    variable(
        "KeTimeStampBundle",
        0x18,
        Status::Done,
        "Interrupt time, system time, milliseconds since boot; updated every millisecond.",
    ),
    variable(
        "XboxHardwareInfo",
        0x10,
        Status::Done,
        "Flags (0x20: hard disk) and number of hardware threads.",
    ),
    variable("XboxKrnlVersion", 8, Status::Done, "Version of the kernel."),
    variable("XexExecutableModuleHandle", 4, Status::Done, "Handle of the title's module."),
    variable("ExLoadedCommandLine", 0x400, Status::Done, "Command line of the title."),
    variable("ExLoadedImageName", 0x100, Status::Done, "Path of the title's executable."),
    variable(
        BOOT_ENUMERATION,
        dispatcher_header::SIZE,
        Status::Constant,
        "Event that is signalled once the ports have been looked through, which here is so from the start.",
    ),
    variable("VdGlobalDevice", 4, Status::Done, "Pointer that Direct3D keeps its device in."),
    variable("VdGlobalXamDevice", 4, Status::Done, "Pointer that the system's Direct3D keeps its device in."),
    variable("VdGpuClockInMHz", 4, Status::Done, "Clock of the graphics chip: 500."),
    variable(
        "VdHSIOCalibrationLock",
        0x1C,
        Status::Done,
        "Critical section around the calibration of the chip's link.",
    ),
];

/// Finds the row of a variable.
pub fn find(library: Library, ordinal: Ordinal) -> Option<&'static Variable> {
    let row = ordinals::find(library.rows(), ordinal)?;
    if row.kind != ExportKind::Variable || library != Library::xboxkrnl {
        return None;
    }
    VARIABLES.iter().find(|variable| variable.name == row.name)
}

/// Storage of a machine's variables.
#[derive(Debug, Default)]
pub struct Variables {
    storage: BTreeMap<(Library, u16), GuestAddr>,
}

impl Variables {
    /// Addresses of all variables with storage.
    pub(super) fn state(&self) -> BTreeMap<(Library, u16), GuestAddr> {
        let Self { storage } = self;
        storage.clone()
    }

    /// Replaces the addresses by those of a saved state. Variables that both have must be at the
    /// same addresses.
    pub(super) fn restore(&mut self, state: BTreeMap<(Library, u16), GuestAddr>) -> Result<(), Impossible> {
        let agrees = self.storage.iter().all(|(name, at)| state.get(name).is_none_or(|saved| saved == at));
        check(agrees, "a variable of the kernel is at another address")?;
        self.storage = state;
        Ok(())
    }

    /// The address of a variable that has storage.
    pub fn address(&self, library: Library, name: &str) -> Option<GuestAddr> {
        let row = library.rows().iter().find(|row| row.name == name)?;
        self.storage.get(&(library, row.ordinal.0)).copied()
    }

    /// The storage of a variable by name.
    pub fn storage(
        &mut self,
        memory: &GuestMemory,
        pool: &mut Pool,
        library: Library,
        name: &str,
    ) -> Fallible<GuestAddr> {
        let row = library.rows().iter().find(|row| row.name == name).ok_or(NtStatus::NOT_FOUND)?;
        self.storage_of(memory, pool, library, row.ordinal)
    }

    /// The storage of a variable by ordinal, allocated on first use.
    pub fn storage_of(
        &mut self,
        memory: &GuestMemory,
        pool: &mut Pool,
        library: Library,
        ordinal: Ordinal,
    ) -> Fallible<GuestAddr> {
        if let Some(&at) = self.storage.get(&(library, ordinal.0)) {
            return Ok(at);
        }
        let row = find(library, ordinal);
        let at = pool.allocate(memory, row.map_or(UNKNOWN_SIZE, |variable| variable.size))?;
        if row.is_some_and(|variable| variable.name == BOOT_ENUMERATION) {
            dispatcher::initialize(memory, at, dispatcher::kind::MANUAL_EVENT, dispatcher_header::SIZE, 1)?;
        }
        self.storage.insert((library, ordinal.0), at);
        Ok(at)
    }
}

/// Values of variables that differ between machines.
pub(crate) struct VariableValues<'a> {
    /// Kernel version: major, minor, build, revision.
    pub(crate) version: [u16; 4],
    pub(crate) command_line: &'a str,
    /// Guest path of the executable.
    pub(crate) image_path: &'a str,
    pub(crate) clock: Clock,
}

/// Initializes the variables that do not start as zeros.
pub(crate) fn initialize(
    memory: &GuestMemory,
    pool: &mut Pool,
    variables: &mut Variables,
    values: &VariableValues<'_>,
) -> Fallible<()> {
    let mut at = |name| variables.storage(memory, pool, Library::xboxkrnl, name);
    memory.write(at("ExConsoleGameRegion")?, u32::MAX)?;
    let hardware = at("XboxHardwareInfo")?;
    memory.write(hardware, 0x20_u32)?;
    memory.write(hardware.offset(4), 6_u8)?;
    let version = at("XboxKrnlVersion")?;
    for (index, part) in values.version.into_iter().enumerate() {
        memory.write(version.offset(2 * index as u32), part)?;
    }
    write_text(memory, at("ExLoadedCommandLine")?, 0x400, values.command_line)?;
    write_text(memory, at("ExLoadedImageName")?, 0x100, values.image_path)?;
    memory.write(at("VdGpuClockInMHz")?, 500_u32)?;
    let bundle = at("KeTimeStampBundle")?;
    memory.write(bundle.offset(8), values.clock.system_time(0))?;
    crate::objects::critical_section::initialize_section(memory, at("VdHSIOCalibrationLock")?, 10_000)
}

/// Writes a zero-terminated text of the code page, truncated to the size of the variable.
fn write_text(memory: &GuestMemory, at: GuestAddr, size: u32, text: &str) -> Fallible<()> {
    let bytes = code_page::encode_lossy(text).into_iter().take(size as usize - 1).chain([0]);
    let bytes: Vec<u8> = bytes.collect();
    Ok(memory.write_bytes(at, &bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_a_variable_of_the_kernel() {
        for variable in VARIABLES {
            let row = Library::xboxkrnl.rows().iter().find(|row| row.name == variable.name);
            assert_eq!(row.map(|row| row.kind), Some(ExportKind::Variable), "{}", variable.name);
            assert!(!variable.doc.is_empty() && variable.size > 0);
        }
    }
}
