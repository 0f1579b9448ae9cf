//! Makes the files of the retail title.

use super::support::xex_builder::{Payload, XexBuilder};
use super::support::xexp_builder::{self, Record};
use std::sync::{Arc, OnceLock};
use xenia_formats::stfs::{self, PackageInfo, Signer};
use xenia_formats::xex::{PageType, key};
use xenia_formats::{KeyRing, LoadedImage, Volume, Xex};
use xenia_guest::TitleId;

/// Id of the retail title.
pub(crate) const TITLE: TitleId = TitleId(0x5841_0009);
/// The suite's own key.
pub(crate) const KEY: [u8; 16] = *b"a key for tests!";
/// Content types of downloads and updates.
pub(crate) const DOWNLOAD: u32 = 2;
pub(crate) const UPDATE: u32 = 0xB_0000;
/// Bytes before the number of the version in the first executable.
const VERSION: &[u8; 8] = b"version:";
/// Size of data.bin, which two threads read.
const DATA: usize = 8 * 0x4000;

const FIRST: &[u8] = include_bytes!("../../../../guest/bin/retail/default.xex");
const SECOND: &[u8] = include_bytes!("../../../../guest/bin/retail/second.xex");
const LIBRARY: &[u8] = include_bytes!("../../../../guest/bin/retail/library.xex");

/// One of our own executables, to be rebuilt: compressed with LZX and encrypted with the suite's
/// key.
fn dressed(file: &[u8]) -> XexBuilder {
    let xex = Xex::read(&file).unwrap();
    let image = xex.load(&file, &KeyRing::development()).unwrap();
    let number = |kind| match kind {
        PageType::Code => 1,
        PageType::Data => 2,
        PageType::ReadOnly => 3,
    };
    XexBuilder {
        payload: Payload::Lzx,
        master: Some(KEY),
        page_size: image.page_size,
        runs: xex.security.pages.iter().map(|pages| (pages.page_count, number(pages.kind))).collect(),
        imports: imports(&image),
        headers: headers(&xex, &image, file),
        export_table: xex.security.export_table.0,
        module_flags: xex.module_flags,
        image: image.bytes,
    }
}

/// Names of libraries, and the addresses of their import words.
fn imports(image: &LoadedImage) -> Vec<(String, Vec<u32>)> {
    let library = |library: &xenia_formats::image::ImportLibrary| {
        let words = library.imports.iter();
        let words = words.flat_map(|import| [import.slot, import.thunk].map(|at| at.map(|at| at.0)));
        (library.name.clone(), words.flatten().collect())
    };
    image.imports.iter().map(library).collect()
}

fn bytes_of(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// The optional headers but those of format and imports.
fn headers(xex: &Xex, image: &LoadedImage, file: &[u8]) -> Vec<(u32, Result<u32, Vec<u8>>)> {
    let mut headers = vec![
        (key::ENTRY_POINT, Ok(image.entry.0)),
        (key::IMAGE_BASE, Ok(image.base.0)),
        (key::DEFAULT_STACK_SIZE, Ok(image.stack_size.unwrap())),
    ];
    if let Some(tls) = image.tls {
        let words = [tls.slot_count, tls.raw_data_address.0, tls.data_size, tls.raw_data_size];
        headers.push((key::TLS_INFO, Err(bytes_of(&words))));
    }
    if let Some(info) = image.execution {
        let mut body = bytes_of(&[info.media_id.0, info.version.0, info.base_version.0, info.title_id.0]);
        body.extend([info.platform, info.executable_type, info.disc_number, info.disc_count, 0, 0, 0, 0]);
        headers.push((key::EXECUTION_INFO, Err(body)));
    }
    if !image.resources.is_empty() {
        let mut body = bytes_of(&[4 + 16 * image.resources.len() as u32]);
        for resource in &image.resources {
            let mut name = resource.name.clone().into_bytes();
            name.resize(8, 0);
            body.extend(name);
            body.extend(bytes_of(&[resource.address.0, resource.size]));
        }
        headers.push((key::RESOURCE_INFO, Err(body)));
    }
    if let Some(header) = xex.optional_header(key::EXPORTS_BY_NAME) {
        headers.push((key::EXPORTS_BY_NAME, Err(file[header.word as usize..][..8].to_vec())));
    }
    headers
}

/// The executables and data of the title, and its update and download.
pub(crate) struct RetailFiles {
    /// Names and contents of the files of its folder or disc.
    pub(crate) disc: Vec<(&'static str, Arc<Vec<u8>>)>,
    /// The patch of the first executable, which changes its version to 2.
    pub(crate) patch: Arc<Vec<u8>>,
}

/// The files, made once.
pub(crate) fn files() -> &'static RetailFiles {
    static FILES: OnceLock<RetailFiles> = OnceLock::new();
    FILES.get_or_init(|| {
        let first = dressed(FIRST);
        let at = first.image.windows(8).position(|bytes| bytes == VERSION).unwrap() + VERSION.len();
        let mut updated = first.clone();
        updated.image[at..at + 4].copy_from_slice(&2_u32.to_be_bytes());
        let change = Record::Lzx(at, at, 2_u32.to_be_bytes().to_vec());
        let patch = xexp_builder::build(&first, &updated, &[change]);
        let data = (0..DATA).map(|i| (i * 7 + i / 256) as u8).collect();
        RetailFiles {
            disc: vec![
                ("default.xex", Arc::new(first.build())),
                ("second.xex", Arc::new(dressed(SECOND).build())),
                ("library.xex", Arc::new(dressed(LIBRARY).build())),
                ("data.bin", Arc::new(data)),
            ],
            patch: Arc::new(patch),
        }
    })
}

/// A package (STFS) of this kind with these files.
pub(crate) fn package(kind: u32, files: &[(&str, Arc<Vec<u8>>)]) -> Vec<u8> {
    let mut volume = Volume::default();
    for (name, bytes) in files {
        volume.add_file(Volume::ROOT, name, bytes.clone()).unwrap();
    }
    let info = PackageInfo {
        signer: Signer::Live,
        content_type: kind,
        title_id: TITLE,
        license: u32::MAX,
        ..PackageInfo::default()
    };
    let mut bytes = Vec::new();
    stfs::write(&volume, &info, &mut bytes, &mut |_| ()).unwrap();
    bytes
}

#[test]
fn the_files_are_compressed_and_encrypted_and_their_digests_are_valid() {
    let keys = KeyRing::with_retail(KEY);
    for (name, file) in &files().disc[..3] {
        let xex = Xex::read(file).unwrap();
        assert!(matches!(xex.compression, xenia_formats::xex::Compression::Lzx(_)), "{name}");
        assert!(xex.load(file, &KeyRing::development()).is_err(), "{name} needs the key");
        let image = xex.load(file, &keys).unwrap();
        assert!(image.digests_ok() && image.digests.len() > 3, "{name}: {:?}", image.damage());
    }
    let first = &files().disc[0].1;
    let image = Xex::read(first).unwrap().load(first, &keys).unwrap();
    let tls = image.tls.expect("the first executable has thread-local storage");
    assert_eq!(image.resources[0].name, TITLE.to_string());
    assert!(tls.raw_data_size >= 8 && image.import_count() > 40 && image.page_runs.len() >= 3);
    let updated = Xex::read(first).unwrap().load_patched(first, &files().patch, &keys).unwrap();
    assert_ne!(updated.bytes, image.bytes);
}
