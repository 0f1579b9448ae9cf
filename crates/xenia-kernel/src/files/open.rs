//! Opening and closing files: NT's rules for access, sharing, and deletion on close.

use super::rights::{self, access, options, share};
use super::{Claim, Files, OpenFile, Stream, stream};
use crate::status::failure::{Failure, Fallible};
use std::sync::Arc;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_limits::Limit;
use xenia_vfs::stamp::attributes;
use xenia_vfs::{CreateDisposition, Entry, Location, OpenAction, OpenRequest, VfsError, WantedKind};

/// File attributes that an open can specify.
const VALID_ATTRIBUTES: u32 = 0x7FB7;

/// Parameters of `NtCreateFile`.
#[derive(Clone, Copy, Debug)]
pub struct OpenParameters<'a> {
    /// Body of the open directory that the path is relative to; `None` for an absolute path.
    pub root: Option<GuestAddr>,
    pub path: &'a str,
    /// Access rights from [`access`], including generic ones.
    pub access: u32,
    /// Sharing mode: bits of [`share`].
    pub share: u32,
    /// Action for an existing or missing file.
    pub disposition: CreateDisposition,
    /// Create options from [`options`].
    pub options: u32,
    /// Bytes to reserve for a created or truncated file.
    pub allocation: u64,
    /// Attributes of a created or truncated file.
    pub attributes: u32,
    /// Guest time, in units of 100 ns since 1601.
    pub now: u64,
}

impl<'a> OpenParameters<'a> {
    /// Opens an existing file for reading, with full sharing.
    pub fn to_read(path: &'a str, now: u64) -> Self {
        Self {
            root: None,
            path,
            access: access::GENERIC_READ,
            share: share::ALL,
            disposition: CreateDisposition::Open,
            options: options::NON_DIRECTORY_FILE | options::SYNCHRONOUS_IO_NONALERT,
            allocation: 0,
            attributes: 0,
            now,
        }
    }

    fn has(&self, option: u32) -> bool {
        self.options & option != 0
    }

    /// Checks the parameters by themselves.
    fn check(&self) -> Fallible<()> {
        rights::check(self.access, self.options, !self.truncates())?;
        if self.share & !share::ALL != 0
            || self.attributes & !VALID_ATTRIBUTES != 0
            || i64::try_from(self.allocation).is_err()
        {
            return Err(NtStatus::INVALID_PARAMETER.into());
        }
        Ok(())
    }

    /// `NON_DIRECTORY_FILE` permits the device itself, too: it is not a directory.
    fn wanted_kind(&self, location: &Location) -> WantedKind {
        if self.has(options::DIRECTORY_FILE) {
            WantedKind::Directory
        } else if self.has(options::NON_DIRECTORY_FILE) && !location.is_root() {
            WantedKind::File
        } else {
            WantedKind::Any
        }
    }

    /// Specific rights of the handle, for a file that is or is not read-only.
    fn granted_rights(&self, is_read_only: bool) -> u32 {
        let asked = rights::specific(self.access);
        if asked & access::MAXIMUM_ALLOWED == 0 {
            return asked;
        }
        asked & !access::MAXIMUM_ALLOWED | rights::maximum(is_read_only)
    }

    /// Whether the path has a trailing slash and thus names a directory.
    fn ends_with_slash(&self) -> bool {
        self.path.ends_with(['\\', '/'])
    }

    /// Whether the open addresses the device itself rather than its root directory.
    fn means_volume(&self, granted: u32) -> bool {
        let own = self.path.get(..DEVICES.len()).is_some_and(|start| start.eq_ignore_ascii_case(DEVICES));
        own && !self.ends_with_slash()
            && !self.has(options::DIRECTORY_FILE)
            && granted & (access::READ_DATA | access::WRITE_DATA) != 0
    }

    /// Whether an existing file is truncated.
    fn truncates(&self) -> bool {
        use CreateDisposition::{Overwrite, OverwriteOrCreate, Supersede};
        matches!(self.disposition, Supersede | Overwrite | OverwriteOrCreate)
    }

    /// Rights that the disposition requires in addition to the requested ones.
    fn added_rights(&self) -> u32 {
        match self.disposition {
            CreateDisposition::Supersede => access::DELETE,
            _ if self.truncates() => access::WRITE_DATA,
            _ => 0,
        }
    }
}

/// Prefix of device names.
const DEVICES: &str = r"\Device\";

/// An open that has passed all checks.
struct AdmittedOpen {
    location: Location,
    /// The file, if it exists.
    found: Option<Entry>,
    /// Specific rights of the handle.
    granted: u32,
    /// Whether the file is created or truncated.
    is_fresh: bool,
    /// Bytes in a sector of the volume.
    sector: u64,
}

