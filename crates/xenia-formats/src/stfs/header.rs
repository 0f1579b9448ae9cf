//! Package header: title, content type, names, license.
//!
//! The signature is that of a console or of the manufacturer's server, whose keys are not
//! available: it is not checked, and written packages have none, see [`PackageInfo::is_unsigned`].
//! A console's signature follows its certificate. Packages that name a console as the signer have
//! one with its size and the kind of console alone, without which other tools refuse them.

use sha1::{Digest, Sha1};
use xenia_guest::TitleId;

use super::hash_tree::BLOCK;
use crate::error::{FormatError, Reason};
use crate::fields::Fields;
use crate::findings::Findings;
use crate::read_at::{ReadAt, read_exact_at};

const WHAT: &str = "package header";
/// Offsets of the fields.
pub(crate) mod field {
    /// The certificate of a console, or the signature of another signer.
    pub(super) const CERTIFICATE: usize = 4;
    /// Kind of console, within its certificate.
    pub(super) const CONSOLE_KIND: usize = 0x1C;
    /// The signature of a console, after its certificate.
    pub(super) const CONSOLE_SIGNATURE: usize = CERTIFICATE + super::CERTIFICATE_SIZE as usize;
    /// End of the signature of another signer.
    pub(super) const SIGNATURE_END: usize = 0x104;
    pub(super) const LICENSES: usize = 0x22C;
    pub(super) const CONTENT_ID: usize = 0x32C;
    pub(crate) const HEADER_SIZE: usize = 0x340;
    /// Start of the range whose hash is the content ID; its end is the start of the data.
    pub(super) const CONTENT_TYPE: usize = 0x344;
    pub(super) const METADATA_VERSION: usize = 0x348;
    pub(super) const CONTENT_SIZE: usize = 0x34C;
    pub(super) const MEDIA_ID: usize = 0x354;
    pub(super) const VERSION: usize = 0x358;
    pub(super) const BASE_VERSION: usize = 0x35C;
    pub(super) const TITLE_ID: usize = 0x360;
    pub(super) const SAVEGAME_ID: usize = 0x368;
    pub(super) const PROFILE_ID: usize = 0x371;
    /// The descriptor of the volume, STFS or SVOD.
    pub(crate) const VOLUME: usize = 0x379;
    pub(super) const DISPLAY_NAME: usize = 0x411;
    pub(super) const TITLE_NAME: usize = 0x1691;
    pub(super) const THUMBNAIL_SIZE: usize = 0x1712;
    pub(super) const TITLE_THUMBNAIL_SIZE: usize = 0x1716;
    pub(super) const THUMBNAIL: usize = 0x171A;
    /// Display names in the languages that the second version of the metadata adds, after its
    /// smaller thumbnail.
    pub(super) const MORE_DISPLAY_NAMES: usize = 0x541A;
    pub(super) const TITLE_THUMBNAIL: usize = 0x571A;
    /// End of the fixed part.
    pub(super) const END: usize = 0x971A;
    /// End of a header with the data for installers, as all packages have that no console signed.
    /// Some tools take the number of copies of each hash table from the header's size.
    pub(super) const INSTALLER_END: usize = 0xAD0E;
}
/// Size of a console's certificate in bytes, its first field.
const CERTIFICATE_SIZE: u16 = 0x1A8;
/// Kind of a console that is sold, not of a development kit.
const RETAIL_CONSOLE: u32 = 2;
/// Size of a name in bytes: 128 UTF-16 units including the terminator.
const NAME: usize = 0x100;
/// Size of the title's name in bytes, half of that.
const TITLE_NAME: usize = 0x80;
/// Number of languages with names; English is the first.
const LANGUAGES: usize = 9;
/// Number of languages that the second version of the metadata adds.
const MORE_LANGUAGES: usize = 3;
/// Largest size of a thumbnail in bytes.
pub const MAX_PICTURE: usize = 0x3D00;
/// Largest size of a thumbnail in the first version of the metadata.
const MAX_FIRST_PICTURE: usize = 0x4000;
/// License holder that means everyone.
const ANYBODY: u64 = u64::MAX;

