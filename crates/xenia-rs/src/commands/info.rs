//! `xenia-rs info`: describes a file without running it.
//!
//! The report is printed, or written as JSON, in which addresses and hashes are hexadecimal text. A
//! wrong hash in the file is not an error of the command, but its exit code reports it.

use super::info_gpd;
use super::info_package::{self, PackageRow};
use crate::cli::InfoArgs;
use anyhow::Result;
use serde::Serialize;
use xenia::machine::IN_A_FILE;
use xenia::report::{check_json, write_json};
use xenia::say::{errln, outln, visible};
use xenia::title::description::database;
use xenia::title::{NoExecutable, Title, key_ring, path_of};
use xenia::wording::count;
use xenia_cli::Code;
use xenia_documents::documented;
use xenia_exports::registry;
use xenia_formats::image::{ImageExport, ImageKind, LoadedImage};
use xenia_formats::xdbf::{Achievement, Xdbf};
use xenia_kernel::imports::{Library, ordinals};
use xenia_patches::executable_hash;

documented! {
    /// Description of a file.
    #[derive(Debug, Serialize)]
    pub struct InfoReport {
        /// Format: `xex` or `elf`; `stfs` or `svod` for a package without an executable.
        format: &'static str,
        /// Title id, eight hexadecimal digits.
        title_id: Option<String>,
        /// Name stored in the file.
        name: Option<String>,
        /// Whether the file is a library, which titles load.
        is_library: bool,
        /// Address of the first instruction; null if there is no executable.
        entry: Option<String>,
        /// Load address of the image; null if there is no executable.
        image_base: Option<String>,
        /// Size of the image, in bytes.
        image_size: u32,
        /// Hash of the code, by which patch files name the executable: 16 hexadecimal digits; null
        /// if it has none.
        hash: Option<String>,
        /// Number of functions in the image's function table.
        functions: usize,
        /// Functions and variables imported from libraries.
        imports: Vec<ImportRow>,
        /// Functions and variables that a library exports.
        exports: Vec<LibraryExport>,
        /// Hashes in the file, with the results of their verification.
        digests: Vec<DigestRow>,
        /// Title information from the database in the resources; null if there is none.
        title: Option<TitleRow>,
        /// Information from the package's header; null if the file is not a package.
        package: Option<PackageRow>,
    }

    /// Information that a title stores about itself.
    #[derive(Debug, Serialize)]
    pub struct TitleRow {
        /// Name in the title's default language.
        name: Option<String>,
        /// Default language, by the console's number: 1 is English.
        language: u64,
        /// Size of its picture (PNG) in bytes; null if it has none.
        icon_bytes: Option<usize>,
        /// Achievements of the title.
        achievements: Vec<AchievementRow>,
    }

    /// An achievement of the title.
    #[derive(Debug, Serialize)]
    pub struct AchievementRow {
        /// Id of the achievement.
        id: u16,
        /// Name of the achievement.
        label: String,
        /// Description after it is unlocked.
        description: String,
        /// Description before it is unlocked.
        unachieved: String,
        /// Points that it is worth.
        gamerscore: u16,
        /// Whether it is listed before it is unlocked.
        is_shown: bool,
    }

    /// An import of a title.
    #[derive(Debug, Serialize)]
    pub struct ImportRow {
        /// Library that exports it.
        library: String,
        /// Ordinal in the library.
        ordinal: u16,
        /// Name; null if the ordinal is unknown, or the library is a file beside the title.
        name: Option<&'static str>,
        /// Status: `done`, `constant`, `partial`, `stub` or `missing`; `file` if the library is not
        /// the console's.
        status: &'static str,
    }

    /// An export of a library.
    #[derive(Debug, Serialize)]
    pub struct LibraryExport {
        /// Ordinal by which titles import it.
        ordinal: u16,
        /// Name; null if the library exports it by ordinal alone.
        name: Option<String>,
        /// Address of its code or data.
        address: String,
    }

    /// A hash in the file.
    #[derive(Debug, Serialize)]
    pub struct DigestRow {
        /// Part of the file that is hashed.
        what: String,
        /// Whether the hash is correct.
        ok: bool,
    }
}

