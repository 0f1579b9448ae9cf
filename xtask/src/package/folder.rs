//! The folder from which all packages are built: the files below `/usr`, in `bin` and `share`.

use super::{ID, VERSION, desktop_file, icon};
use crate::commands::{self, run};
use crate::files;
use anyhow::{Result, ensure};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Documents that a package has, beside the manual.
const DOCUMENTS: [&str; 5] = ["README.md", "CHANGELOG.md", "SECURITY.md", "LICENSE-MIT", "LICENSE-APACHE"];
/// Shells with completions, and where their scripts are in `share`.
const SHELLS: [(&str, &str); 3] = [
    ("bash", "bash-completion/completions/xenia-rs"),
    ("zsh", "zsh/site-functions/_xenia-rs"),
    ("fish", "fish/vendor_completions.d/xenia-rs.fish"),
];

/// The folder, complete.
pub(super) struct Folder {
    path: PathBuf,
    out: PathBuf,
}

impl Folder {
    /// Makes the folder in `out` with a program, and with what this writes about itself.
    pub(super) fn make(program: &Path, out: &Path) -> Result<Self> {
        let folder = Self { path: out.join(format!("xenia-rs-{VERSION}-linux-x86_64")), out: out.to_owned() };
        remove(&folder.path)?;
        let binary = folder.file("bin/xenia-rs")?;
        files::copy(program, &binary)?;
        fs::set_permissions(&binary, fs::Permissions::from_mode(0o755))?;
        let version = commands::printed(Command::new(&binary).arg("--version"))?;
        ensure!(version.contains(VERSION), "the program is {}, not {VERSION}", version.trim());
        folder.copy(&desktop_file("desktop"), &format!("applications/{ID}.desktop"))?;
        folder.copy(&desktop_file("metainfo.xml"), &format!("metainfo/{ID}.metainfo.xml"))?;
        folder.copy(&desktop_file("mime.xml"), &format!("mime/packages/{ID}.xml"))?;
        for side in icon::SIDES {
            icon::write(&folder.file(&format!("share/icons/hicolor/{side}x{side}/apps/{ID}.png"))?, side)?;
        }
        for document in DOCUMENTS {
            folder.copy(Path::new(document), &format!("doc/xenia-rs/{document}"))?;
        }
        for (shell, place) in SHELLS {
            let script = commands::printed(Command::new(&binary).args(["completions", shell]))?;
            files::write(folder.file(&format!("share/{place}"))?, script)?;
        }
        folder.manual(&binary)?;
        Ok(folder)
    }

    /// Writes the manual, compressed.
    fn manual(&self, program: &Path) -> Result<()> {
        let pages = self.path.join("share/man/man1");
        run(Command::new(program).args(["man", "--out"]).arg(&pages))?;
        run(Command::new("gzip").args(["-9", "-n"]).args(files::list(pages)?))
    }

    /// A file below the folder, whose own folder exists.
    fn file(&self, place: &str) -> Result<PathBuf> {
        let path = self.path.join(place);
        files::create_folder(path.parent().unwrap_or(&path))?;
        Ok(path)
    }

    /// Copies a file of this tree to a place below `share`.
    fn copy(&self, from: &Path, place: &str) -> Result<()> {
        let to = self.file(&format!("share/{place}"))?;
        files::copy(from, &to)?;
        Ok(())
    }

    /// The folder's name.
    pub(super) fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The folder that holds it, and the packages.
    pub(super) fn out(&self) -> &Path {
        &self.out
    }

    /// The program in it.
    pub(super) fn program(&self) -> PathBuf {
        self.path.join("bin/xenia-rs")
    }

    /// Makes a new folder `name` beside it, with a copy of it as `usr`.
    pub(super) fn as_usr(&self, name: &str) -> Result<PathBuf> {
        let root = self.out.join(name);
        remove(&root)?;
        files::create_folder(&root)?;
        run(Command::new("cp").arg("-a").arg(&self.path).arg(root.join("usr")))?;
        Ok(root)
    }

    /// Makes the archive.
    pub(super) fn archive(&self, time: u64) -> Result<PathBuf> {
        let archive = self.out.join(format!("{}.tar.zst", self.name()));
        let mut tar = Command::new("tar");
        tar.args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mode=go=u-w"]);
        tar.arg(format!("--mtime=@{time}")).args(["--use-compress-program", "zstd -19 -T2", "-cf"]);
        run(tar.arg(&archive).arg("-C").arg(&self.out).arg(self.name()))?;
        Ok(archive)
    }
}

/// Removes a folder that an earlier run has made.
fn remove(path: &Path) -> Result<()> {
    if path.exists() {
        files::remove_folder(path)?;
    }
    Ok(())
}
