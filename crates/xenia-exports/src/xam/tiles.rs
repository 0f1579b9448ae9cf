//! Pictures of titles, achievements and users (tiles).
//!
//! [`crate::user::gamer_pictures`] provides users' pictures. The picture of a whole avatar is in
//! the dashboard's database of a profile that a console has made; no profile has a background here.
//! Numbers of kinds, images, arguments and results follow public emulators and Velocity. The
//! arguments of the functions that end in `Ex` are those of the dashboard's calls in public
//! recompilations.

use crate::abi::{Call, Ptr};
use crate::status::failure::Fallible;
use crate::user::gamer_pictures::{Face, PictureSize};
use crate::user::overlapped::{Completed, admit, complete};
use crate::user::pictures::{Picture, PictureTexels};
use crate::user_index;
use xenia_guest::{GuestAddr, USERS, Win32Error};
use xenia_kernel_macros::exports;
use xenia_memory::{GuestMemory, MemoryFault};
use xenia_user::profile_settings::DASHBOARD;

/// Exports of tiles.
pub struct Tiles;

/// Kinds of pictures.
mod kind {
    pub(super) const ACHIEVEMENT: u32 = 0;
    pub(super) const TITLE: u32 = 1;
    /// A user's picture; the console's own users have separate kinds.
    pub(super) const GAMER: u32 = 2;
    pub(super) const GAMER_SMALL: u32 = 3;
    pub(super) const LOCAL: u32 = 4;
    pub(super) const LOCAL_SMALL: u32 = 5;
    /// A picture that a title has awarded to its users.
    pub(super) const AWARDED: u32 = 7;
    pub(super) const AWARDED_SMALL: u32 = 8;
    pub(super) const BY_IMAGE_ID: u32 = 9;
    pub(super) const PERSONAL: u32 = 10;
    pub(super) const PERSONAL_SMALL: u32 = 11;
    pub(super) const BY_KEY: u32 = 12;
    pub(super) const AVATAR: u32 = 13;
    pub(super) const AVATAR_SMALL: u32 = 14;
    pub(super) const WHOLE_AVATAR: u32 = 15;
    /// Number of kinds.
    pub(super) const ALL: u32 = 16;
}
/// Image of the whole avatar in the dashboard's database of a profile.
const AVATAR_IMAGE: u32 = 0x8007;
/// Size of a texel in bytes.
const TEXEL: u32 = 4;

/// The requested picture.
#[derive(Default)]
struct Wanted {
    kind: u32,
    title: u32,
    id: u64,
    user: u32,
    /// Whether the small one of two pictures is requested, if the kind does not determine it.
    small: bool,
    /// The words of a picture key: title, large picture, small picture.
    key: Option<[u32; 3]>,
}

impl Wanted {
    /// Returns the picture as PNG.
    fn find(&self, call: &Call) -> Result<Vec<u8>, Win32Error> {
        // The development kit's functions read a picture by its key or its id for no user.
        let user = match self.user {
            user_index::ANY | user_index::NONE => None,
            user if user < USERS => Some(user),
            _ => return Err(Win32Error::INVALID_PARAMETER),
        };
        if self.kind >= kind::ALL {
            return Err(Win32Error::INVALID_PARAMETER);
        }
        let kernel = call.kernel;
        let size = match self.kind {
            kind::GAMER_SMALL | kind::LOCAL_SMALL | kind::PERSONAL_SMALL | kind::AVATAR_SMALL => {
                PictureSize::Small
            }
            _ if self.small => PictureSize::Small,
            _ => PictureSize::Large,
        };
        let face = match self.kind {
            kind::GAMER | kind::GAMER_SMALL | kind::LOCAL | kind::LOCAL_SMALL => Some(Face::Gamer),
            kind::PERSONAL | kind::PERSONAL_SMALL => Some(Face::Personal),
            kind::AVATAR | kind::AVATAR_SMALL => Some(Face::Avatar),
            _ => None,
        };
        if let (Some(face), Some(user)) = (face, user) {
            return kernel.gamer_data().face_of(user, face, size);
        }
        if let Some(key) = self.key.filter(|_| face.is_some() || self.kind == kind::BY_KEY) {
            // A picture of a user of another console: use the title's pictures on this one.
            return kernel.gamer_data().picture_by_key(user.unwrap_or(0), key, size);
        }
        if self.kind == kind::WHOLE_AVATAR
            && let Some(user) = user
        {
            return kernel.gamer_data().picture_of(user, DASHBOARD, Picture::Image(AVATAR_IMAGE));
        }
        let image = u32::try_from(self.id).ok().map(Picture::Image);
        let picture = match self.kind {
            kind::TITLE => Some(Picture::Icon),
            kind::ACHIEVEMENT | kind::BY_IMAGE_ID | kind::AWARDED | kind::AWARDED_SMALL => image,
            _ => None,
        };
        let title = if self.title == 0 { kernel.title_id() } else { self.title };
        let picture = picture.ok_or(Win32Error::FILE_NOT_FOUND)?;
        // Another title's pictures are in a user's files.
        kernel.gamer_data().picture_of(user.unwrap_or(0), title, picture)
    }

    /// Stores the picture in a buffer, or its size.
    fn read(
        &self,
        call: &mut Call,
        buffer: Option<GuestAddr>,
        size: Option<Ptr<u32>>,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        let Some(size) = size else { return Ok(Win32Error::INVALID_PARAMETER) };
        admit(call, overlapped)?;
        let (result, length) = match (self.find(call), buffer) {
            (Err(error), _) => (error, 0),
            (Ok(picture), buffer) => {
                let room = size.read(call.memory())?;
                let length = picture.len() as u32;
                size.write(call.memory(), length)?;
                match buffer.filter(|_| room >= length) {
                    None => (Win32Error::INSUFFICIENT_BUFFER, 0),
                    Some(buffer) => {
                        call.memory().write_bytes(buffer, &picture)?;
                        (Win32Error::SUCCESS, length)
                    }
                }
            }
        };
        complete(call, overlapped, Completed::wrapped(result, length))
    }

