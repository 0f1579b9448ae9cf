//! Content packages: saved games and downloads, stored as folders of the console's disk.
//!
//! ```text
//! Content/OWNER/TITLE/TYPE/NAME=header          title, creator and folder of a package
//!                         /NAME=header=unsaved-1-2
//!                         /NAME=thumbnail.png
//!                         /NAME=2/…             files of the package
//!                         /OTHER/…              files without a header, copied there by the user
//!                         /FILE                 a downloaded package in one file (STFS)
//! Profiles/OWNER/profile, TITLE.settings        a profile, and its settings
//!                /TITLE.gpd                     achievements, options (xenia_formats::gpd)
//! Disk/TITLE/…                                  the title's hdd:
//! ```
//!
//! Guests cannot make a file with `=` in its name. A package that is created in place of an old one
//! gets a new folder. Its header points there only when the title closes or flushes the package, or
//! ends. Until then, even after a crash, the host has the previous package. If the run ends before,
//! the new package is set aside (`set_aside.rs`). Each file in a package, and the header, is
//! replaced atomically (`atomic_replace.rs` of xenia-vfs).

mod achievements;
mod header;
mod name;
mod profiles;
mod publisher;
mod set_aside;
mod stfs_package;
mod store;
mod trees;

pub use header::PackageHeader;
pub use name::{MARKETPLACE, PackageName, SAVED_GAME, root_name};
pub use publisher::PUBLISHER;
pub use set_aside::SetAside;
pub use store::{ContentStore, DiskSpace, FoundPackage, MAX_THUMBNAIL_SIZE};
