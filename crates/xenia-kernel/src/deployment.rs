//! How a title came to its console, and what its buyer may do with it: what titles ask before they
//! are more than a trial.

use xenia_formats::stfs::PackageInfo;

/// A title of a disc that was copied to the hard disk (`xenia_formats::stfs::kind_name`).
const INSTALLED_TITLE: u32 = 0x4000;

/// Where a title is installed; the numbers are `XTitleGetDeploymentType`'s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// It runs from its disc.
    #[default]
    Disc = 0,
    /// Its disc was copied to the hard disk.
    Installed = 1,
    /// It was downloaded.
    Download = 2,
}

/// See the module's documentation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deployment {
    /// Where it is installed.
    pub origin: Origin,
    /// What may be done with it, a bit each; bit 0 is that it is the full version. Titles on discs
    /// have none.
    pub license: Option<u32>,
}

impl Deployment {
    /// That of a title in a package.
    pub fn of_package(package: &PackageInfo) -> Self {
        let is_copy = package.content_type == INSTALLED_TITLE;
        let origin = if is_copy { Origin::Installed } else { Origin::Download };
        Self { origin, license: Some(package.license) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_says_what_its_title_is() {
        for (content_type, origin) in
            [(0x4000, Origin::Installed), (0x7000, Origin::Download), (0xD_0000, Origin::Download)]
        {
            let package = PackageInfo { content_type, license: 5, ..PackageInfo::default() };
            assert_eq!(Deployment::of_package(&package), Deployment { origin, license: Some(5) });
        }
        assert_eq!(Deployment::default(), Deployment { origin: Origin::Disc, license: None });
    }
}
