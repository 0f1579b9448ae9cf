//! Pictures of titles, achievements and users (tiles).
//!
//! Profiles here have no pictures of their own: only those of titles and achievements are found. Numbers of kinds, arguments and
//! answers: reference/xam_structs.md.

use crate::abi::{Call, Ptr};
use crate::status::failure::Fallible;
use crate::user::overlapped::{Completed, complete};
use crate::user::pictures::{Picture, Texels};
use crate::user::profile::USERS;
use xenia_guest::{GuestAddr, Win32Error};
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct Tiles;

/// Kinds of pictures that are looked for: of an achievement, of a title, and of any by its id.
mod kind {
    pub(super) const ACHIEVEMENT: u32 = 0;
    pub(super) const TITLE: u32 = 1;
    pub(super) const BY_IMAGE_ID: u32 = 9;
    /// There are no more.
    pub(super) const ALL: u32 = 16;
}
/// No user in particular.
const ANY_USER: u32 = 0xFF;
/// Bytes of a texel.
const TEXEL: u32 = 4;

/// What is asked for.
struct Wanted {
    kind: u32,
    title: u32,
    id: u64,
    user: u32,
}

impl Wanted {
    /// The picture as it is.
    fn find(&self, call: &Call) -> Result<Vec<u8>, Win32Error> {
        if self.kind >= kind::ALL || self.user >= USERS && self.user != ANY_USER {
            return Err(Win32Error::INVALID_PARAMETER);
        }
        let image = u32::try_from(self.id).ok().map(Picture::Image);
        let picture = match self.kind {
            kind::TITLE => Some(Picture::Icon),
            kind::ACHIEVEMENT | kind::BY_IMAGE_ID => image,
            _ => None,
        };
        let title = if self.title == 0 { call.kernel.title_id() } else { self.title };
        call.kernel.picture_of(self.user, title, picture.ok_or(Win32Error::FILE_NOT_FOUND)?)
    }
}

#[exports(xam)]
impl Tiles {
    /// Reads a picture (PNG) of a title or an achievement. Without a buffer, or with one that is too small, its size is told. Nobody has
    /// pictures of other kinds.
    #[export(Partial)]
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
        let Some(size) = size else { return Ok(Win32Error::INVALID_PARAMETER) };
        let found = Wanted { kind, title, id, user }.find(call);
        let (result, length) = match (found, buffer) {
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

    /// Reads a picture as the rows of a texture, which is as high as it is. What is between the rows stays as it is.
    #[export(Partial)]
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
        let Some(texture) = texture else { return Ok(Win32Error::INVALID_PARAMETER) };
        let found = Wanted { kind, title, id, user }.find(call);
        let texels = found.and_then(|picture| Texels::read(&picture).ok_or(Win32Error::FILE_NOT_FOUND));
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
