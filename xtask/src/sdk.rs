//! `cargo xtask sdk` and `cargo xtask title`: a C library for titles, and titles from C and C++
//! files.
//!
//! The library is musl over guest/sdk/system, which calls the kernel. The imports are stubs, one
//! for each export that this build implements; a title imports those that it uses. The result is
//! `target/sdk/title-cc`, which takes gcc's arguments and links ELF files that `xenia-rs pack`
//! converts to titles: a package's build system can use it.

pub(crate) mod cxx;
mod stub_object;

use crate::commands::quietly;
use crate::files;
use crate::programs::build::{COMPILER, GUEST, LINK, TITLE_LINK, compiler_include, hash_folder};
use crate::programs::catalogue::{Catalogue, LIBRARY};
use crate::programs::library::CLibrary;
use crate::programs::{self, fetch};
use crate::{arguments, built, commands};
use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::Value;
use std::collections::BTreeSet;
use std::collections::hash_map::DefaultHasher;
use std::fmt::Write as _;
use std::hash::{Hash, Hasher};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use stub_object::{ImportableExport, stub_object};
use xenia_testing::Tool;

/// Folder of the SDK's sources.
const SOURCES: &str = "guest/sdk";
/// Exports that guest programs may use.
const GUEST_EXPORTS: &str = "guest/runtime/exports.txt";
/// Compiler flags of the SDK's files.
const STRICT: &[&str] = &["-std=gnu11", "-Wall", "-Wextra", "-Werror"];

/// Arguments of `cargo xtask title`.
#[derive(Debug, Args)]
pub(crate) struct TitleArgs {
    /// C or C++ files, objects, and other inputs of gcc.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// File of the title.
    #[arg(short, long, value_name = "FILE.xex", value_parser = arguments::output())]
    output: PathBuf,
    /// Additional arguments of gcc.
    #[arg(last = true)]
    gcc: Vec<String>,
}

/// Builds the SDK.
pub(crate) fn run() -> Result<()> {
    let sdk = Sdk::provide()?;
    println!("{} compiles and links for titles", sdk.compiler.display());
    let driver = cxx::driver(&sdk.compiler);
    if driver.is_file() {
        println!("{} does for C++", driver.display());
    }
    Ok(())
}

/// Compiles, links and packs.
pub(crate) fn title(args: &TitleArgs) -> Result<()> {
    let sdk = Sdk::provide()?;
    let elf = args.output.with_extension("elf");
    let mut compiler = sdk.compiler.clone();
    if args.files.iter().any(|file| cxx::is_source(file)) {
        compiler = cxx::driver(&sdk.compiler);
        if !compiler.is_file() {
            bail!("no {}: the Debian package g++-powerpc-linux-gnu has it", cxx::COMPILER);
        }
    }
    let mut command = Command::new(compiler);
    commands::run(command.args(["-O2", "-o"]).arg(&elf).args(&args.files).args(&args.gcc))?;
    let packed = sdk.pack(&elf, &args.output);
    files::remove(&elf)?;
    packed?;
    println!("{} is there; `xenia-rs exec {0}` runs it", args.output.display());
    Ok(())
}

/// The built SDK.
pub(crate) struct Sdk {
    /// The compiler driver, which takes gcc's arguments.
    pub(crate) compiler: PathBuf,
    /// The xenia-rs program, which packs ELF files and lists the exports.
    program: PathBuf,
}