    /// Stores the picture as the rows of a texture.
    fn draw(
        &self,
        call: &mut Call,
        texture: Option<GuestAddr>,
        [pitch, height]: [u32; 2],
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        let Some(texture) = texture else { return Ok(Win32Error::INVALID_PARAMETER) };
        admit(call, overlapped)?;
        let found = self.find(call);
        let texels =
            found.and_then(|picture| PictureTexels::read(&picture).ok_or(Win32Error::FILE_NOT_FOUND));
        let result = match texels {
            Err(error) => error,
            Ok(texels) if texels.height != height || texels.width * TEXEL > pitch => {
                Win32Error::INVALID_PARAMETER
            }
            Ok(texels) => {
                let rows = texels.bytes.chunks_exact((texels.width * TEXEL) as usize);
                for (row, bytes) in (0..).zip(rows) {
                    call.memory().write_bytes(texture.offset(pitch.wrapping_mul(row)), bytes)?;
                }
                Win32Error::SUCCESS
            }
        };
        complete(call, overlapped, Completed::wrapped(result, 0))
    }
}

#[exports(xam)]
impl Tiles {
    /// Reads a picture (PNG) of a title, an achievement or a user. Without a buffer, or with one
    /// that is too small, its size is returned. Backgrounds, which no profile has here, are not
    /// found.
    #[export(Done)]
    fn XamReadTile(
        call: &mut Call,
        kind: u32,
        title: u32,
        id: u64,
        user: u32,
        buffer: Option<GuestAddr>,
        size: Option<Ptr<u32>>,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        Wanted { kind, title, id, user, ..Wanted::default() }.read(call, buffer, size, overlapped)
    }

    /// Like `XamReadTile`, for the small picture on request. `key` is the setting that names the
    /// picture of a user of another console: a picture of the running title, or of one that the
    /// first user has played.
    #[export(Done)]
    fn XamReadTileEx(
        call: &mut Call,
        kind: u32,
        title: u32,
        id: u64,
        user: u32,
        small: bool,
        key: GuestAddr,
        buffer: Option<GuestAddr>,
        size: Option<Ptr<u32>>,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        let key = read_tile_key(call.memory(), key)?;
        Wanted { kind, title, id, user, small, key }.read(call, buffer, size, overlapped)
    }

    /// Reads a picture as the rows of a texture of the same height. The memory between the rows is
    /// not changed.
    #[export(Done)]
    fn XamReadTileToTexture(
        call: &mut Call,
        kind: u32,
        title: u32,
        id: u64,
        user: u32,
        texture: Option<GuestAddr>,
        pitch: u32,
        height: u32,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        let wanted = Wanted { kind, title, id, user, ..Wanted::default() };
        wanted.draw(call, texture, [pitch, height], overlapped)
    }

    /// Like `XamReadTileToTexture`, for the pictures of `XamReadTileEx`.
    #[export(Done)]
    fn XamReadTileToTextureEx(
        call: &mut Call,
        kind: u32,
        title: u32,
        id: u64,
        user: u32,
        small: bool,
        key: GuestAddr,
        texture: Option<GuestAddr>,
        pitch: u32,
        height: u32,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        let key = read_tile_key(call.memory(), key)?;
        Wanted { kind, title, id, user, small, key }.draw(call, texture, [pitch, height], overlapped)
    }

    /// Awards two of the running title's pictures to a user, a large one and a small one. They are
    /// stored in the profile's database of the title, where other titles find them, too.
    #[export(Done)]
    fn XamWriteGamerTile(
        call: &mut Call,
        user: u32,
        title: u32,
        large: u32,
        small: u32,
        _for_list: u32,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        if user >= USERS {
            return Ok(Win32Error::INVALID_PARAMETER);
        }
        admit(call, overlapped)?;
        let is_own = title == 0 || title == call.kernel.title_id();
        let awarded = if is_own {
            call.kernel.gamer_data().award_pictures(user, [large, small])
        } else {
            Err(Win32Error::FILE_NOT_FOUND)
        };
        let result = awarded.err().unwrap_or(Win32Error::SUCCESS);
        complete(call, overlapped, Completed::wrapped(result, 0))
    }
}

/// Parses the three words of a gamer tile's key, stored in a setting's data as 24 hexadecimal
/// digits; `None` if they are invalid.
pub(super) fn read_tile_key(memory: &GuestMemory, data: GuestAddr) -> Result<Option<[u32; 3]>, MemoryFault> {
    const TEXT: u8 = 4;
    const MAX_UNITS: u32 = 0x64;
    const DIGITS: usize = 24;
    if data.is_null() || memory.read::<u8>(data)? != TEXT || memory.read::<u32>(data.offset(8))? > MAX_UNITS {
        return Ok(None);
    }
    let text = memory.read_wide_string(memory.read(data.offset(0xC))?, MAX_UNITS)?;
    let text = String::from_utf16_lossy(&text);
    if text.len() != DIGITS || !text.chars().all(|c| c.is_ascii_hexdigit()) {
        return Ok(None);
    }
    let word = |at: usize| text.get(at..at + 8).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    Ok(word(0).zip(word(8)).zip(word(16)).map(|((title, large), small)| [title, large, small]))
}
