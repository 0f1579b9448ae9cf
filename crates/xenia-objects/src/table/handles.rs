//! Opening and closing of handles, each of which holds a reference to its object.

use super::{ObjectTables, Objects, publish};
use crate::failure::Fallible;
use crate::handle::Handle;
use crate::handle_table::HandleTable;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_limits::Limit;

/// References to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReferenceCounts {
    /// Number of all references, including those of handles.
    pub pointers: u32,
    /// Number of open handles.
    pub handles: u32,
}

impl ObjectTables {
    /// Adds an open handle.
    pub(super) fn insert_handle(&mut self, handle: Handle, body: GuestAddr) {
        self.handles.insert(handle, body);
        self.handles_by_body.insert((body, handle));
    }

    /// Removes an open handle; returns the body that it named.
    pub(super) fn remove_handle(&mut self, handle: Handle) -> Option<GuestAddr> {
        let body = self.handles.remove(&handle)?;
        self.handles_by_body.remove(&(body, handle));
        Some(body)
    }

    /// The lowest open handle to an object.
    pub(super) fn lowest_handle(&self, body: GuestAddr) -> Option<Handle> {
        let mut open = self.handles_by_body.range((body, Handle::NULL)..=(body, HandleTable::END));
        open.next().map(|&(_, handle)| handle)
    }
}

impl Objects {
    /// Opens a handle to an object, with a reference for the handle.
    pub fn open(&self, body: GuestAddr) -> Fallible<Handle> {
        let mut tables = self.tables.lock();
        let ObjectTables { records, handles, free_handles, next_handle, .. } = &mut *tables;
        let record = records.get_mut(&body).ok_or(NtStatus::INVALID_HANDLE)?;
        self.limits.admit(Limit::Handles, handles.len())?;
        let pointers = record.pointers.checked_add(1).ok_or(NtStatus::INSUFFICIENT_RESOURCES)?;
        let handle = free_handles.last().copied().unwrap_or(*next_handle);
        if handle >= HandleTable::END {
            return Err(NtStatus::INSUFFICIENT_RESOURCES.into());
        }
        if free_handles.pop().is_none() {
            *next_handle = HandleTable::following(handle);
        }
        record.pointers = pointers;
        record.handles += 1;
        publish(&self.memory, body, record)?;
        self.handles.insert(handle, record.position);
        tables.insert_handle(handle, body);
        Ok(handle)
    }

    /// Closes a handle and drops its reference.
    pub fn close(&self, handle: Handle) -> Fallible<()> {
        let last = {
            let mut tables = self.tables.lock();
            let handle = HandleTable::plain(handle);
            let body = tables.remove_handle(handle).ok_or(NtStatus::INVALID_HANDLE)?;
            self.handles.remove(handle);
            tables.free_handles.push(handle);
            if let Some(record) = tables.records.get_mut(&body) {
                record.handles = record.handles.saturating_sub(1);
            }
            self.dereference_in(&mut tables, body)?
        };
        if let Some(position) = last {
            self.unpin(position);
        }
        Ok(())
    }

    /// The references to an object.
    pub fn counts(&self, body: GuestAddr) -> Option<ReferenceCounts> {
        let tables = self.tables.lock();
        let record = tables.records.get(&body)?;
        Some(ReferenceCounts { pointers: record.pointers, handles: record.handles })
    }

    /// The lowest open handle to an object.
    pub fn handle_of(&self, body: GuestAddr) -> Option<Handle> {
        self.tables.lock().lowest_handle(body)
    }

    /// All handles in ascending order, with their objects' bodies.
    pub fn handles(&self) -> Vec<(Handle, GuestAddr)> {
        self.tables.lock().handles.iter().map(|(&handle, &body)| (handle, body)).collect()
    }
}
