//! Location of the persistent code cache: the files with a title's compiled code.
//!
//! The code in these files is executed. Folder and file must therefore belong to the user, no other
//! user may have write access, and no other user may be able to replace the folder.

use crate::digest::{FILE_NAME_DIGITS, file_name_digits, title_identity};
use crate::output::without_name;
use crate::screenshots::file_name;
use crate::title::Title;
use crate::user_folders;
use object::read::ReadCache;
use object::read::elf::{FileHeader, ProgramHeader};
use object::{Endianness, elf};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};
use xenia_cpu::ReservationMode;
use xenia_host::process::running_program;
use xenia_host::{file, ownership};
use xenia_jit::{Keeper, MAX_BYTES, StoreOptions};

/// Largest number of bytes read from one file: the code and its index.
const MAX_READ: u64 = 2 * MAX_BYTES as u64;
/// Total size of the folder's files in bytes; beyond it the oldest are removed.
const MAX_IN_FOLDER: u64 = 1 << 30;
/// Age at which a temporary file is considered abandoned.
const TEMPORARY_LIFE: Duration = Duration::from_hours(24);
const TEMPORARY_PREFIX: &str = ".draft-";
const ENDING: &str = "code";

/// Folder of the code cache by `--code-cache` or default; `None`: disabled.
pub fn folder(flag: Option<&Path>) -> Option<PathBuf> {
    match flag {
        Some(named) if named.as_os_str() == "off" => None,
        Some(named) => Some(named.to_owned()),
        None => user_folders::cache().map(|cache| cache.join("code")),
    }
}

/// Folder for runs that are compared with others: only if a flag names it.
pub fn named_folder(flag: Option<&Path>) -> Option<PathBuf> {
    flag.and_then(|_| folder(flag))
}

/// Options of the title's cache in this folder; `None` if this build of the program cannot be
/// identified.
pub fn options(folder: &Path, title: &Title, reservations: ReservationMode) -> Option<StoreOptions> {
    let build = match build() {
        Ok(build) => build,
        Err(error) => {
            tracing::warn!("no compiled code is kept: cannot identify this build of the program: {error}");
            return None;
        }
    };
    // Windowed and lockstep runs compile different code; separate files allow alternating.
    let name = match reservations {
        ReservationMode::Context => "context",
        ReservationMode::Table => "table",
        ReservationMode::Strict => "strict",
    };
    let identity = title_identity(&title.image, &title.patches);
    let digits = file_name_digits(&identity);
    let file = format!("{}-{digits}-{name}.{ENDING}", file_name(&title.short_name()));
    let keeper = Box::new(KeptFile { path: folder.join(file), folder: folder.to_owned() });
    Some(StoreOptions { build, title: identity, keeper })
}

/// Whether a file of the folder has code of titles with this short name.
pub fn is_code_of(file: &str, title: &str) -> bool {
    let rest = after_hash(file, title);
    rest.is_some_and(|rest| rest.starts_with('-') && rest.ends_with(&format!(".{ENDING}")))
}

/// Rest of a file's name after `NAME-HASH`: the short name of a title and the hash of its
/// executable. `None`: the file belongs to another title.
pub(crate) fn after_hash<'a>(file: &'a str, title: &str) -> Option<&'a str> {
    let rest = file.strip_prefix(&file_name(title))?.strip_prefix('-')?;
    let (digits, rest) = rest.split_at_checked(FILE_NAME_DIGITS)?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then_some(rest)
}

/// The build id that the linker wrote into the program. Only note sections are read, not the
/// symbols before them.
fn noted(program: &File) -> Option<Vec<u8>> {
    let cache = ReadCache::new(program);
    let header = elf::FileHeader64::<Endianness>::parse(&cache).ok()?;
    let endian = header.endian().ok()?;
    for segment in header.program_headers(endian, &cache).ok()? {
        let Some(mut notes) = segment.notes(endian, &cache).ok()? else { continue };
        while let Some(note) = notes.next().ok()? {
            if note.name() == elf::ELF_NOTE_GNU && note.n_type(endian) == elf::NT_GNU_BUILD_ID {
                return Some(note.desc().to_vec());
            }
        }
    }
    None
}

/// First digits of the program's build id; `None` if it has none.
pub(crate) fn build_digits() -> Option<&'static str> {
    static DIGITS: OnceLock<Option<String>> = OnceLock::new();
    let read = || {
        let id = noted(&running_program().ok()?)?;
        let digits = id.iter().take(6).flat_map(|byte| [byte >> 4, byte & 15]);
        Some(digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect())
    };
    DIGITS.get_or_init(read).as_deref()
}

/// Identifies the program's build.
fn build() -> io::Result<String> {
    let mut program = running_program()?;
    let version = env!("CARGO_PKG_VERSION");
    if let Some(id) = noted(&program) {
        return Ok(format!("{version} {id:02x?}"));
    }
    // Without a build id, the hash of the program identifies it.
    let mut hash = blake3::Hasher::new();
    io::copy(&mut program, &mut hash)?;
    Ok(format!("{version} {}", hash.finalize()))
}

/// The cache file of a title's compiled code.
struct KeptFile {
    path: PathBuf,
    folder: PathBuf,
}

