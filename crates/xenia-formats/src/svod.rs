//! Games on Demand packages (SVOD): the volume of a disc in data files of 170 MiB, in a folder
//! beside the package's header, or header and data in one file.
//!
//! ```text
//! data file = table of 203 hashes of tables,
//!             then 203 times: table of 204 hashes of 4 KiB each, 408 sectors
//! ```
//! The number of the first stored sector is computed from the header or, for a data file without
//! its header, from the position of the volume descriptor. The volume inside is read by the disc
//! reader ([`gdfx`]), which sees sectors without tables. Reads do not check hashes: [`verify`]
//! does.
//!
//! Facts: xenia-canary's `stfs_xbox.h` and `svod_container_device.cc`.

use std::io;
use std::sync::Arc;

use sha1::{Digest, Sha1};

use crate::error::{FormatError, Reason};
use crate::findings::Findings;
use crate::gdfx::{self, MAGIC, SECTOR};
use crate::parts::Parts;
use crate::read_at::{ReadAt, read_exact_at};
use crate::stfs::{DESCRIPTOR, verify_header};
use crate::unsupported::{any, has, is_svod};
use crate::volume::Volume;

const WHAT: &str = "SVOD package";
/// Offset of the number of data files in a package's header.
const COUNT: u64 = 0x39D;
/// Feature flag: the data starts with the descriptor of the disc volume.
const ENHANCED: u8 = 0x40;
/// Possible offsets of the disc volume's magic in the first data file.
const MAGICS: [u64; 3] = [0x2000, 0x1_2000, SINGLE + 0x2000];
/// Offset of the data after a header in the same file.
const SINGLE: u64 = 0xB000;
const TABLE: u64 = 0x1000;
const HASH: usize = 20;
/// Number of sectors after a table.
const PER_TABLE: u64 = 408;
/// Number of tables with sectors in a full data file.
const TABLES: u64 = 203;
/// Number of sectors in a full data file.
const PER_FILE: u64 = TABLES * PER_TABLE;
/// Largest number of data files: 42 GiB.
const MAX_FILES: u32 = 256;
/// Bytes covered by a hash of a lower table.
const HASHED: u64 = 2 * SECTOR;

/// Whether the file is a data file without a header.
pub fn detect_data(source: &dyn ReadAt) -> io::Result<bool> {
    any(&MAGICS[..2], |offset| has(source, offset, MAGIC))
}

/// Opens a package, from its header or its first data file.
///
/// # Errors
/// A missing data file, a volume without a descriptor, and errors of [`gdfx::open`].
pub fn open(file: Arc<dyn ReadAt>, parts: &dyn Parts) -> Result<Volume, FormatError> {
    let package = Package::read(file, parts)?;
    let descriptor = read_exact_at(&package.files[0], WHAT, package.magic + MAGIC.len() as u64, 8)?;
    let sectors: Arc<dyn ReadAt> = Arc::new(Sectors(package));
    let mut volume = gdfx::read(&sectors, 0, &descriptor)?;
    volume.set_unchecked(|file, parts, _, found| verify_data(file, parts, found));
    Ok(volume)
}

/// Verifies all data against the tables, these against the header, and the header against its hash.
///
/// # Errors
/// As [`open`].
pub(crate) fn verify(
    file: Arc<dyn ReadAt>,
    parts: &dyn Parts,
    findings: &mut Findings,
) -> Result<(), FormatError> {
    open(file.clone(), parts)?;
    if is_svod(&file).map_err(|error| FormatError::new(WHAT, 0, Reason::Io(error)))? {
        verify_header(&file, findings)?;
    }
    verify_data(file, parts, findings)
}

/// Verifies all data against the tables, and these against the header.
fn verify_data(file: Arc<dyn ReadAt>, parts: &dyn Parts, findings: &mut Findings) -> Result<(), FormatError> {
    let package = Package::read(file, parts)?;
    let mut expected = package.first_hash;
    for (number, file) in package.files.iter().enumerate() {
        let start = if number == 0 { package.base } else { 0 };
        let what = |what: &str| format!("{what} in data file {number}");
        let size = file.size().map_err(|error| FormatError::new(WHAT, 0, Reason::Io(error)))?;
        let top = read_exact_at(file, "SVOD master table", start, TABLE)?;
        if let Some(expected) = expected {
            findings.checked();
            if Sha1::digest(&top)[..] != expected[..] {
                findings.fault(FormatError::invalid(what("SVOD master table"), start, "its hash is another"));
            }
        }
        let mut at = start + TABLE;
        let mut tables = 0;
        while at < size && tables < TABLES {
            let table = read_exact_at(file, "SVOD table", at, TABLE)?;
            findings.checked();
            if Sha1::digest(&table)[..] != *hash(&top, tables) {
                findings.fault(FormatError::invalid(what("SVOD table"), at, "its hash is another"));
            }
            at += TABLE;
            for block in 0..PER_TABLE * SECTOR / HASHED {
                if at >= size {
                    break;
                }
                let bytes = read_exact_at(file, "SVOD sectors", at, HASHED.min(size - at))?;
                findings.checked();
                if Sha1::digest(&bytes)[..] != *hash(&table, block) {
                    findings.fault(FormatError::invalid(what("SVOD sectors"), at, "their hash is another"));
                }
                at += HASHED;
            }
            tables += 1;
        }
        // In a full file the hash of the next file's master table follows those of the tables.
        expected = Some(hash(&top, TABLES).to_vec());
    }
    Ok(())
}

/// The hash with this index; tables are complete, so it exists.
fn hash(table: &[u8], number: u64) -> &[u8] {
    table.chunks_exact(HASH).nth(number as usize).unwrap_or_default()
}