/// Content types: number in the header, and name.
const KINDS: &[(u32, &str)] = &[
    (1, "saved-game"),
    (2, "add-on"),
    (3, "publisher"),
    (0x1000, "title"),
    (0x4000, "installed-title"),
    (0x5000, "xbox-title"),
    (0x7000, "games-on-demand"),
    (0x9000, "avatar-item"),
    (0x1_0000, "profile"),
    (0x2_0000, "gamer-picture"),
    (0x3_0000, "theme"),
    (0x4_0000, "cache"),
    (0x8_0000, "demo"),
    (0x9_0000, "video"),
    (0xB_0000, "update"),
    (0xC_0000, "trailer"),
    (0xD_0000, "arcade-title"),
    (0xE_0000, "xna"),
    (0x200_0000, "community-title"),
];

/// Content types of packages that are titles themselves.
const TITLE_KINDS: [&str; 8] = [
    "title",
    "installed-title",
    "xbox-title",
    "games-on-demand",
    "demo",
    "arcade-title",
    "xna",
    "community-title",
];

/// The name of a content type, if it is known.
pub fn kind_name(kind: u32) -> Option<&'static str> {
    KINDS.iter().find(|(number, _)| *number == kind).map(|(_, name)| *name)
}

/// The content type with this name.
pub fn kind_of(name: &str) -> Option<u32> {
    KINDS.iter().find(|(_, known)| *known == name).map(|(number, _)| *number)
}

/// Whether packages of a content type are titles, not content of titles.
pub fn is_title_kind(kind: u32) -> bool {
    kind_name(kind).is_some_and(|name| TITLE_KINDS.contains(&name))
}

/// Metadata in the header of a package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackageInfo {
    /// Signer named by the magic.
    pub signer: Signer,
    /// Whether the signature is missing.
    pub is_unsigned: bool,
    /// Content type: 1 for a saved game, 2 an add-on, 0xB0000 a title update, 0xD0000 a title.
    pub content_type: u32,
    /// ID of the title it belongs to.
    pub title_id: TitleId,
    /// Media ID of the title's pressing; 0 if it is not tied to one.
    pub media_id: u32,
    /// Version of the contents.
    pub version: u32,
    /// The version that the contents update.
    pub base_version: u32,
    /// ID under which titles share saved games; 0 for the title's own.
    pub savegame_id: u32,
    /// XUID of the owner; 0 for packages that all users share.
    pub profile_id: u64,
    /// License bits, combined from all license entries. The licensees (everyone, a profile, a
    /// console) are not checked: all users of the package get its rights.
    pub license: u32,
    /// Display name, in English or in the first language that has one.
    pub display_name: String,
    /// Name of the title.
    pub title_name: String,
    /// Thumbnails (PNG) of the package and of the title; empty if missing.
    pub pictures: [Vec<u8>; 2],
}

/// Signer of a package.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signer {
    /// A console (`CON `): saved games and profiles.
    #[default]
    Console,
    /// The online service (`LIVE`).
    Live,
    /// The manufacturer, for other channels (`PIRS`).
    Maker,
}

impl Signer {
    /// Magic number of the package.
    pub const fn magic(self) -> [u8; 4] {
        match self {
            Self::Console => *b"CON ",
            Self::Live => *b"LIVE",
            Self::Maker => *b"PIRS",
        }
    }

    /// Name of the magic number.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Console => "CON",
            Self::Live => "LIVE",
            Self::Maker => "PIRS",
        }
    }
}

