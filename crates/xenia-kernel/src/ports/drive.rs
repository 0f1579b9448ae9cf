//! Discs of the title beside the one that it came on, and whoever has them.

use std::path::PathBuf;
use std::sync::Arc;
use xenia_formats::Volume;
use xenia_guest::TitleId;

/// Which disc is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DiscId {
    /// The title that it is of.
    pub title: TitleId,
    /// Its number, from 1.
    pub number: u8,
}

/// The files of a disc.
#[derive(Clone, Debug)]
pub enum Disc {
    /// A folder of the host.
    Folder(PathBuf),
    /// A disc image, package or archive.
    Volume(Arc<Volume>),
}

/// Whoever has discs.
pub trait Drive: Send {
    /// A disc that lies ready.
    fn ready(&mut self, _disc: DiscId) -> Option<Disc> {
        None
    }

    /// The disc at a place of the host that somebody has named, or why it is not that.
    fn insert(&mut self, _disc: DiscId, place: &str) -> Result<Disc, String> {
        Err(format!("{place} can't be opened: there is no drive"))
    }
}

/// There are no other discs.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoDrive;

impl Drive for NoDrive {}
