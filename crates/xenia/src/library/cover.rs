//! The user's own pictures of titles, which replace titles' icons in the library.
//!
//! ```text
//!  game.iso  game.png             beside the title's file, with its name
//!  game/default.xex  cover.png    in the folder of an executable with the default name
//!  covers/4D5307D1.png            in the data folder, with the title's id
//! ```
//!
//! Each of them may be a JPEG file, too.

use super::LibraryTitle;
use super::jpeg;
use crate::pictures::{IconPicture, PictureLimit, decode_within, shrunk};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use xenia_formats::title_files::is_default_executable;

/// Name of the folder of covers in the data folder.
pub const FOLDER: &str = "covers";
/// Extensions of covers; the first that is there is taken.
const EXTENSIONS: [&str; 3] = ["png", "jpg", "jpeg"];
/// Largest file of a cover in bytes.
const MAX_BYTES: u64 = 16 << 20;
/// Largest side of a cover in pixels.
const MAX_SIDE: u32 = 4096;
/// Largest side of a cover as it is kept in memory.
const MAX_KEPT_SIDE: u16 = 192;

/// The file of a title's cover; `None` if there is none. `covers` is the folder of covers.
pub fn find(title: &LibraryTitle, covers: Option<&Path>) -> Option<PathBuf> {
    let beside = title.path.clone();
    let of_folder = is_default_executable(&title.path).then(|| title.path.with_file_name("cover"));
    let id = title.described.id.filter(|id| id.0 != 0);
    let by_id = covers.zip(id).map(|(folder, id)| folder.join(id.to_string()));
    let places = [Some(beside), of_folder, by_id].into_iter().flatten();
    let places = places.flat_map(|place| EXTENSIONS.map(|extension| place.with_extension(extension)));
    // A title that is a picture itself is not a cover.
    places.filter(|path| *path != title.path).find(|path| path.is_file())
}

/// Reads a cover, which may come from anywhere. It is made smaller.
///
/// # Errors
/// The file cannot be read, is not a PNG or JPEG picture, or is too large.
pub fn read(path: &Path) -> Result<IconPicture> {
    let bytes = crate::source::large_bytes(path, MAX_BYTES)?;
    let most = (MAX_SIDE as usize).pow(2) * 4;
    let cover = if jpeg::is_jpeg(&bytes) {
        jpeg::decode_within(&bytes, MAX_SIDE)
    } else {
        decode_within(&bytes, MAX_SIDE, most)
    };
    let cover = cover.with_context(|| path.display().to_string())?;
    Ok(shrunk(cover, PictureLimit { width: MAX_KEPT_SIDE, height: MAX_KEPT_SIDE }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::png_frames::write_png;
    use crate::title::description::DescribedTitle;
    use xenia_gpu::Frame;
    use xenia_guest::TitleId;

    fn title(path: PathBuf) -> LibraryTitle {
        let described = DescribedTitle { id: Some(TitleId(0x4D53_07D1)), ..DescribedTitle::default() };
        LibraryTitle { path, bytes: 0, described, icon: None }
    }

    #[test]
    fn covers_are_beside_titles_or_in_their_own_folder() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let covers = at(FOLDER);
        std::fs::create_dir(&covers).unwrap();
        let image = title(at("game.iso"));
        let executable = title(at("default.xex"));
        assert_eq!((find(&image, Some(&covers)), find(&image, None)), (None, None));
        let expect = |name: &str, title: &LibraryTitle| {
            std::fs::write(at(name), "").unwrap();
            assert_eq!(find(title, Some(&covers)), Some(at(name)));
        };
        expect("covers/4D5307D1.jpg", &image);
        expect("covers/4D5307D1.png", &image);
        expect("cover.jpeg", &executable);
        expect("cover.png", &executable);
        expect("game.jpg", &image);
        expect("game.png", &image);
        std::fs::write(at("alone.png"), "").unwrap();
        assert_eq!(find(&title(at("alone.png")), None), None, "it is the title's file itself");
    }

    #[test]
    fn covers_are_made_smaller_and_hostile_ones_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.png");
        let write = |width: u32, height: u32| {
            let rgba = vec![9; width as usize * height as usize * 4];
            write_png(&path, &Frame { width, height, rgba }).unwrap();
        };
        write(600, 900);
        assert_eq!(read(&path).unwrap().size, [120, 180]);
        write(MAX_SIDE + 1, 1);
        assert!(read(&path).is_err(), "it is too wide");
        std::fs::write(&path, "noise").unwrap();
        assert!(read(&path).is_err());
        std::fs::File::create(&path).unwrap().set_len(MAX_BYTES + 1).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("larger"));
    }
}
