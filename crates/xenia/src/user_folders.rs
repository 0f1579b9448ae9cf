//! Folders of the user's files: settings, saves, caches, and records of runs.
//!
//! They follow the XDG base directory specification; where a system sets other variables for them,
//! as Windows does, those come before the home folder. A file named [`PORTABLE`] beside the program
//! moves all of them into one folder there, so that a stick or a folder of games holds the program
//! with everything that belongs to it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Name of the file beside the program that moves all folders there; its contents don't matter.
pub const PORTABLE: &str = "portable";
/// Name of the folder beside the program that then holds the folders.
pub const PORTABLE_FOLDER: &str = "xenia-rs-data";

/// Name of the program's folder among those of others.
const PROGRAM: &str = "xenia-rs";

/// Kind of files.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Config,
    Data,
    Cache,
    State,
}

impl Kind {
    /// The specification's variable, that of Windows, the default in the home folder, and the name
    /// in a folder that is xenia-rs's alone.
    const fn names(self) -> [&'static str; 4] {
        match self {
            Self::Config => ["XDG_CONFIG_HOME", "APPDATA", ".config", "config"],
            Self::Data => ["XDG_DATA_HOME", "APPDATA", ".local/share", "data"],
            Self::Cache => ["XDG_CACHE_HOME", "LOCALAPPDATA", ".cache", "cache"],
            Self::State => ["XDG_STATE_HOME", "LOCALAPPDATA", ".local/state", "state"],
        }
    }

    fn folder(self) -> Option<PathBuf> {
        let program = std::env::current_exe().ok();
        self.folder_of(program.as_deref(), |name| std::env::var_os(name))
    }

