//! Root names and devices of packages, which are the same however a package was opened.

use super::win32_error;
use crate::files::Files;
use xenia_guest::Win32Error;
use xenia_limits::Limit;
use xenia_vfs::{NoDevice, VfsResult};

impl Files {
    /// Fails if the root name of a package to open is in use or can't be linked, or too many are
    /// open.
    pub(super) fn admit_package(&self, root: &str) -> Result<(), Win32Error> {
        if self.packages.has_root(root) || self.vfs.link_target(&format!("{root}:")).is_ok() {
            return Err(Win32Error::ALREADY_EXISTS);
        }
        self.vfs.admit_link().map_err(win32_error)?;
        let admitted = self.limits.admit(Limit::OpenPackages, self.packages.roots().count());
        admitted.map_err(|_| Win32Error::TOO_MANY_OPEN_FILES)
    }

    /// Removes the root name of a closed package, and its device from the mount point.
    pub(super) fn unmount_package(&mut self, root: &str, device: &str) -> VfsResult<()> {
        let unlinked = self.vfs.unlink(&format!("{root}:"));
        unlinked.and(self.vfs.mount(device, Box::new(NoDevice)))
    }
}