impl Sdk {
    /// Builds the SDK unless it is up to date.
    pub(crate) fn provide() -> Result<Self> {
        Tool::Gcc32.row().find().map_err(anyhow::Error::msg)?;
        let program = provide_program()?;
        let folder = built::work_folder("sdk")?;
        let sources = Path::new(SOURCES).canonicalize()?;
        let packages = programs::folder()?;
        let catalogue = Catalogue::read(Path::new(programs::DESCRIBED))?;
        fetch::fetch_packages(&packages, &catalogue.sources, BTreeSet::from([LIBRARY]))?;
        let library =
            CLibrary::provide(&packages, &Path::new(programs::DESCRIBED).canonicalize()?.join("system"))?;
        let sdk = Self { compiler: folder.join("title-cc"), program };
        let exports = sdk.exports()?;
        let mut hasher = DefaultHasher::new();
        let headers = cxx::headers()?;
        let own = [include_str!("sdk.rs"), include_str!("sdk/cxx.rs"), include_str!("sdk/stub_object.rs")];
        (own, GUEST, LINK, TITLE_LINK, &headers).hash(&mut hasher);
        (&exports, &library.archive).hash(&mut hasher);
        hash_folder(&sources, &mut hasher)?;
        let made_of = format!("{:016x}\n", hasher.finish());
        let stamp = folder.join("stamp");
        if std::fs::read_to_string(&stamp).is_ok_and(|text| text == made_of) && sdk.compiler.is_file() {
            return Ok(sdk);
        }
        println!("building the C library's system layer for titles");
        let objects = folder.join("objects");
        files::renew_folder(&objects)?;
        let layer = system_layer(&sources.join("system"), &library, &objects)?;
        archive(&folder.join("libsystem.a"), &layer)?;
        let stubs = stubs(&exports, &objects)?;
        archive(&folder.join("libkernel.a"), &[stubs])?;
        write_driver(&sdk.compiler, &folder, &sources, &library)?;
        write_linux_driver(&sdk.linux_compiler(), &objects, &library)?;
        if headers.is_empty() {
            println!("without C++: there is no {}", cxx::COMPILER);
        } else {
            cxx::provide(&folder, &sources, &library, &headers)?;
        }
        files::write(&stamp, made_of)?;
        Ok(sdk)
    }

    /// The compiler driver for the same code linked for Linux, to run under qemu-ppc.
    pub(crate) fn linux_compiler(&self) -> PathBuf {
        self.compiler.with_file_name("linux-cc")
    }

    /// Converts an ELF file to a title.
    pub(crate) fn pack(&self, elf: &Path, title: &Path) -> Result<()> {
        quietly(Command::new(&self.program).arg("pack").arg(elf).arg("-o").arg(title))
    }

    /// The kernel exports of this build.
    fn exports(&self) -> Result<Vec<ImportableExport>> {
        let mut command = Command::new(&self.program);
        let output = commands::output(command.args(["exports", "--config", "/dev/null", "--json", "-"]))?;
        let table: Value = serde_json::from_slice(&output.stdout).context("the table of exports")?;
        let rows = table["rows"].as_array().context("the table of exports has no rows")?;
        let mut exports = Vec::new();
        for row in rows.iter().filter(|row| row["status"] != "missing") {
            let ordinal = row["ordinal"].as_u64().and_then(|ordinal| u16::try_from(ordinal).ok());
            exports.push(ImportableExport {
                library: if row["library"] == "xam" { "xam.xex" } else { "xboxkrnl.exe" },
                ordinal: ordinal.with_context(|| format!("{row}"))?,
                name: row["name"].as_str().with_context(|| format!("{row}"))?.to_owned(),
                is_function: row["returns"].is_string(),
            });
        }
        Ok(exports)
    }
}

/// The xenia-rs program, built if it is missing: users building their first title have not built it
/// yet.
fn provide_program() -> Result<PathBuf> {
    if let Ok(program) = built::program() {
        return Ok(program);
    }
    commands::run(Command::new("cargo").args(["build", "--package", "xenia-rs"]))?;
    built::program()
}

/// Compiles the files of the system layer; start and end are not part of its archive.
fn system_layer(sources: &Path, library: &CLibrary, objects: &Path) -> Result<Vec<PathBuf>> {
    let of_compiler = compiler_include()?;
    let mut layer = Vec::new();
    for file in files::list(sources)?.into_iter().filter(|file| files::has_ending(file, &["c", "S"])) {
        let name = file.file_name().context("a file's name")?.to_string_lossy().into_owned();
        let object = objects.join(format!("{name}.o"));
        let mut command = Command::new(COMPILER);
        command.args(GUEST).args(STRICT).arg("-nostdinc").arg("-isystem").arg(&library.include);
        command.arg("-isystem").arg(&of_compiler);
        quietly(command.arg("-c").arg(&file).arg("-o").arg(&object))?;
        if name != "start.S" && name != "tls_end.S" {
            layer.push(object);
        }
    }
    Ok(layer)
}

/// Writes an object for each export; returns their folder. One object per export lets a title
/// import only those that it uses.
fn stubs(exports: &[ImportableExport], objects: &Path) -> Result<PathBuf> {
    let folder = objects.join("stubs");
    files::create_folder(&folder)?;
    for export in exports {
        files::write(folder.join(format!("{}.o", export.name)), stub_object(export))?;
    }
    Ok(folder)
}

