//! Drivers that a title contains: names of their devices, open files on these, and requests that
//! are under way.
//!
//! A request is an IRP in guest memory, as the driver expects it, and a record here, which alone
//! determines where the end is reported: the driver may write anything into the IRP. [`request`]
//! makes and completes them; the exports call the driver's functions.

mod pages;
mod request;

pub use request::{DriverAnswer, DriverCall, DriverProgress, MAX_STACK, NewFile, NewRequest};

use super::completion::PortKey;
use super::request::Reply;
use crate::status::failure::Fallible;
use pages::PagedTransfer;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_limits::{Limit, ResourceLimits};
use xenia_state::{Impossible, check};
use xenia_vfs::path;

/// Progress of an open file on a driver's device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FilePhase {
    /// The driver has not agreed to the open yet, or has refused it.
    Opening,
    /// The file has handles.
    Open,
    /// The last handle is closed, and the driver was notified.
    CleanedUp,
    /// The last reference is dropped, and the driver was notified.
    Closed,
}

/// An open file on a device of a driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriverFile {
    /// Body of the device object, which the file references.
    pub device: GuestAddr,
    /// Whether requests end before their calls return.
    pub is_synchronous: bool,
    /// Progress of the file.
    pub phase: FilePhase,
    /// The completion port for its requests.
    pub port: Option<PortKey>,
}

impl DriverFile {
    /// Bodies of the objects that the file references.
    fn references(self) -> impl Iterator<Item = GuestAddr> {
        [Some(self.device), self.port.map(|port| port.port)].into_iter().flatten()
    }
}

/// Purpose of a request, and what its call does at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RequestPurpose {
    /// Opens a file: its handle is stored here.
    Open {
        /// Address of the handle.
        handle: GuestAddr,
    },
    /// Transfers data or controls the device: the call may return before the end.
    Transfer,
    /// Queries or changes something: the call waits for the end.
    Query,
    /// Controls a device without a file, for other kernel code.
    Internal {
        /// Address of the number of bytes stored, or null.
        returned: GuestAddr,
    },
    /// Notifies the driver that the last handle is closed.
    Cleanup {
        /// Result of the call that closed it.
        result: NtStatus,
    },
    /// Notifies the driver that the last reference was released.
    Close {
        /// Result of the call that dropped it.
        result: NtStatus,
    },
}

/// Progress of a request to a driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RequestProgress {
    /// A driver has it.
    UnderWay,
    /// The driver has completed it, and its end is being reported. No call may free the IRP yet.
    Ending,
    /// Its end is reported.
    Over {
        /// Final status of the request.
        status: NtStatus,
        /// Bytes transferred, or another value that the kind defines.
        information: u32,
    },
}

/// A request that a driver has and that is not over, or whose call has not seen its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriverRequest {
    /// Body of the device object.
    pub device: GuestAddr,
    /// Purpose of the request.
    pub purpose: RequestPurpose,
    /// Where the end is reported. Its file, null for none, and its event are referenced.
    pub reply: Reply,
    /// Event in the IRP's block that the request's own call waits for.
    pub over: GuestAddr,
    /// Progress of the request.
    pub progress: RequestProgress,
    /// Whether no call waits for the end.
    pub is_left: bool,
}

impl DriverRequest {
    /// Body of the object to which the request owns a reference: its file, without one its device.
    fn owned(&self) -> GuestAddr {
        if self.reply.file.is_null() { self.device } else { self.reply.file }
    }
}

/// Devices, files and requests of the title's drivers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drivers {
    /// Names of devices, by the body of the device object.
    devices: BTreeMap<GuestAddr, Vec<String>>,
    /// Open files, by the body of the file object.
    files: BTreeMap<GuestAddr, DriverFile>,
    /// Requests, by the address of the IRP.
    requests: BTreeMap<GuestAddr, DriverRequest>,
    /// Buffers of the requests that transfer pages, by the address of the IRP.
    paged: BTreeMap<GuestAddr, PagedTransfer>,
}

/// Largest number of named devices.
const MAX_DEVICES: usize = 256;

impl Drivers {
    /// Names a device, whose driver gets the opens below the name.
    pub(super) fn name_device(&mut self, body: GuestAddr, name: &str) -> Fallible<()> {
        let names = path::split(name)?;
        if names.is_empty() {
            return Err(NtStatus::OBJECT_NAME_INVALID.into());
        }
        if self.devices.len() >= MAX_DEVICES {
            return Err(NtStatus::INSUFFICIENT_RESOURCES.into());
        }
        self.devices.insert(body, names);
        Ok(())
    }

    /// Removes the name of a device; returns whether it had one.
    pub fn unname_device(&mut self, body: GuestAddr) -> bool {
        self.devices.remove(&body).is_some()
    }

    /// Whether no device has a name, as in most titles.
    pub fn is_unused(&self) -> bool {
        self.devices.is_empty()
    }