impl PackageInfo {
    /// Reads the header of an STFS or SVOD package.
    ///
    /// # Errors
    /// A file that is not a package, or a truncated header.
    pub fn read(package: &dyn ReadAt) -> Result<Self, FormatError> {
        let size = package.size().map_err(|error| FormatError::new(WHAT, 0, Reason::Io(error)))?;
        // Thumbnails and the second version's languages can be missing.
        let length = size.clamp(field::THUMBNAIL as u64, field::END as u64);
        let bytes = read_exact_at(package, WHAT, 0, length)?;
        let fields = Fields::new(&bytes, 0, WHAT);
        let magic: [u8; 4] = fields.array(0)?;
        let signer = [Signer::Console, Signer::Live, Signer::Maker].into_iter().find(|s| s.magic() == magic);
        let signer = signer.ok_or_else(|| fields.invalid(0, "it begins with neither CON, LIVE nor PIRS"))?;
        let signature = match signer {
            Signer::Console => field::CONSOLE_SIGNATURE..field::LICENSES,
            Signer::Live | Signer::Maker => field::CERTIFICATE..field::SIGNATURE_END,
        };
        let signature = fields.slice(signature.start, signature.len())?;
        let licenses = fields.slice(field::LICENSES, field::CONTENT_ID - field::LICENSES)?;
        let rows = licenses.chunks_exact(16).filter(|row| row[..8] != [0; 8]);
        let license = rows.fold(0, |all, row| all | u32::from_be_bytes([row[8], row[9], row[10], row[11]]));
        let more = if fields.u32(field::METADATA_VERSION)? >= 2 { MORE_LANGUAGES } else { 0 };
        let of_first = (0..LANGUAGES).map(|language| field::DISPLAY_NAME + language * NAME);
        let of_second = (0..more).map(|language| field::MORE_DISPLAY_NAMES + language * NAME);
        let names = of_first.chain(of_second).map(|at| name(&bytes, at, NAME));
        let picture = |size: usize, at: usize| -> Result<Vec<u8>, FormatError> {
            let size = fields.u32(size)? as usize;
            // Packages of the first version have more room; a larger size is invalid, and the
            // thumbnail is ignored.
            let picture =
                bytes.get(at..).and_then(|rest| rest.get(..size)).filter(|_| size <= MAX_FIRST_PICTURE);
            Ok(picture.unwrap_or_default().to_vec())
        };
        Ok(Self {
            signer,
            is_unsigned: signature.iter().all(|&byte| byte == 0),
            content_type: fields.u32(field::CONTENT_TYPE)?,
            title_id: TitleId(fields.u32(field::TITLE_ID)?),
            media_id: fields.u32(field::MEDIA_ID)?,
            version: fields.u32(field::VERSION)?,
            base_version: fields.u32(field::BASE_VERSION)?,
            savegame_id: fields.u32(field::SAVEGAME_ID)?,
            profile_id: u64::from_be_bytes(fields.array(field::PROFILE_ID)?),
            license,
            display_name: names.into_iter().find(|name| !name.is_empty()).unwrap_or_default(),
            title_name: name(&bytes, field::TITLE_NAME, TITLE_NAME),
            pictures: [
                picture(field::THUMBNAIL_SIZE, field::THUMBNAIL)?,
                picture(field::TITLE_THUMBNAIL_SIZE, field::TITLE_THUMBNAIL)?,
            ],
        })
    }