/// Prints the description; with `--json`, writes it.
pub fn run(args: &InfoArgs) -> Result<Code> {
    check_json(args.json.as_deref())?;
    if info_gpd::is_database(&args.title) {
        let report = info_gpd::describe(&args.title)?;
        match &args.json {
            Some(path) => write_json(path, "gpd", &report)?,
            None => info_gpd::print(&report),
        }
        return Ok(Code::Done);
    }
    let package = info_package::package_row(&path_of(&args.title)?);
    let report = match (Title::open(&args.title, &key_ring(args.key_file.as_deref())?), package) {
        (Ok(title), package) => {
            InfoReport { package: package.map(|(_, package)| package), ..describe(&title.image) }
        }
        (Err(error), Some((format, package))) if error.is::<NoExecutable>() => no_title(format, package),
        (Err(error), _) => return Err(error),
    };
    if let Some(path) = &args.json {
        write_json(path, "info", &report)?;
    } else {
        print(&report);
    }
    let damaged = report.digests.iter().any(|digest| !digest.ok);
    Ok(if damaged { Code::Mismatch } else { Code::Done })
}

/// Describes a package without an executable: a saved game or download.
fn no_title(format: &'static str, package: PackageRow) -> InfoReport {
    InfoReport {
        format,
        title_id: Some(package.title_id().to_owned()),
        name: Some(package.display_name().to_owned()),
        is_library: false,
        entry: None,
        image_base: None,
        image_size: 0,
        hash: None,
        functions: 0,
        imports: Vec::new(),
        exports: Vec::new(),
        digests: Vec::new(),
        title: None,
        package: Some(package),
    }
}

fn describe(image: &LoadedImage) -> InfoReport {
    let imports = image.imports.iter().flat_map(|library| {
        let known = Library::of_file(&library.name);
        library.imports.iter().map(move |import| ImportRow {
            library: library.name.clone(),
            ordinal: import.ordinal.0,
            name: known.and_then(|known| ordinals::find(known.rows(), import.ordinal)).map(|row| row.name),
            status: known.map_or(IN_A_FILE, |known| registry().status(known, import.ordinal).name()),
        })
    });
    InfoReport {
        format: match image.kind {
            ImageKind::Xex => "xex",
            ImageKind::Elf => "elf",
        },
        title_id: image.execution.map(|execution| execution.title_id.to_string()),
        name: image.name.clone(),
        is_library: image.is_library,
        entry: Some(image.entry.to_string()),
        image_base: Some(image.base.to_string()),
        image_size: image.size,
        hash: executable_hash(image).map(|hash| hash.to_string()),
        functions: image.functions.len(),
        imports: imports.collect(),
        exports: image.exports.iter().map(LibraryExport::of).collect(),
        digests: image
            .digests
            .iter()
            .map(|check| DigestRow { what: check.what.clone(), ok: check.ok })
            .collect(),
        title: title_of(image),
        package: None,
    }
}

impl LibraryExport {
    fn of(export: &ImageExport) -> Self {
        Self { ordinal: export.ordinal.0, name: export.name.clone(), address: export.address.to_string() }
    }
}

/// Information from the title's database. A damaged database does not prevent the rest of the
/// description.
fn title_of(image: &LoadedImage) -> Option<TitleRow> {
    // Flag of an achievement that is listed before it is unlocked.
    const SHOWN: u32 = 8;
    let bytes = database(image)?;
    let read = Xdbf::read(bytes).and_then(|xdbf| Ok((xdbf.achievements(xdbf.default_language())?, xdbf)));
    let (achievements, xdbf) = match read {
        Ok(read) => read,
        Err(error) => {
            errln!("xenia-rs: the title's database can't be read: {error}");
            return None;
        }
    };
    let row = |row: Achievement| AchievementRow {
        id: row.id,
        label: row.label,
        description: row.description,
        unachieved: row.unachieved,
        gamerscore: row.gamerscore,
        is_shown: row.flags & SHOWN != 0,
    };
    Some(TitleRow {
        name: xdbf.title_name(),
        language: xdbf.default_language(),
        icon_bytes: xdbf.icon().map(<[u8]>::len),
        achievements: achievements.into_iter().map(row).collect(),
    })
}

