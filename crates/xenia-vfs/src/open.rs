//! Open requests: disposition and resulting action, numbered as in `NtCreateFile`.
//!
//! The name and the kind are checked before anything changes.

use super::{Entry, FileData, Location, OpenMode, Stamp, Vfs, VfsError, VfsResult};

/// Action for an existing or missing file, numbered as in `NtCreateFile`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreateDisposition {
    /// Replaces the file, or creates it.
    Supersede,
    /// Opens the file if it exists.
    Open,
    /// Creates the file if it does not exist.
    Create,
    /// Opens the file, or creates it.
    OpenOrCreate,
    /// Truncates the file if it exists.
    Overwrite,
    /// Truncates the file, or creates it.
    OverwriteOrCreate,
}

impl CreateDisposition {
    pub fn of(number: u32) -> Option<Self> {
        const ALL: [CreateDisposition; 6] = [
            CreateDisposition::Supersede,
            CreateDisposition::Open,
            CreateDisposition::Create,
            CreateDisposition::OpenOrCreate,
            CreateDisposition::Overwrite,
            CreateDisposition::OverwriteOrCreate,
        ];
        ALL.get(number as usize).copied()
    }
}

/// Action taken by an open, numbered as in `IO_STATUS_BLOCK.Information`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum OpenAction {
    /// The file was replaced by an empty one.
    Superseded = 0,
    /// The file was opened.
    Opened = 1,
    /// The file was created.
    Created = 2,
    /// The file was truncated.
    Overwritten = 3,
}

/// The kind of entry that an open accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WantedKind {
    /// A file or a directory; a missing entry becomes a file.
    Any,
    /// No directory is opened.
    File,
    /// Only a directory is opened or created.
    Directory,
}

impl WantedKind {
    fn check(self, entry: &Entry) -> VfsResult<()> {
        match self {
            Self::Directory if !entry.directory => Err(VfsError::NotDirectory),
            Self::File if entry.directory => Err(VfsError::IsDirectory),
            _ => Ok(()),
        }
    }
}

/// Parameters of an open.
#[derive(Clone, Copy, Debug)]
pub struct OpenRequest {
    /// Action for an existing or missing file.
    pub disposition: CreateDisposition,
    pub kind: WantedKind,
    /// Whether the handle is used for writing.
    pub write: bool,
    /// Attributes of a created or truncated file.
    pub attributes: u32,
    /// Guest time, in units of 100 ns since 1601.
    pub now: u64,
}

impl OpenRequest {
    /// Opens an existing file for reading.
    pub const TO_READ: Self = Self {
        disposition: CreateDisposition::Open,
        kind: WantedKind::File,
        write: false,
        attributes: 0,
        now: 0,
    };
}

/// Result of an open.
pub struct Opened {
    pub location: Location,
    /// Contents; `None` for a directory.
    pub data: Option<Box<dyn FileData>>,
    /// Action that was taken.
    pub action: OpenAction,
}

impl Vfs {
    /// Opens or creates a file or directory.
    pub fn open(&mut self, at: &Location, request: &OpenRequest) -> VfsResult<Opened> {
        let found = self.find(at);
        self.open_found(at, found, request)
    }

    /// Like [`Self::open`], with the result of a preceding look-up.
    pub fn open_found(
        &mut self,
        at: &Location,
        found: VfsResult<Entry>,
        request: &OpenRequest,
    ) -> VfsResult<Opened> {
        use CreateDisposition::*;
        let opened = |data, action| Opened { location: at.clone(), data, action };
        match found {
            Ok(entry) => {
                request.kind.check(&entry)?;
                if request.disposition == Create {
                    return Err(VfsError::Exists);
                }
                if entry.directory {
                    return match request.disposition {
                        Open | OpenOrCreate => Ok(opened(None, OpenAction::Opened)),
                        _ => Err(VfsError::Exists),
                    };
                }
                let empty = !matches!(request.disposition, Open | OpenOrCreate);
                // Emptying is a write, even for a handle that only reads.
                let data = self.device(at)?.open(&at.names, OpenMode::of(request.write || empty))?;
                if empty {
                    data.set_size(0)?;
                    let new = Stamp::new(request.now, request.attributes);
                    let created = match request.disposition {
                        Supersede => request.now,
                        _ => entry.stamp.created,
                    };
                    self.set_stamp(at, Stamp { created, ..new })?;
                }
                let action = match request.disposition {
                    Supersede => OpenAction::Superseded,
                    Overwrite | OverwriteOrCreate => OpenAction::Overwritten,
                    _ => OpenAction::Opened,
                };
                Ok(opened(Some(data), action))
            }
            Err(VfsError::NotFound) if !matches!(request.disposition, Open | Overwrite) => {
                self.check_name(at)?;
                let device = self.device_mut(at)?;
                let data = if request.kind == WantedKind::Directory {
                    device.create_directory(&at.names)?;
                    None
                } else {
                    Some(device.create_file(&at.names)?)
                };
                device.set_stamp(&at.names, Stamp::new(request.now, request.attributes))?;
                Ok(opened(data, OpenAction::Created))
            }
            Err(error) => Err(error),
        }
    }
}