impl Files {
    /// Opens or creates a file. The caller must pass it to [`Self::insert`] or [`Self::close`].
    pub fn open(&mut self, parameters: &OpenParameters) -> Fallible<(OpenFile, OpenAction)> {
        let result = self.try_open(parameters);
        if let Err(Failure::Status(NtStatus::OBJECT_NAME_NOT_FOUND | NtStatus::OBJECT_PATH_NOT_FOUND)) =
            result
        {
            let folder =
                parameters.root.and_then(|root| self.get(root).ok()).map(|file| file.location.path());
            match folder {
                Some(folder) => self.missing.note(&format!("{folder}\\{}", parameters.path)),
                None => self.missing.note(parameters.path),
            }
        }
        result
    }

    fn try_open(&mut self, parameters: &OpenParameters) -> Fallible<(OpenFile, OpenAction)> {
        self.limits.admit(Limit::OpenFiles, self.open.len())?;
        parameters.check()?;
        let AdmittedOpen { location, found, granted, is_fresh, sector } = self.admit_open(parameters)?;
        let request = OpenRequest {
            disposition: parameters.disposition,
            kind: parameters.wanted_kind(&location),
            write: granted & (access::WRITE_DATA | access::APPEND_DATA) != 0,
            attributes: parameters.attributes,
            now: parameters.now,
        };
        let opened = self.vfs.open_found(&location, found.ok_or(VfsError::NotFound), &request)?;
        let raw = match opened.data {
            None if location.is_root() && parameters.means_volume(granted) => {
                self.vfs.partition(&location)?
            }
            _ => None,
        };
        let is_raw = raw.is_some();
        if is_raw {
            let device = self.vfs.volume_name(&location);
            self.note_raw_access(&device);
        }
        let claim = Claim::new(granted, parameters.share);
        let key = location.key();
        let writers = self.shared.join(key.clone(), claim);
        if is_fresh && let Some(shared) = self.shared.get_mut(&key) {
            shared.reserved = parameters.allocation;
        }
        let mode = parameters.options & options::MODE;
        let stream = Stream::new(raw.or(opened.data), granted, mode, sector, writers);
        let file = OpenFile {
            location: opened.location,
            stream: Arc::new(if is_raw { stream.raw() } else { stream }),
            priority: 0,
            scan: None,
            claim,
            disc: self.disc,
        };
        if is_fresh || file.may_change() {
            self.packages.note_change(&self.vfs, &file.location, parameters.now);
        }
        Ok((file, opened.action))
    }

    /// Finds the file, and makes all checks that may refuse the open.
    fn admit_open(&self, parameters: &OpenParameters) -> Fallible<AdmittedOpen> {
        let location = self.resolve(parameters.root, parameters.path)?;
        let key = location.key();
        if self.shared.is_delete_pending(&key) {
            return Err(NtStatus::DELETE_PENDING.into());
        }
        let found = match self.vfs.find(&location) {
            Ok(entry) => Some(entry),
            Err(VfsError::NotFound) => None,
            Err(error) => return Err(error.into()),
        };
        let volume = self.vfs.volume(&location)?;
        match &found {
            Some(entry) => check_existing(parameters, &location, entry)?,
            None => self.check_new(parameters, &location)?,
        }
        if volume.read_only && parameters.has(options::DELETE_ON_CLOSE) {
            return Err(VfsError::ReadOnly.into());
        }
        let is_read_only = volume.read_only || found.as_ref().is_some_and(Entry::is_read_only);
        let granted = parameters.granted_rights(is_read_only);
        let added = if found.is_some() { parameters.added_rights() } else { 0 };
        if !self.shared.allows(&key, Claim::new(granted | added, parameters.share)) {
            return Err(NtStatus::SHARING_VIOLATION.into());
        }
        let is_fresh = found.is_none() || parameters.truncates();
        if is_fresh && parameters.allocation > volume.free_bytes() {
            return Err(VfsError::Full.into());
        }
        let sector = u64::from(volume.bytes_per_sector.max(1));
        Ok(AdmittedOpen { location, found, granted, is_fresh, sector })
    }

    fn check_new(&self, parameters: &OpenParameters, location: &Location) -> Fallible<()> {
        if matches!(parameters.disposition, CreateDisposition::Open | CreateDisposition::Overwrite) {
            return Err(VfsError::NotFound.into());
        }
        if parameters.ends_with_slash() && !parameters.has(options::DIRECTORY_FILE) {
            return Err(VfsError::InvalidName.into());
        }
        if location.parent().is_some_and(|parent| self.shared.is_delete_pending(&parent.key())) {
            return Err(NtStatus::DELETE_PENDING.into());
        }
        let protected = parameters.attributes & attributes::READ_ONLY != 0;
        if protected && parameters.has(options::DELETE_ON_CLOSE) {
            return Err(NtStatus::CANNOT_DELETE.into());
        }
        Ok(())
    }

    /// Closes the file of a deleted object. Returns the completion port that it referred to.
    pub fn remove(&mut self, body: GuestAddr) -> Option<GuestAddr> {
        let file = self.open.remove(&body)?;
        self.tables.remove(body);
        let port = file.port();
        self.close(file);
        port.map(|port| port.port)
    }

