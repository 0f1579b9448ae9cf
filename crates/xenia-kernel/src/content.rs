//! Content: the packages that saved games and downloads are in, as folders of the console's disk.
//!
//! ```text
//! Content/OWNER/TITLE/TYPE/NAME=header          what the package is called, who made it, which folder holds its files
//!                         /NAME=thumbnail.png
//!                         /NAME=2/…             its files
//!                         /OTHER/…              files without a header: a package that somebody has put there
//!                         /FILE                 a download in one file (STFS), as the marketplace has them
//! Profiles/OWNER/profile, TITLE.settings        who may sign in, and what they have set
//!                /TITLE.gpd                     what they have achieved (xenia_formats::gpd)
//! Disk/TITLE/…                                  what the title sees as hdd:
//! ```
//!
//! No guest can name a file with `=` in it. A package that is made anew gets another folder, and
//! its header names that one only when the title closes or flushes the package, or the run ends:
//! until then, and however the program ends, the host has the package as it was. Each file in a
//! package, and the header, is replaced whole (`vfs/draft.rs`).

mod achievements;
mod header;
mod name;
mod packed;
mod profiles;
mod store;

pub use header::PackageHeader;
pub use name::{MARKETPLACE, PackageName, SAVED_GAME, root_name};
pub use store::{ContentStore, THUMBNAIL_SIZE};