    /// Serializes the header of a package with this volume descriptor, up to the start of the data,
    /// without a signature.
    pub(super) fn to_bytes(&self, descriptor: &[u8], content_size: u64) -> Vec<u8> {
        let end = match self.signer {
            Signer::Console => field::END,
            Signer::Live | Signer::Maker => field::INSTALLER_END,
        };
        let mut bytes = vec![0; end.next_multiple_of(BLOCK)];
        let mut put = |at: usize, part: &[u8]| bytes[at..at + part.len()].copy_from_slice(part);
        put(0, &self.signer.magic());
        if self.signer == Signer::Console {
            put(field::CERTIFICATE, &CERTIFICATE_SIZE.to_be_bytes());
            put(field::CONSOLE_KIND, &RETAIL_CONSOLE.to_be_bytes());
        }
        if self.license != 0 {
            put(field::LICENSES, &ANYBODY.to_be_bytes());
            put(field::LICENSES + 8, &self.license.to_be_bytes());
        }
        for (at, word) in [
            (field::HEADER_SIZE, end as u32),
            (field::CONTENT_TYPE, self.content_type),
            (field::METADATA_VERSION, 2),
            (field::MEDIA_ID, self.media_id),
            (field::VERSION, self.version),
            (field::BASE_VERSION, self.base_version),
            (field::TITLE_ID, self.title_id.0),
            (field::SAVEGAME_ID, self.savegame_id),
        ] {
            put(at, &word.to_be_bytes());
        }
        put(field::CONTENT_SIZE, &content_size.to_be_bytes());
        put(field::PROFILE_ID, &self.profile_id.to_be_bytes());
        put(field::VOLUME, descriptor);
        put(field::DISPLAY_NAME, &units(&self.display_name, NAME));
        put(field::TITLE_NAME, &units(&self.title_name, TITLE_NAME));
        let places = [
            (field::THUMBNAIL_SIZE, field::THUMBNAIL),
            (field::TITLE_THUMBNAIL_SIZE, field::TITLE_THUMBNAIL),
        ];
        for ((size, at), picture) in places.into_iter().zip(&self.pictures) {
            let picture = if picture.len() <= MAX_PICTURE { &picture[..] } else { &[] };
            put(size, &(picture.len() as u32).to_be_bytes());
            put(at, picture);
        }
        // The content ID covers all that was written behind it, so it comes last.
        let digest = Sha1::digest(&bytes[field::CONTENT_TYPE..]);
        bytes[field::CONTENT_ID..field::CONTENT_ID + 20].copy_from_slice(&digest);
        bytes
    }
}

/// Verifies the content ID, which is the hash of the header from the content type to the start of
/// the data.
pub(crate) fn verify(package: &dyn ReadAt, findings: &mut Findings) -> Result<(), FormatError> {
    let id = read_exact_at(package, WHAT, field::CONTENT_ID as u64, 20)?;
    let size = read_exact_at(package, WHAT, field::HEADER_SIZE as u64, 4)?;
    let end = u64::from(u32::from_be_bytes([size[0], size[1], size[2], size[3]]));
    let file_size = package.size().map_err(|error| FormatError::new(WHAT, 0, Reason::Io(error)))?;
    // The header of a package in several files may end before the next block.
    let end = end.next_multiple_of(BLOCK as u64).min(file_size);
    let mut hash = Sha1::new();
    let mut at = field::CONTENT_TYPE as u64;
    while at < end {
        let piece = read_exact_at(package, WHAT, at, (BLOCK as u64).min(end - at))?;
        hash.update(&piece);
        at += piece.len() as u64;
    }
    findings.checked();
    if hash.finalize()[..] != id[..] {
        findings.fault(FormatError::invalid(WHAT, field::CONTENT_TYPE as u64, "its hash is another"));
    }
    Ok(())
}

/// Decodes zero-terminated UTF-16 and removes control characters.
fn name(bytes: &[u8], at: usize, size: usize) -> String {
    let bytes = bytes.get(at..).unwrap_or_default();
    let units = bytes.chunks_exact(2).take(size / 2).map(|unit| u16::from_be_bytes([unit[0], unit[1]]));
    let text = char::decode_utf16(units.take_while(|&unit| unit != 0));
    text.map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// Encodes a name as UTF-16, truncated to its field with a terminator.
fn units(text: &str, size: usize) -> Vec<u8> {
    // One unit less, for the terminator.
    let mut room = size / 2 - 1;
    let fits = text.chars().take_while(|c| {
        let fits = c.len_utf16() <= room;
        room = room.saturating_sub(c.len_utf16());
        fits
    });
    fits.collect::<String>().encode_utf16().flat_map(u16::to_be_bytes).collect()
}