impl Keeper for KeptFile {
    fn read(&self) -> io::Result<Option<Vec<u8>>> {
        let mut options = File::options();
        // Links are not followed, and opening a pipe must not block.
        let file = match file::no_follow(options.read(true)).open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        ownership::check_private_folder(&self.folder)?;
        ownership::check_private(&self.path, &file)?;
        let found = file.metadata()?;
        if !found.is_file() || found.len() > MAX_READ {
            return Err(io::Error::other("not a file of compiled code"));
        }
        let mut bytes = Vec::with_capacity(found.len() as usize);
        file.take(MAX_READ).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        ownership::make_private_folder(&self.folder)?;
        ownership::check_private_folder(&self.folder)?;
        let mut temporary = tempfile::Builder::new()
            .prefix(TEMPORARY_PREFIX)
            .tempfile_in(&self.folder)
            .map_err(without_name)?;
        temporary.write_all(bytes).map_err(without_name)?;
        temporary.as_file().sync_all()?;
        temporary.persist(&self.path).map_err(|error| error.error)?;
        tidy(&self.folder, &self.path);
        Ok(())
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }
}

/// Removes abandoned temporary files, and the oldest files if the total is too large. `kept` is
/// never removed; files that cannot be removed stay.
fn tidy(folder: &Path, kept: &Path) {
    let Ok(listed) = fs::read_dir(folder) else { return };
    let mut files: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
    for entry in listed.flatten() {
        let (path, Ok(found)) = (entry.path(), entry.metadata()) else { continue };
        let written = found.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        let is_temporary = entry.file_name().to_str().is_some_and(|name| name.starts_with(TEMPORARY_PREFIX));
        if is_temporary && written.elapsed().is_ok_and(|age| age > TEMPORARY_LIFE) {
            let _ = fs::remove_file(&path);
        } else if found.is_file() && path.extension().is_some_and(|ending| ending == ENDING) {
            files.push((written, found.len(), path));
        }
    }
    files.sort_unstable();
    let mut bytes: u64 = files.iter().map(|(_, length, _)| length).sum();
    for (_, length, path) in files {
        if bytes <= MAX_IN_FOLDER {
            break;
        }
        if path != kept && fs::remove_file(&path).is_ok() {
            bytes -= length;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(folder: &Path) -> KeptFile {
        KeptFile { path: folder.join("t.code"), folder: folder.to_owned() }
    }

    #[cfg(unix)]
    #[test]
    fn build_id_is_read_from_the_elf_note() {
        let program = File::open("/proc/self/exe").unwrap();
        let bytes = fs::read("/proc/self/exe").unwrap();
        let whole = object::File::parse(&*bytes).unwrap();
        assert_eq!(noted(&program).as_deref(), object::Object::build_id(&whole).unwrap());
        let other = tempfile::tempfile().unwrap();
        assert_eq!(noted(&other), None, "an empty file");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_write_is_refused() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let set_mode =
            |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("a/code");
        let file = kept(&folder);
        assert!(file.read().unwrap().is_none());
        file.write(b"one").unwrap();
        file.write(b"two").unwrap();
        assert_eq!(file.read().unwrap().as_deref(), Some(&b"two"[..]));
        assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
        for (path, mode, before) in [
            (file.path.clone(), 0o620, 0o600),
            (folder.clone(), 0o722, 0o700),
            (outer.path().join("a"), 0o777, 0o700),
        ] {
            set_mode(&path, mode);
            let error = file.read().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "{path:?}");
            assert!(error.to_string().contains("may be written"), "{error}");
            if path.is_dir() {
                assert_eq!(file.write(b"three").unwrap_err().kind(), io::ErrorKind::PermissionDenied);
            }
            set_mode(&path, before);
            assert!(file.read().is_ok());
        }
        fs::rename(&file.path, folder.join("other")).unwrap();
        std::os::unix::fs::symlink(folder.join("other"), &file.path).unwrap();
        assert!(file.read().is_err(), "a link");
        let is_temporary =
            |entry: fs::DirEntry| entry.file_name().to_string_lossy().starts_with(TEMPORARY_PREFIX);
        assert!(!fs::read_dir(&folder).unwrap().flatten().any(is_temporary));
    }

    #[cfg(unix)]
    #[test]
    fn an_error_does_not_name_the_temporary_file() {
        let error = kept(Path::new("/proc/self/fd")).write(b"one").unwrap_err().to_string();
        assert!(error.contains("os error") && !error.contains(TEMPORARY_PREFIX), "{error}");
    }

    #[test]
    fn the_folder_is_bounded_and_abandoned_temporary_files_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let old = SystemTime::now() - 2 * TEMPORARY_LIFE;
        for (name, length, age) in [
            ("a.code", 700 << 20, 3_u32),
            ("b.code", 600 << 20, 2),
            (".draft-x", 9, 1),
            ("c.txt", 900 << 20, 4),
        ] {
            let file = File::create(folder.path().join(name)).unwrap();
            file.set_len(length).unwrap();
            file.set_modified(old - age * Duration::from_mins(1)).unwrap();
        }
        kept(folder.path()).write(b"new").unwrap();
        let mut names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["b.code", "c.txt", "t.code"]);
    }

    #[test]
    fn build_identifier_is_long_and_stable() {
        let build = build().unwrap();
        assert!(build.len() > 20 && build == super::build().unwrap(), "{build}");
    }
}
