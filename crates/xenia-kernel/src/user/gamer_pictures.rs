//! Pictures of users: a profile's files (`tile_64.png` and its kind, by the names that profiles of
//! the console have), or a generated one.
//!
//! A console's profile always has a picture, chosen from those of the firmware. A profile here gets
//! one generated from its id: five cells by five, with the right half mirroring the left one.

use super::gamer_data::GamerData;
use super::pictures::{Picture, PictureTexels};
use crate::files::win32_error;
use std::io::Cursor;
use xenia_formats::xdbf::Xdbf;
use xenia_guest::Win32Error;
use xenia_user::profile::Xuid;

/// Side in texels of a large picture; a small one has half as many.
const LARGE: u32 = 64;
/// Cells per side of a generated picture. The rest is the margin.
const CELLS: u32 = 5;
/// Texels per side of a cell in the large picture.
const CELL: u32 = 12;
/// Background colour of a generated picture.
const GROUND: [u8; 4] = [0xF0, 0xF0, 0xF0, 0xFF];

/// Kind of a user's picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// The gamer picture, visible to all players.
    Gamer,
    /// The personal picture, visible to friends.
    Personal,
    Avatar,
}

/// Size of a user's picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureSize {
    /// 64 by 64 texels.
    Large,
    /// 32 by 32 texels.
    Small,
}

impl Face {
    /// Name of the file in the profile.
    fn file(self, size: PictureSize) -> &'static str {
        match (self, size) {
            (Self::Gamer, PictureSize::Large) => "tile_64.png",
            (Self::Gamer, PictureSize::Small) => "tile_32.png",
            (Self::Personal, PictureSize::Large) => "pp_64.png",
            (Self::Personal, PictureSize::Small) => "pp_32.png",
            (Self::Avatar, PictureSize::Large) => "avtr_64.png",
            (Self::Avatar, PictureSize::Small) => "avtr_32.png",
        }
    }
}

/// Encodes RGBA texels as PNG.
fn png_of(side: u32, texels: &[u8]) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(Cursor::new(&mut bytes), side, side);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(texels)?;
    Ok(bytes)
}

/// Generates the picture of an id.
fn drawn(xuid: Xuid, size: PictureSize) -> Result<Vec<u8>, png::EncodingError> {
    // Mixes the bits, with SplitMix64's multipliers: ids that differ in the last digit have
    // different pictures.
    let mut bits = xuid.0;
    for multiplier in [0xBF58_476D_1CE4_E5B9, 0x94D0_49BB_1331_11EB] {
        bits = (bits ^ bits >> 30).wrapping_mul(multiplier);
    }
    bits ^= bits >> 31;
    // Clears bit 6 of each channel, so that the colour contrasts with the light background.
    let [red, green, blue] = [40, 48, 56].map(|shift| (bits >> shift) as u8 & 0xBF);
    let (side, cell) = match size {
        PictureSize::Large => (LARGE, CELL),
        PictureSize::Small => (LARGE / 2, CELL / 2),
    };
    let edge = (side - CELLS * cell) / 2;
    let is_set = |x: u32, y: u32| {
        let [column, row] = [x, y].map(|at| at.wrapping_sub(edge) / cell);
        let column = column.min((CELLS - 1).wrapping_sub(column));
        column < CELLS && row < CELLS && bits >> (row * CELLS.div_ceil(2) + column) & 1 != 0
    };
    let texels = (0..side * side)
        .flat_map(|at| if is_set(at % side, at / side) { [red, green, blue, 0xFF] } else { GROUND });
    png_of(side, &texels.collect::<Vec<_>>())
}

/// Scales a large picture to half the size; a texel is the mean of four. `None` if it is not a
/// large picture.
fn halved(large: &[u8]) -> Option<Vec<u8>> {
    let picture =
        PictureTexels::read(large).filter(|texels| (texels.width, texels.height) == (LARGE, LARGE))?;
    let (texels, _) = picture.bytes.as_chunks::<4>();
    let at = |x: u32, y: u32| texels[(y * LARGE + x) as usize];
    let half = LARGE / 2;
    let small = (0..half * half).flat_map(|index| {
        let x = index % half * 2;
        let y = index / half * 2;
        let four = [at(x, y), at(x + 1, y), at(x, y + 1), at(x + 1, y + 1)];
        let [alpha, red, green, blue] = [0, 1, 2, 3]
            .map(|channel| (four.iter().map(|texel| u16::from(texel[channel])).sum::<u16>() / 4) as u8);
        [red, green, blue, alpha]
    });
    png_of(half, &small.collect::<Vec<_>>()).ok()
}

