//! The titles: the demo, a sample of others, and the scene of guest/game-frame in three sizes.

use crate::files;
use anyhow::Result;
use std::path::{Path, PathBuf};
use xenia_testing::TITLES;

/// Our title that draws as games do, and the file of its settings.
const SCENE: &str = "guest/bin/game-frame.xex";
const SETTINGS: &str = "game-frame.txt";

/// A title, and how long it runs.
pub(super) struct Case {
    /// Name on the page and in arguments.
    pub(super) name: String,
    /// File of the title.
    pub(super) title: PathBuf,
    /// Frames of the short and of the long run.
    pub(super) frames: [u64; 2],
    /// Settings of the scene; empty for other titles.
    pub(super) settings: &'static str,
}

/// Sizes of the scene: name, frames of both runs, settings.
const SIZES: &[(&str, [u64; 2], &str)] = &[
    ("small", [4, 24], "width 320\nheight 192\ndraws 48\n"),
    (
        "medium",
        [3, 8],
        "width 640\nheight 368\ndraws 400\ncasters 100\nprepass 50\nshadow_side 512\ntextures 40\n\
         texture_side 64\nstreamed 1\nshaders 12\nsection 10\nqueries 16\ncopies 6\nfigures 8\n\
         particles 500\nbanner 32\n",
    ),
    (
        "large",
        [2, 4],
        "width 1280\nheight 720\ndraws 1100\ncasters 300\nprepass 150\nshadow_side 1024\ntextures 100\n\
         texture_side 128\nstreamed 2\nshaders 24\nsection 10\nqueries 40\ncopies 10\nfigures 20\n\
         particles 2000\nbanner 64\n",
    ),
];

/// All titles that exist; the scene is laid out in `folder`.
pub(super) fn all(folder: &Path) -> Result<Vec<Case>> {
    let demo = PathBuf::from("guest/bin/demo.xex");
    let mut cases = vec![Case { name: "demo".to_owned(), title: demo, frames: [10, 40], settings: "" }];
    let theirs = std::env::var_os(TITLES).map(|titles| Path::new(&titles).join("dolphin/dolphin.xex"));
    match theirs.filter(|title| title.is_file()) {
        Some(title) => {
            cases.push(Case { name: "dolphin".to_owned(), title, frames: [10, 30], settings: "" });
        }
        None => println!("not timed: dolphin (it is not in the folder that {TITLES} names)"),
    }
    for &(name, frames, settings) in SIZES {
        let place = folder.join(name);
        files::create_folder(&place)?;
        let title = place.join("game-frame.xex");
        files::copy(SCENE, &title)?;
        files::write(place.join(SETTINGS), settings)?;
        cases.push(Case { name: name.to_owned(), title, frames, settings });
    }
    Ok(cases)
}
