//! Deployment: a title's install medium and license. Titles query it to tell a trial from the full
//! version.

use xenia_formats::stfs::PackageInfo;

/// Content type of a disc copied to the hard disk (`xenia_formats::stfs::kind_name`).
const INSTALLED_TITLE: u32 = 0x4000;

/// Medium a title is installed on; the values are those of `XTitleGetDeploymentType`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TitleOrigin {
    /// The title runs from its disc.
    #[default]
    Disc = 0,
    /// The disc was copied to the hard disk.
    Installed = 1,
    /// The title was downloaded.
    Download = 2,
}

/// A title's install medium and license.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deployment {
    pub origin: TitleOrigin,
    /// License bits; bit 0 means the full version. Titles on discs have no license.
    pub license: Option<u32>,
}

impl Deployment {
    /// The deployment of a title in a package.
    pub fn of_package(package: &PackageInfo) -> Self {
        let is_copy = package.content_type == INSTALLED_TITLE;
        let origin = if is_copy { TitleOrigin::Installed } else { TitleOrigin::Download };
        Self { origin, license: Some(package.license) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_identifies_its_title() {
        for (content_type, origin) in [
            (0x4000, TitleOrigin::Installed),
            (0x7000, TitleOrigin::Download),
            (0xD_0000, TitleOrigin::Download),
        ] {
            let package = PackageInfo { content_type, license: 5, ..PackageInfo::default() };
            assert_eq!(Deployment::of_package(&package), Deployment { origin, license: Some(5) });
        }
        assert_eq!(Deployment::default(), Deployment { origin: TitleOrigin::Disc, license: None });
    }
}