impl GamerData<'_> {
    /// Returns a picture (PNG) of the user at this place. Personal pictures and avatars exist only
    /// if the profile has files of them.
    pub fn face_of(&self, user: u32, face: Face, size: PictureSize) -> Result<Vec<u8>, Win32Error> {
        let profile = self.profiles.lock().xuid_at(user);
        let xuid = profile.ok_or(Win32Error::NO_SUCH_USER)?;
        let read = |size: PictureSize| {
            let files = self.files.lock();
            files.packages.store.profile_picture(xuid, face.file(size)).map_err(win32_error)
        };
        if let Some(picture) = read(size)? {
            return Ok(picture);
        }
        if size == PictureSize::Small
            && let Some(half) = read(PictureSize::Large)?.as_deref().and_then(halved)
        {
            return Ok(half);
        }
        match face {
            Face::Gamer => drawn(xuid, size).map_err(|_| Win32Error::FUNCTION_FAILED),
            Face::Personal | Face::Avatar => Err(Win32Error::FILE_NOT_FOUND),
        }
    }

    /// Awards a title's pictures, a large and a small one, to the user at this place: adds them to
    /// the title's database in the profile.
    pub fn award_pictures(&self, user: u32, ids: [u32; 2]) -> Result<(), Win32Error> {
        let database = self.database();
        let title = self.title_id();
        let xuid = self.profiles.lock().xuid_at(user);
        let xuid = xuid.ok_or(Win32Error::NO_SUCH_USER)?;
        let files = self.files.lock();
        let store = &files.packages.store;
        let mut gpd = store.gpd(xuid, title).map_err(win32_error)?;
        let own = Xdbf::read(&database).map_err(|_| Win32Error::FILE_NOT_FOUND)?;
        for id in ids {
            let picture = own.image(id).filter(|picture| !picture.is_empty());
            gpd.add_image(id, picture.ok_or(Win32Error::FILE_NOT_FOUND)?);
        }
        store.save_gpd(xuid, title, &gpd).map_err(win32_error)
    }

    /// Returns the picture (PNG) named by a picture key in a user's settings: title, large picture,
    /// small picture.
    pub fn picture_by_key(
        &self,
        user: u32,
        [title, large, small]: [u32; 3],
        size: PictureSize,
    ) -> Result<Vec<u8>, Win32Error> {
        // The dashboard's pictures are part of the firmware. Use the profile's picture instead.
        if title == xenia_user::profile_settings::DASHBOARD {
            return self.face_of(user, Face::Gamer, size);
        }
        let id = match size {
            PictureSize::Large => large,
            PictureSize::Small => small,
        };
        self.picture_of(user, title, Picture::Image(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn drawn_pictures_differ_by_id_and_are_symmetrical() {
        let mut seen = BTreeSet::new();
        for id in 0..64 {
            for (size, side) in [(PictureSize::Large, 64), (PictureSize::Small, 32)] {
                let texels =
                    PictureTexels::read(&drawn(Xuid(0xE030_0000_0058_0001 + id), size).unwrap()).unwrap();
                assert_eq!((texels.width, texels.height), (side, side));
                for row in texels.bytes.chunks_exact(side as usize * 4) {
                    let (row, _) = row.as_chunks::<4>();
                    assert!(row.iter().eq(row.iter().rev()));
                }
                assert!(seen.insert(texels.bytes), "{id}");
            }
        }
    }

    #[test]
    fn a_small_drawn_picture_is_half_of_the_large_one() {
        let xuid = Xuid(0xE030_0000_0058_0001);
        let [large, small] = [PictureSize::Large, PictureSize::Small].map(|size| drawn(xuid, size).unwrap());
        assert_eq!(PictureTexels::read(&halved(&large).unwrap()), PictureTexels::read(&small));
        assert_eq!((halved(&small), halved(b"noise")), (None, None));
    }
}