/// The number of data files in a package's header.
fn read_count(header: &dyn ReadAt) -> Result<u32, FormatError> {
    let count = read_exact_at(header, WHAT, COUNT, 4)?;
    Ok(count.first_chunk().map_or(0, |count| u32::from_be_bytes(*count)))
}

/// The data files and their layout.
struct Package {
    files: Vec<Arc<dyn ReadAt>>,
    /// Offset of the data in the first file.
    base: u64,
    /// Offset of the disc volume's magic.
    magic: u64,
    /// Number of the first stored sector.
    first_sector: u64,
    /// Hash of the first file's master table, if known.
    first_hash: Option<Vec<u8>>,
}

/// Place of a sector in the data files.
struct SectorPlace {
    /// Index of the file.
    file: usize,
    /// Offset in the file.
    offset: u64,
}

impl Package {
    fn read(file: Arc<dyn ReadAt>, parts: &dyn Parts) -> Result<Self, FormatError> {
        let io_error = |error| FormatError::new(WHAT, 0, Reason::Io(error));
        let header = is_svod(&file).map_err(io_error)?;
        let (mut files, base) = if header {
            if has(&file, SINGLE + 0x2000, MAGIC).map_err(io_error)? {
                (vec![file.clone()], SINGLE)
            } else {
                (Vec::new(), 0)
            }
        } else {
            (vec![file.clone()], 0)
        };
        let count = if header { read_count(&file)? } else { 0 };
        if base == 0 {
            // A larger package of the same name may have left data files beyond the count.
            while count == 0 || files.len() < count as usize {
                let Some(part) = parts.part(files.len() as u32).map_err(io_error)? else { break };
                FormatError::check_limit(WHAT, 0, files.len() as u64, MAX_FILES.into())?;
                files.push(part);
            }
        }
        let Some(first) = files.first() else {
            return Err(FormatError::invalid(
                WHAT,
                0,
                "its data files (Data0000 and so on) are not in a folder with its name plus .data",
            ));
        };
        if files.len() < count as usize {
            let missing = format!("Data{:04} is missing: there are {count} data files", files.len());
            return Err(FormatError::invalid(WHAT, COUNT, missing));
        }
        let magics = if base == 0 { &MAGICS[..2] } else { &MAGICS[2..] };
        let found = magics.iter().find(|&&magic| has(first, magic, MAGIC).unwrap_or(false));
        let magic = *found.ok_or_else(|| {
            FormatError::invalid(WHAT, MAGICS[0], "no volume begins in the first data file")
        })?;
        let (first_sector, first_hash) = if header {
            let descriptor = read_exact_at(&file, WHAT, DESCRIPTOR, 0x24)?;
            let start =
                u64::from(u32::from_le_bytes([descriptor[0x1C], descriptor[0x1D], descriptor[0x1E], 0]));
            let enhanced = if descriptor[0x18] & ENHANCED != 0 { 2 } else { 0 };
            // The field counts blocks of 4 KiB; a sector is half of that.
            let first = (2 * start).checked_sub(enhanced).ok_or_else(|| {
                FormatError::invalid(WHAT, DESCRIPTOR + 0x1C, "the volume begins before its first sector")
            })?;
            (first, Some(descriptor[4..4 + HASH].to_vec()))
        } else {
            // The descriptor is in sector 32.
            let place = (magic - 2 * TABLE) / SECTOR;
            (32 - place, None)
        };
        Ok(Self { files, base, magic, first_sector, first_hash })
    }

    /// The place of a sector; `None` for sectors before the first stored one.
    fn place(&self, sector: u64) -> Option<SectorPlace> {
        let sector = sector.checked_sub(self.first_sector)?;
        let file = sector / PER_FILE;
        let within = sector % PER_FILE;
        // Before the sector are the master table and a table for each group up to its own.
        let mut offset = within * SECTOR + TABLE * (within / PER_TABLE + 1) + TABLE;
        let file = usize::try_from(file).ok()?;
        if file == 0 {
            offset += self.base;
        }
        Some(SectorPlace { file, offset })
    }

    /// Number of sectors from the start of the volume, including those that are not stored.
    fn sectors(&self) -> io::Result<u64> {
        let Some(last) = self.files.last() else { return Ok(0) };
        let start = if self.files.len() == 1 { self.base } else { 0 };
        let data = last.size()?.saturating_sub(start + TABLE);
        let whole = data / (TABLE + PER_TABLE * SECTOR);
        let rest = data % (TABLE + PER_TABLE * SECTOR);
        let last = (whole * PER_TABLE + rest.saturating_sub(TABLE).div_ceil(SECTOR)).min(PER_FILE);
        Ok(self.first_sector + (self.files.len() as u64 - 1) * PER_FILE + last)
    }
}

/// The volume's sectors as contiguous data.
struct Sectors(Package);

impl ReadAt for Sectors {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut done = 0;
        while done < buffer.len() {
            let at = offset + done as u64;
            let sector = at / SECTOR;
            let within = at % SECTOR;
            let Some(place) = self.0.place(sector) else { break };
            let Some(file) = self.0.files.get(place.file) else { break };
            // Data is contiguous up to the next table.
            let left = PER_TABLE - (sector - self.0.first_sector) % PER_FILE % PER_TABLE;
            let piece = (left * SECTOR - within).min((buffer.len() - done) as u64) as usize;
            let count = file.read_at(place.offset + within, &mut buffer[done..done + piece])?;
            done += count;
            if count < piece {
                break;
            }
        }
        Ok(done)
    }

    fn size(&self) -> io::Result<u64> {
        self.0.sectors().map(|sectors| sectors * SECTOR)
    }
}