    /// The folder for a program at a path, with a set of environment variables.
    fn folder_of(
        self,
        program: Option<&Path>,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Option<PathBuf> {
        let [name, of_windows, in_home, in_own] = self.names();
        if let Some(folder) = program.and_then(portable_folder) {
            return Some(folder.join(in_own));
        }
        let absolute = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        if let Some(folder) = absolute(name) {
            return Some(folder.join(PROGRAM));
        }
        if let Some(folder) = absolute(of_windows) {
            // Two kinds of files share a folder of the user's.
            return Some(folder.join(PROGRAM).join(in_own));
        }
        Some(absolute("HOME")?.join(in_home).join(PROGRAM))
    }
}

/// Folder of all files of a program that has [`PORTABLE`] beside it.
fn portable_folder(program: &Path) -> Option<PathBuf> {
    program.with_file_name(PORTABLE).is_file().then(|| program.with_file_name(PORTABLE_FOLDER))
}

/// The user's configuration folder; `None` if no variable names one.
pub fn config() -> Option<PathBuf> {
    Kind::Config.folder()
}

/// The user's data folder: saves, states, screenshots, patches; `None` if no variable names one.
pub fn data() -> Option<PathBuf> {
    Kind::Data.folder()
}

/// The user's cache folder, whose contents may be deleted at any time; `None` if no variable names
/// one.
pub fn cache() -> Option<PathBuf> {
    Kind::Cache.folder()
}

/// The user's state folder: what runs leave, such as reports of crashes; `None` if no variable
/// names one.
pub fn state() -> Option<PathBuf> {
    Kind::State.folder()
}

/// The user's own folder, by HOME or by Windows's USERPROFILE. An empty or relative value counts as
/// unset, as the XDG specification demands of its own variables.
pub fn home() -> Option<PathBuf> {
    home_of(|name| std::env::var_os(name))
}

fn home_of(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let values = ["HOME", "USERPROFILE"].into_iter().filter_map(variable);
    values.map(PathBuf::from).find(|home| home.is_absolute())
}

/// A path as a user types it: `~` at its start is the user's folder.
pub fn typed(path: &Path) -> PathBuf {
    typed_at(path, home())
}

fn typed_at(path: &Path, home: Option<PathBuf>) -> PathBuf {
    match path.strip_prefix("~").ok().zip(home) {
        Some((below, home)) => home.join(below),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Kind; 4] = [Kind::Config, Kind::Data, Kind::Cache, Kind::State];

    /// The disk of the paths here, as Windows's absolute paths need one.
    const DISK: &str = if cfg!(windows) { "C:" } else { "" };

    fn on_disk(path: &str) -> PathBuf {
        PathBuf::from(format!("{DISK}{path}"))
    }

    /// The folders if these variables are set; values that begin with a slash are on the disk.
    fn folders(program: Option<&Path>, set: &[(&str, &str)]) -> [Option<PathBuf>; 4] {
        let disk = |value: &str| if value.starts_with('/') { DISK } else { "" };
        let variable = |name: &str| {
            let value = set.iter().find(|(key, _)| *key == name);
            value.map(|(_, value)| format!("{}{value}", disk(value)).into())
        };
        ALL.map(|kind| kind.folder_of(program, variable))
    }

    #[test]
    fn folders_follow_the_xdg_variables_where_these_are_absolute() {
        let set = [("HOME", "/home/u"), ("XDG_CACHE_HOME", "/fast"), ("XDG_DATA_HOME", "relative")];
        let expected = [
            "/home/u/.config/xenia-rs",
            "/home/u/.local/share/xenia-rs",
            "/fast/xenia-rs",
            "/home/u/.local/state/xenia-rs",
        ];
        assert_eq!(folders(None, &set), expected.map(|folder| Some(on_disk(folder))));
        assert_eq!(folders(None, &[("HOME", "")]), [const { None }; 4]);
    }

    #[test]
    fn variables_of_windows_come_before_the_home_folder() {
        let set = [("HOME", "/h"), ("APPDATA", "/roaming"), ("LOCALAPPDATA", "/local")];
        let expected = [
            "/roaming/xenia-rs/config",
            "/roaming/xenia-rs/data",
            "/local/xenia-rs/cache",
            "/local/xenia-rs/state",
        ];
        assert_eq!(folders(None, &set), expected.map(|folder| Some(on_disk(folder))));
        // A path of another system is not absolute here.
        let elsewhere = if cfg!(windows) { r"\u\roaming" } else { r"C:\u\roaming" };
        let set = [("HOME", "/h"), ("APPDATA", elsewhere), ("XDG_STATE_HOME", "/s")];
        let expected = ["/h/.config", "/h/.local/share", "/h/.cache", "/s"];
        let expected = expected.map(|folder| Some(on_disk(folder).join(PROGRAM)));
        assert_eq!(folders(None, &set), expected);
    }

    #[test]
    fn a_portable_program_has_its_folders_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("program");
        let set = [("HOME", "/home/u"), ("XDG_CACHE_HOME", "/fast")];
        assert_eq!(folders(Some(&program), &set), folders(None, &set));
        std::fs::write(dir.path().join(PORTABLE), "").unwrap();
        let data = dir.path().join(PORTABLE_FOLDER);
        let expected = ["config", "data", "cache", "state"].map(|name| Some(data.join(name)));
        assert_eq!(folders(Some(&program), &set), expected);
    }

    #[test]
    fn a_typed_path_may_begin_at_the_home_folder() {
        let typed = |path: &str, home: Option<&str>| typed_at(path.as_ref(), home.map(Into::into));
        assert_eq!(typed("~/a", Some("/home/u")), Path::new("/home/u/a"));
        assert_eq!(typed("~", Some("/home/u")), Path::new("/home/u"));
        for path in ["~u/a", "/a/~", "a"] {
            assert_eq!(typed(path, Some("/home/u")), Path::new(path));
        }
        assert_eq!(typed("~/a", None), Path::new("~/a"));
    }

    #[test]
    fn the_home_folder_is_the_first_absolute_one() {
        let home = |set: &[(&str, &str)]| {
            home_of(|name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
        };
        let one = on_disk("/h");
        let other = on_disk("/u");
        let first = one.to_str().unwrap();
        let second = other.to_str().unwrap();
        assert_eq!(home(&[("HOME", first), ("USERPROFILE", second)]), Some(one.clone()));
        assert_eq!(home(&[("HOME", "h"), ("USERPROFILE", second)]), Some(other.clone()));
        assert_eq!(home(&[("HOME", "")]), None);
    }
}
