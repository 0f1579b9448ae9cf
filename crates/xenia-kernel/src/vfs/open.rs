//! Opening: what is to be done with a file that exists or does not, and what was done, numbered as
//! `NtCreateFile` does.

use super::{Entry, FileData, Location, Stamp, Vfs, VfsError, VfsResult};

/// What to do if the file exists, or does not, as `NtCreateFile` numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Replaces the file, or makes it.
    Supersede,
    /// Opens the file if it exists.
    Open,
    /// Makes the file if it does not exist.
    Create,
    /// Opens the file, or makes it.
    OpenOrCreate,
    /// Empties the file if it exists.
    Overwrite,
    /// Empties the file, or makes it.
    OverwriteOrCreate,
}

impl Disposition {
    /// The disposition of this number.
    pub fn of(number: u32) -> Option<Self> {
        const ALL: [Disposition; 6] = [
            Disposition::Supersede,
            Disposition::Open,
            Disposition::Create,
            Disposition::OpenOrCreate,
            Disposition::Overwrite,
            Disposition::OverwriteOrCreate,
        ];
        ALL.get(number as usize).copied()
    }
}

/// What opening did, as `IO_STATUS_BLOCK.Information` numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum OpenAction {
    /// The file was replaced by an empty one.
    Superseded = 0,
    /// It was opened.
    Opened = 1,
    /// It was made.
    Created = 2,
    /// It was emptied.
    Overwritten = 3,
}

/// How to open.
#[derive(Clone, Copy, Debug)]
pub struct OpenRequest {
    /// What to do if it exists, or does not.
    pub disposition: Disposition,
    /// `Some(true)`: it must be a directory; `Some(false)`: it must not.
    pub directory: Option<bool>,
    /// Whether it will be written.
    pub write: bool,
    /// Attributes that it gets if it is made or emptied.
    pub attributes: u32,
    /// Guest time, in units of 100 ns since 1601.
    pub now: u64,
}

impl OpenRequest {
    /// A file that is there, to be read.
    pub const TO_READ: Self =
        Self { disposition: Disposition::Open, directory: Some(false), write: false, attributes: 0, now: 0 };
}

/// Something opened.
pub struct Opened {
    /// Where it is.
    pub location: Location,
    /// Its contents; `None`: it is a directory.
    pub data: Option<Box<dyn FileData>>,
    /// What opening did.
    pub action: OpenAction,
}

impl Vfs {
    /// Opens or makes a file or directory.
    pub fn open(&mut self, at: &Location, request: &OpenRequest) -> VfsResult<Opened> {
        let found = self.find(at);
        self.open_found(at, found, request)
    }

    /// As [`Self::open`], for whoever has just looked it up.
    pub fn open_found(
        &mut self,
        at: &Location,
        found: VfsResult<Entry>,
        request: &OpenRequest,
    ) -> VfsResult<Opened> {
        use Disposition::*;
        let opened = |data, action| Opened { location: at.clone(), data, action };
        match found {
            Ok(entry) => {
                match request.directory {
                    Some(true) if !entry.directory => return Err(VfsError::NotDirectory),
                    Some(false) if entry.directory => return Err(VfsError::IsDirectory),
                    _ => {}
                }
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
                let data = self.device(at)?.open(&at.names, request.write || empty)?;
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
                let data = if request.directory == Some(true) {
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