fn print(report: &InfoReport) {
    outln!("format      {}", report.format);
    let Some((entry, base)) = report.entry.as_ref().zip(report.image_base.as_ref()) else {
        report.package.iter().for_each(PackageRow::print);
        outln!("executable  none: `xenia-rs ls` lists the files");
        return;
    };
    outln!("name        {}", report.name.as_deref().map_or("-".to_owned(), visible));
    if report.is_library {
        outln!("kind        library, which titles load");
    }
    outln!("title id    {}", report.title_id.as_deref().unwrap_or("-"));
    report.package.iter().for_each(PackageRow::print);
    if let Some(title) = &report.title {
        outln!("title       {}", title.name.as_deref().map_or("-".to_owned(), visible));
        outln!(
            "icon        {}",
            title.icon_bytes.map_or("-".to_owned(), |bytes| count(bytes as u64, "byte"))
        );
        let score: u32 = title.achievements.iter().map(|row| u32::from(row.gamerscore)).sum();
        outln!("achieve     {}, gamerscore {score}", count(title.achievements.len() as u64, "achievement"));
        for row in &title.achievements {
            outln!(
                "  {:>5} {:>4}  {}: {}",
                row.id,
                row.gamerscore,
                visible(&row.label),
                visible(&row.description)
            );
        }
    }
    outln!("image       {} bytes at {base}, entry {entry}", report.image_size);
    outln!("hash        {}", report.hash.as_deref().unwrap_or("-"));
    outln!("functions   {} in .pdata", report.functions);
    let ok = report.digests.iter().filter(|digest| digest.ok).count();
    outln!("digests     {ok} of {} match", report.digests.len());
    for digest in report.digests.iter().filter(|digest| !digest.ok) {
        outln!("  WRONG     {}", digest.what);
    }
    outln!("imports     {}", report.imports.len());
    for import in &report.imports {
        outln!(
            "  {:<8} {:<14} {:04X} {}",
            import.status,
            import.library,
            import.ordinal,
            import.name.unwrap_or(if import.status == IN_A_FILE { "" } else { "(unknown ordinal)" })
        );
    }
    if report.is_library {
        outln!("exports     {}", report.exports.len());
    }
    for export in &report.exports {
        let name = export.name.as_deref().map(visible).unwrap_or_default();
        outln!("  {} {:04X} {name}", export.address, export.ordinal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::Parser;
    use xenia_formats::image::{ExecutionInfo, Resource, Version};
    use xenia_guest::{GuestAddr, MediaId, Ordinal, TitleId};

    /// A database with a name and an achievement in English.
    fn database() -> Vec<u8> {
        let tagged = |tag: &[u8; 4], body: &[u8]| [&tag[..], &[0; 8], body].concat();
        let strings = [&[0, 2, 0x80, 0, 0, 7][..], b"A title", &[0, 1, 0, 4], b"Win!"].concat();
        // Id, three texts, picture, points, flags.
        let mut row = [1_u16, 1, 1, 1, 0, 0x8000, 50, 0, 0, 8].map(u16::to_be_bytes).concat();
        row.resize(0x24, 0);
        let achievements = [&[0, 1][..], &row].concat();
        let entries = [
            (3_u16, 1_u64, tagged(b"XSTR", &strings)),
            (1, u64::from(u32::from_be_bytes(*b"XACH")), tagged(b"XACH", &achievements)),
            (2, 0x8000, b"\x89PNG".to_vec()),
        ];
        let mut file = [&b"XDBF"[..], &[0; 4], &[0, 0, 0, 3], &[0, 0, 0, 3], &[0; 8]].concat();
        let mut data = Vec::new();
        for (section, id, bytes) in entries {
            file.extend(section.to_be_bytes());
            file.extend(id.to_be_bytes());
            file.extend([data.len() as u32, bytes.len() as u32].map(u32::to_be_bytes).concat());
            data.extend(bytes);
        }
        [file, data].concat()
    }

    #[test]
    fn info_reports_the_title_database() {
        let mut image = LoadedImage::empty(ImageKind::Xex);
        image.base = GuestAddr(0x8200_0000);
        image.bytes = vec![0; 0x100];
        image.bytes.extend(database());
        image.size = image.bytes.len() as u32;
        image.execution = Some(ExecutionInfo {
            media_id: MediaId(0),
            version: Version(0),
            base_version: Version(0),
            title_id: TitleId(0x4D53_07D1),
            platform: 0,
            executable_type: 0,
            disc_number: 0,
            disc_count: 0,
            savegame_id: 0,
        });
        assert!(describe(&image).title.is_none(), "there is no such resource");
        let address = GuestAddr(0x8200_0100);
        let size = image.size - 0x100;
        image.resources.push(Resource { name: "4d5307d1".to_owned(), address, size });
        let title = describe(&image).title.unwrap();
        assert_eq!((title.name.as_deref(), title.language, title.icon_bytes), (Some("A title"), 1, Some(4)));
        let row = &title.achievements[0];
        assert_eq!((row.id, &*row.label, row.gamerscore, row.is_shown), (1, "Win!", 50, true));
        image.bytes[0x100] = 0;
        assert!(describe(&image).title.is_none(), "a damaged one is said, and the rest described");
    }

    #[test]
    fn a_library_is_described_with_its_exports() {
        let mut image = LoadedImage::empty(ImageKind::Xex);
        assert!(!describe(&image).is_library);
        image.is_library = true;
        let address = GuestAddr(0x8800_1000);
        image.exports.push(ImageExport { ordinal: Ordinal(3), name: Some("Start".to_owned()), address });
        let report = describe(&image);
        let LibraryExport { ordinal, name, address } = &report.exports[0];
        assert!(report.is_library);
        assert_eq!((*ordinal, name.as_deref(), &**address), (3, Some("Start"), "0x88001000"));
    }

    /// Describes a package with one file in it.
    fn packaged(file: &str, contents: &[u8], words: &[&str]) -> (Result<Code>, serde_json::Value) {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
        std::fs::create_dir(at("files")).unwrap();
        std::fs::write(dir.path().join("files").join(file), contents).unwrap();
        let files = at("files");
        let package = at("package");
        let json = at("json");
        let make = [&["xenia-rs", "make-stfs", &files, &package], words].concat();
        crate::run(Cli::try_parse_from(make).unwrap()).unwrap();
        let done = run(&InfoArgs { title: package.into(), json: Some(json.clone().into()), key_file: None });
        let written = std::fs::read_to_string(json).map(|json| serde_json::from_str(&json).unwrap());
        (done, written.unwrap_or_default())
    }

    #[test]
    fn a_package_is_described_whether_a_title_is_in_it_or_not() {
        let words = ["--title-id", "4D5307D1", "--name", "Map pack", "--signer", "pirs"];
        let (done, json) = packaged("map", b"a map", &words);
        assert_eq!(done.unwrap(), Code::Done);
        assert_eq!((&json["format"], &json["entry"]), (&"stfs".into(), &serde_json::Value::Null));
        assert_eq!((&json["name"], &json["title_id"]), (&"Map pack".into(), &"4D5307D1".into()));
        let package = &json["package"];
        assert_eq!((&package["display_name"], &package["kind"]), (&"Map pack".into(), &"add-on".into()));
        assert_eq!((&package["signer"], &package["is_signed"]), (&"PIRS".into(), &false.into()));
        assert_eq!(package["owner"], serde_json::Value::Null);
        let demo = include_bytes!("../../../../guest/bin/demo.xex");
        let (done, json) = packaged("default.xex", demo, &["--title-id", "4D5307D1", "--name", "A demo"]);
        assert_eq!(done.unwrap(), Code::Done);
        assert_eq!((&json["format"], &json["package"]["kind"]), (&"xex".into(), &"arcade-title".into()));
        assert_eq!(json["package"]["display_name"], "A demo");
        // Other read errors stay errors.
        let (done, _) = packaged("default.xex", b"no executable", &["--title-id", "1"]);
        assert!(done.unwrap_err().to_string().contains("cannot load the executable"));
    }
}