/// Writes the stub library of the exports that guest programs may use into a folder, and returns
/// its absolute path. The objects have the list's order, in which the linker finds and places them.
pub(crate) fn guest_stubs(folder: &Path) -> Result<PathBuf> {
    let list = files::read_text(GUEST_EXPORTS)?;
    files::create_folder(folder)?;
    let mut objects = Vec::new();
    for line in list.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let export = listed_export(line).with_context(|| format!("{GUEST_EXPORTS}: {line}"))?;
        let object = folder.join(format!("{}.o", export.name));
        files::write(&object, stub_object(&export))?;
        objects.push(object);
    }
    let library = folder.join("libkernel.a");
    archive(&library, &objects)?;
    Ok(library.canonicalize()?)
}

/// The export in a line of the list: library, kind, ordinal and name.
fn listed_export(line: &str) -> Option<ImportableExport> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [library, kind, ordinal, name] = words[..] else { return None };
    Some(ImportableExport {
        library: ["xam.xex", "xboxkrnl.exe"].into_iter().find(|known| *known == library)?,
        ordinal: u16::from_str_radix(ordinal.strip_prefix("0x")?, 16).ok()?,
        name: name.to_owned(),
        is_function: match kind {
            "function" => true,
            "variable" => false,
            _ => return None,
        },
    })
}

/// Creates an archive of objects, or of the objects in a folder.
fn archive(archive: &Path, objects: &[PathBuf]) -> Result<()> {
    files::remove(archive)?;
    let mut command = Command::new(COMPILER.replace("gcc", "ar"));
    command.arg("rcsD").arg(archive);
    for object in objects {
        if object.is_dir() {
            command.args(files::list(object)?);
        } else {
            command.arg(object);
        }
    }
    quietly(&mut command)
}

/// Writes the driver script, which is called like gcc.
fn write_driver(driver: &Path, folder: &Path, sources: &Path, library: &CLibrary) -> Result<()> {
    let object = |name: &str| folder.join("objects").join(name).display().to_string();
    let system = folder.join("libsystem.a").display().to_string();
    let libc = library.archive.display().to_string();
    let common = compile_line(library)?;
    let link = format!(
        "{common} {} {} -Wl,-T,{} -L{} {} \"$@\" {system} {libc} -lgcc {system} {libc} {} {}",
        LINK.join(" "),
        TITLE_LINK.join(" "),
        sources.join("title.ld").display(),
        library.archive.parent().unwrap_or(folder).display(),
        object("start.S.o"),
        folder.join("libkernel.a").display(),
        object("tls_end.S.o"),
    );
    write_script(driver, "gcc", &common, &link)
}

/// The compile command of both drivers.
fn compile_line(library: &CLibrary) -> Result<String> {
    let flags = GUEST.join(" ");
    let include = library.include.display();
    Ok(format!("{COMPILER} {flags} -nostdinc -isystem {include} -isystem {}", compiler_include()?))
}

/// Writes the script that links the same objects for Linux, where a system call is a real one.
fn write_linux_driver(driver: &Path, objects: &Path, library: &CLibrary) -> Result<()> {
    let common = compile_line(library)?;
    let calls = objects.join("linux.S.o");
    let source = Path::new(programs::DESCRIBED).join("system/linux.S");
    quietly(Command::new(COMPILER).args(GUEST).arg("-c").arg(source).arg("-o").arg(&calls))?;
    let [start, calls, libc] = [&library.linux_start, &calls, &library.archive].map(|path| path.display());
    let folder = library.archive.parent().context("the library's folder")?.display();
    let link = format!("{common} {} -L{folder} {start} \"$@\" {calls} {libc} -lgcc {libc}", LINK.join(" "));
    write_script(driver, "gcc", &common, &link)
}

/// Writes a script that compiles or links, depending on its arguments.
fn write_script(driver: &Path, name: &str, compile: &str, link: &str) -> Result<()> {
    let mut text = format!("#!/bin/sh\n# Made by `cargo xtask sdk`: {name} for titles.\n");
    writeln!(text, "for word; do case $word in -c|-S|-E|-M|-MM) exec {compile} \"$@\";; esac; done")?;
    // A query, not a program to link.
    writeln!(text, "case $* in -v|--version|-dump*|-print*) exec {compile} \"$@\";; esac")?;
    writeln!(text, "exec {link}")?;
    files::write(driver, text)?;
    std::fs::set_permissions(driver, std::fs::Permissions::from_mode(0o755))?;
    Ok(())
}