    /// Closes all files, as at the end of the title.
    pub fn close_all(&mut self) {
        while let Some((body, file)) = self.open.pop_first() {
            self.tables.remove(body);
            self.close(file);
        }
    }

    /// Closes the files that are open on a device, before it is unmounted. Their objects stay until
    /// the title closes its handles, without contents or rights.
    pub(super) fn close_files_on(&mut self, device: &str) {
        let vfs = &self.vfs;
        let is_on_it = |_: &GuestAddr, file: &mut OpenFile| vfs.volume_name(&file.location) == device;
        let files: Vec<_> = self.open.extract_if(.., is_on_it).collect();
        let mut objects = Vec::new();
        for (body, file) in files {
            let emptied = file.without_contents();
            // Before the close, which may take long: requests that end meanwhile find the port.
            self.tables.insert(body, &emptied.stream);
            objects.push((body, emptied));
            self.close(file);
        }
        // Only now, as the last of a file's opens deletes it.
        for (body, file) in objects {
            self.shared.join(file.location.key(), file.claim);
            self.open.insert(body, file);
        }
    }

    /// Closes a file; deletes it if it is marked for deletion and this was the last open.
    pub fn close(&mut self, file: OpenFile) {
        let OpenFile { location, stream, claim, .. } = file;
        let key = location.key();
        if stream.mode() & options::DELETE_ON_CLOSE != 0
            && let Some(shared) = self.shared.get_mut(&key)
        {
            shared.delete_pending = true;
        }
        if self.shared.leave(&key, claim)
            && let Err(error) = self.vfs.remove(&location)
        {
            let name = self.vfs.full_name(&location);
            tracing::warn!(target: "vfs", "{name} was to be deleted when closed: {error}");
        }
        // Data must reach the host before the times that belong to it.
        let is_raw = stream.is_raw;
        drop(stream);
        if is_raw && let Err(error) = self.vfs.end_raw_access() {
            tracing::error!(target: "vfs", "a scratch disk cannot be formatted: {error}");
        }
        if let Err(error) = self.vfs.flush_metadata(&location) {
            let name = self.vfs.full_name(&location);
            tracing::warn!(target: "vfs", "times and attributes of {name} are not saved: {error}");
        }
    }
}

impl OpenFile {
    /// A file without contents or rights, for an object whose device was unmounted.
    fn without_contents(&self) -> Self {
        let Self { location, stream, priority, scan: _, claim: _, disc } = self;
        let mode = stream.mode() & !options::DELETE_ON_CLOSE;
        let empty = Stream::new(None, 0, mode, stream.sector, stream::writers_turn());
        Self {
            location: location.clone(),
            stream: Arc::new(empty.with_port(stream.port())),
            priority: *priority,
            scan: None,
            claim: Claim::default(),
            disc: *disc,
        }
    }
}

/// Checks whether an existing file can be opened with these parameters.
fn check_existing(parameters: &OpenParameters, location: &Location, entry: &Entry) -> Fallible<()> {
    if location.is_root() {
        let opens =
            matches!(parameters.disposition, CreateDisposition::Open | CreateDisposition::OpenOrCreate);
        if !opens || parameters.has(options::DELETE_ON_CLOSE) {
            return Err(NtStatus::ACCESS_DENIED.into());
        }
        if parameters.has(options::NON_DIRECTORY_FILE) && parameters.ends_with_slash() {
            return Err(VfsError::IsDirectory.into());
        }
        return Ok(());
    }
    if parameters.has(options::NON_DIRECTORY_FILE) && entry.directory {
        return Err(VfsError::IsDirectory.into());
    }
    if !entry.directory {
        if parameters.has(options::DIRECTORY_FILE) {
            return Err(VfsError::NotDirectory.into());
        }
        if parameters.ends_with_slash() {
            return Err(VfsError::InvalidName.into());
        }
    }
    if parameters.disposition == CreateDisposition::Create || entry.directory && parameters.truncates() {
        return Err(VfsError::Exists.into());
    }
    let asked = rights::specific(parameters.access) | parameters.added_rights();
    if entry.is_read_only() && !entry.directory {
        let writes = asked & (access::WRITE_DATA | access::APPEND_DATA) != 0;
        if writes || parameters.truncates() {
            return Err(NtStatus::ACCESS_DENIED.into());
        }
    }
    if entry.stamp.attributes & attributes::READ_ONLY != 0 && parameters.has(options::DELETE_ON_CLOSE) {
        return Err(NtStatus::CANNOT_DELETE.into());
    }
    // Replacing a hidden or system file requires the matching attributes.
    let hidden = entry.attributes() & (attributes::HIDDEN | attributes::SYSTEM);
    if parameters.truncates() && hidden & !parameters.attributes != 0 {
        return Err(NtStatus::ACCESS_DENIED.into());
    }
    Ok(())
}