    /// Paths of all named devices.
    pub(super) fn names(&self) -> impl Iterator<Item = &[String]> {
        self.devices.values().map(Vec::as_slice)
    }

    /// The device that these names lead to, and the number of names that are its own. The longest
    /// name wins, as among mounts.
    pub(super) fn find(&self, names: &[String]) -> Option<(GuestAddr, usize)> {
        let found = self.devices.iter().filter(|(_, own)| path::starts_with(names, own));
        found.max_by_key(|(_, own)| own.len()).map(|(&body, own)| (body, own.len()))
    }

    /// Whether a device has exactly this name.
    pub(super) fn has_name(&self, name: &str) -> bool {
        path::split(name)
            .is_ok_and(|names| self.find(&names).is_some_and(|(_, length)| length == names.len()))
    }

    /// The open file with this body.
    pub fn file(&self, body: GuestAddr) -> Fallible<DriverFile> {
        self.files.get(&body).copied().ok_or_else(|| NtStatus::INVALID_HANDLE.into())
    }

    /// The open file with this body, mutable.
    pub fn file_mut(&mut self, body: GuestAddr) -> Fallible<&mut DriverFile> {
        self.files.get_mut(&body).ok_or_else(|| NtStatus::INVALID_HANDLE.into())
    }

    /// Whether a file of this body is open on the device.
    pub fn has_files_on(&self, device: GuestAddr) -> bool {
        self.files.values().any(|file| file.device == device)
    }

    /// Adds a file that is being opened.
    fn insert_file(&mut self, limits: &ResourceLimits, body: GuestAddr, file: DriverFile) -> Fallible<()> {
        limits.admit(Limit::OpenFiles, self.files.len())?;
        self.files.insert(body, file);
        Ok(())
    }

    fn remove_file(&mut self, body: GuestAddr) -> Option<DriverFile> {
        self.files.remove(&body)
    }

    /// The request of this IRP, if a driver has it.
    pub fn request(&self, irp: GuestAddr) -> Option<DriverRequest> {
        self.requests.get(&irp).copied()
    }

    /// Takes the buffer of a request that transfers pages.
    fn take_paged(&mut self, irp: GuestAddr) -> Option<PagedTransfer> {
        self.paged.remove(&irp)
    }

    /// The requests that a thread has made on a file and that are not over, by address of their
    /// IRPs after `last`.
    pub fn next_pending(&self, thread_id: u32, file: GuestAddr, last: GuestAddr) -> Option<GuestAddr> {
        let is_one = |request: &DriverRequest| {
            request.progress == RequestProgress::UnderWay
                && request.reply.thread_id == thread_id
                && request.reply.file == file
        };
        let mut after = self.requests.range(GuestAddr(last.0.saturating_add(1))..);
        after.find(|(_, request)| is_one(request)).map(|(&irp, _)| irp)
    }

    /// Handles the end of a thread: nothing more is stored in its memory, and no call of it waits.
    /// Returns the requests whose end its calls have not seen.
    fn end_of_thread(&mut self, thread_id: u32) -> Vec<GuestAddr> {
        let mut over = Vec::new();
        for (&packet, request) in &mut self.requests {
            if request.reply.thread_id == thread_id {
                request.reply.status_block = GuestAddr::NULL;
                request.reply.apc_routine = GuestAddr::NULL;
                request.is_left = true;
                if matches!(request.progress, RequestProgress::Over { .. }) {
                    over.push(packet);
                }
            }
        }
        over
    }

    /// Checks a saved state for a machine with these limits.
    pub(super) fn check(&self, limits: &ResourceLimits) -> Result<(), Impossible> {
        let most = limits.value(Limit::OpenFiles);
        check(self.files.len() as u64 <= most, "too many files of drivers are open")?;
        let most = limits.value(Limit::PendingTransfers);
        check(self.requests.len() as u64 <= most, "drivers have too many requests")?;
        check(self.devices.len() <= MAX_DEVICES, "drivers have too many devices")?;
        let mut paged = self.paged.iter();
        let are_possible = paged.all(|(irp, paged)| self.requests.contains_key(irp) && paged.is_possible());
        check(are_possible, "a driver has the pages of no request, or too many")?;
        check(self.devices.values().all(|names| !names.is_empty()), "a driver's device has an empty name")
    }

    /// Describes devices, files and requests, one line each: the input of a state digest.
    pub fn describe(&self, line: &mut dyn FnMut(&str)) {
        for (body, names) in &self.devices {
            line(&format!("driver's device {body} {names:?}"));
        }
        for (body, file) in &self.files {
            line(&format!("driver's file {body} {file:?}"));
        }
        for (irp, request) in &self.requests {
            line(&format!("driver's request {irp} {request:?}"));
        }
        for (irp, paged) in &self.paged {
            line(&format!("driver's pages {irp} {paged:?}"));
        }
    }
}
