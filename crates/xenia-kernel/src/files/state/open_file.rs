//! Saved state of an open file: the handle, the sharing of its file, and how the contents are found
//! again.
//!
//! Files in memory are found by number, as they may have no name any more. A state with an open
//! file on the host that was replaced meanwhile can't be made.

use crate::files::mounts;
use crate::files::rights::options;
use crate::files::{ChangedFiles, Claim, Files, OpenFile, PortKey, Scan, Stream};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use xenia_guest::GuestAddr;
use xenia_state::{Impossible, Unsaveable, check};
use xenia_vfs::{FileData, Location, OpenMode};

/// Largest sector of a volume in bytes.
const MAX_SECTOR: u64 = 0x1_0000;

/// An open file, as it is saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OpenFileState {
    body: GuestAddr,
    location: Location,
    contents: ContentsState,
    position: u64,
    mode: u32,
    rights: u32,
    sector: u64,
    priority: u32,
    scan: Option<Scan>,
    port: Option<PortKey>,
    claim: Claim,
    disc: Option<u8>,
    /// State that the file shares with others of its location.
    delete_pending: bool,
    reserved: u64,
}

/// Where the contents of an open file are found again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum ContentsState {
    /// It has none: it is a directory or device.
    None,
    /// The bytes of its volume's partition.
    Partition,
    /// The file with this number, on the memory device of this mount.
    Memory(u32, u64),
    /// The file with this number on the device of all packages.
    Package(u64),
    /// The file at its location, of this size.
    Path(u64),
}

impl OpenFileState {
    /// Whether the file is opened again by its path.
    pub(super) fn is_opened_by_path(&self) -> bool {
        matches!(self.contents, ContentsState::Path(_))
    }
}

impl Files {
    /// An open file, for a saved state.
    pub(super) fn open_file_state(
        &self,
        body: GuestAddr,
        file: &OpenFile,
    ) -> Result<OpenFileState, Unsaveable> {
        let OpenFile { location, stream, priority, scan, claim, disc } = file;
        let shared = self.shared.get(&location.key());
        Ok(OpenFileState {
            body,
            location: location.clone(),
            contents: self.contents_state(file)?,
            position: stream.position(),
            mode: stream.mode(),
            rights: stream.rights,
            sector: stream.sector,
            priority: *priority,
            scan: scan.clone(),
            port: stream.port(),
            claim: *claim,
            disc: *disc,
            delete_pending: shared.is_some_and(|shared| shared.delete_pending),
            reserved: shared.map_or(0, |shared| shared.reserved),
        })
    }

    fn contents_state(&self, file: &OpenFile) -> Result<ContentsState, Unsaveable> {
        let Some(data) = file.data() else { return Ok(ContentsState::None) };
        if file.is_raw {
            return Ok(ContentsState::Partition);
        }
        if let Some((mount, number)) = self.vfs.number_of(data) {
            return Ok(ContentsState::Memory(mount, number));
        }
        let store = self.packages.store.device();
        if let Some(number) = data.memory_file().and_then(|file| store.lock().number_of(file)) {
            return Ok(ContentsState::Package(number));
        }
        let refused = |reason: &str| {
            let name = self.vfs.full_name(&file.location);
            Err(format!("{name} is open: {reason}").into())
        };
        let size = match (self.vfs.find(&file.location), data.size()) {
            (Ok(entry), Ok(size)) if !entry.directory && entry.size == size => size,
            (Ok(_), Ok(_)) => return refused("it was replaced"),
            (Err(error), _) | (_, Err(error)) => return refused(&error.to_string()),
        };
        if file.disc != self.disc && self.vfs.volume_name(&file.location) == mounts::TITLE {
            return refused("it is on the disc that was in the drive before");
        }
        Ok(ContentsState::Path(size))
    }

    /// Opens a file again, as it is in a saved state.
    pub(super) fn open_again(
        &mut self,
        state: OpenFileState,
        changed: ChangedFiles,
    ) -> Result<(), Impossible> {
        let OpenFileState {
            body,
            location,
            contents,
            position,
            mode,
            rights,
            sector,
            priority,
            scan,
            port,
            claim,
            disc,
            delete_pending,
            reserved,
        } = state;
        self.vfs.check_location(&location)?;
        check(mode & !options::MODE == 0, "an open file has options that are not of its mode")?;
        check((1..=MAX_SECTOR).contains(&sector), "a volume has empty or too large sectors")?;
        check(i64::try_from(position).is_ok(), "the position in an open file is too large")?;
        check(i64::try_from(reserved).is_ok(), "the reserved space of an open file is too large")?;
        check(claim.is_valid(), "an open file has unknown bits in its sharing mode")?;
        check(
            scan.as_ref().is_none_or(Scan::is_valid),
            "the listing of a directory has an invalid name or pattern, or is past its end",
        )?;
        let has_port = port.is_none_or(|port| self.tables.ports.lock().has(port.port));
        check(has_port, "an open file has a completion port that does not exist")?;
        check(!self.open.contains_key(&body), "two open files have one object")?;
        let is_raw = contents == ContentsState::Partition;
        let key = location.key();
        let writers = self.shared.join(key.clone(), claim);
        if let Some(shared) = self.shared.get_mut(&key) {
            shared.delete_pending = delete_pending;
            shared.reserved = reserved;
        }
        let mut stream = Stream::new(None, rights, mode, sector, writers);
        let data = self.contents_again(contents, &location, stream.may_write(), changed);
        let name = || self.vfs.full_name(&location);
        stream = stream.with(data.map_err(|reason| format!("{}: {reason}", name()))?);
        stream = stream.at(position).with_port(port);
        let stream = Arc::new(if is_raw { stream.raw() } else { stream });
        self.insert(body, OpenFile { location, stream, priority, scan, claim, disc });
        Ok(())
    }

    fn contents_again(
        &self,
        contents: ContentsState,
        location: &Location,
        write: bool,
        changed: ChangedFiles,
    ) -> Result<Option<Box<dyn FileData>>, Impossible> {
        let data = match contents {
            ContentsState::None => return Ok(None),
            ContentsState::Partition => {
                let partition = self.vfs.partition(location);
                partition.map_err(|error| error.to_string())?
            }
            ContentsState::Memory(mount, number) => self.vfs.open_number(mount, number),
            ContentsState::Package(number) => self.packages.store.device().lock().open_number(number),
            ContentsState::Path(size) => {
                let file =
                    self.vfs.reopen(location, OpenMode::of(write)).map_err(|error| error.to_string())?;
                let fits = changed == ChangedFiles::Opened || file.size() == Ok(size);
                check(fits, "it has another size than in the state")?;
                Some(file)
            }
        };
        data.map(Some).ok_or_else(|| "it was open and is missing".into())
    }
}
