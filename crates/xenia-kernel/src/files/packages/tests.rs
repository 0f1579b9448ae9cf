//! Tests of open packages.

use super::*;
use crate::ports::NoStorage;
use xenia_formats::stfs::{self, PackageInfo, Signer};
use xenia_guest::TitleId;

#[test]
fn roots_of_a_package_in_one_file_share_its_volume() {
    const TITLE: u32 = 0x4D53_07D1;
    let mut volume = Volume::default();
    volume.add_file(Volume::ROOT, "one", Arc::new(b"a map".to_vec())).unwrap();
    let info = PackageInfo {
        signer: Signer::Live,
        is_unsigned: true,
        content_type: MARKETPLACE,
        title_id: TitleId(TITLE),
        ..PackageInfo::default()
    };
    let mut bytes = Vec::new();
    stfs::write(&volume, &info, &mut bytes, &mut |_| ()).unwrap();
    let name = PackageName::new(Xuid::NOBODY, TITLE, MARKETPLACE, "Maps").unwrap().on_disc();
    let disc = tempfile::tempdir().unwrap();
    let at = disc.path().join(name.files(0).join("/"));
    std::fs::create_dir_all(at.parent().unwrap()).unwrap();
    std::fs::write(at, bytes).unwrap();
    let mut files = Files::with_devices(&NoStorage, &Arc::default()).unwrap();
    files.mount_title_folder(disc.path()).unwrap();
    for root in ["a", "b"] {
        let header = PackageHeader::new(Xuid::NOBODY, "");
        files.open_package(root, &name, PackageMode::Existing, header).unwrap();
    }
    let [a, b] = &files.packages.open[..] else { panic!("two are open") };
    assert!(Arc::ptr_eq(a.volume.as_ref().unwrap(), b.volume.as_ref().unwrap()));
    files.close_package("a").unwrap();
    let at = files.vfs.resolve(r"b:\one").unwrap();
    assert_eq!(files.vfs.find(&at).unwrap().size, 5);
    let path = format!(r"game:\{}", name.files(0).join(r"\"));
    for (root, path) in [("m", path.to_ascii_uppercase()), ("n", path)] {
        files.open_package_file(root, &path).unwrap();
    }
    let [c, d] = &files.packages.by_path[..] else { panic!("two are open") };
    assert!(Arc::ptr_eq(&c.volume, &d.volume));
}

#[test]
fn a_package_whose_root_name_has_no_room_is_not_made() {
    let mut files = Files::with_devices(&NoStorage, &Arc::default()).unwrap();
    let mut links = 0;
    while files.vfs.link(&format!("link{links}:"), HARD_DISK).is_ok() {
        links += 1;
    }
    let name = PackageName::new(Xuid::NOBODY, 1, 1, "a").unwrap();
    let create = |files: &mut Files| {
        let header = PackageHeader::new(Xuid::NOBODY, "");
        files.open_package("s", &name, PackageMode::New, header).map(drop)
    };
    assert_eq!(create(&mut files), Err(Win32Error::DISK_FULL));
    files.vfs.unlink("link0:").unwrap();
    assert_eq!(create(&mut files), Ok(()), "the refused call has made nothing");
}
