//! The kinds of kernel objects, with their type variables and pool tags.

use serde::{Deserialize, Serialize};
use xenia_guest::layout::file_object;

/// Kind of a kernel object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ObjectKind {
    /// Manual or auto-reset event.
    Event,
    /// Semaphore with a count and a limit.
    Semaphore,
    /// Mutual exclusion with an owner.
    Mutant,
    /// One-shot or periodic timer.
    Timer,
    Thread,
    /// Open file, directory or volume.
    File,
    /// Device that files are on.
    Device,
    /// Queue of I/O completions.
    IoCompletion,
    /// Symbolic link from one object name to another.
    SymbolicLink,
    /// Directory of names.
    Directory,
    Module,
    /// List being enumerated.
    Enumerator,
    /// Listener to system notifications.
    Listener,
    /// Network session of several players.
    Session,
    /// Open file on a device of a driver that the title contains. Titles see it as a file.
    DriverFile,
}

impl ObjectKind {
    /// All kinds, in declaration order.
    pub const ALL: [Self; 15] = [
        Self::Event,
        Self::Semaphore,
        Self::Mutant,
        Self::Timer,
        Self::Thread,
        Self::File,
        Self::Device,
        Self::IoCompletion,
        Self::SymbolicLink,
        Self::Directory,
        Self::Module,
        Self::Enumerator,
        Self::Listener,
        Self::Session,
        Self::DriverFile,
    ];

    /// Offset in bodies of this kind, in this kernel, of the dispatcher header that is used by
    /// waits for the object; `None` if the kind has no signal state.
    pub fn signal_offset(self) -> Option<u32> {
        match self {
            Self::Event | Self::Semaphore | Self::Mutant | Self::Timer | Self::Thread => Some(0),
            Self::File | Self::IoCompletion | Self::Listener => Some(0),
            Self::DriverFile => Some(file_object::EVENT),
            Self::Device | Self::SymbolicLink | Self::Directory | Self::Module => None,
            Self::Enumerator | Self::Session => None,
        }
    }

    /// The kind that titles see, if different.
    pub fn seen_as(self) -> Option<Self> {
        match self {
            Self::Session => Some(Self::Enumerator),
            Self::DriverFile => Some(Self::File),
            _ => None,
        }
    }

    /// The pool tag of the kind's object type: four characters.
    pub fn tag(self) -> u32 {
        u32::from_be_bytes(match self {
            Self::Event => *b"vevE",
            Self::Semaphore => *b"ameS",
            Self::Mutant => *b"atuM",
            Self::Timer => *b"emiT",
            Self::Thread => *b"erhT",
            Self::File | Self::DriverFile => *b"eliF",
            Self::Device => *b"iveD",
            Self::IoCompletion => *b"pmoC",
            Self::SymbolicLink => *b"mybS",
            Self::Directory => *b"eriD",
            Self::Module => *b"udoM",
            Self::Enumerator => *b"munE",
            Self::Listener => *b"tsiL",
            Self::Session => *b"sseS",
        })
    }

    /// The variable by which titles know the kind's type.
    pub fn type_variable(self) -> Option<&'static str> {
        Some(match self {
            Self::Event => "ExEventObjectType",
            Self::Semaphore => "ExSemaphoreObjectType",
            Self::Mutant => "ExMutantObjectType",
            Self::Timer => "ExTimerObjectType",
            Self::Thread => "ExThreadObjectType",
            Self::File => "IoFileObjectType",
            Self::Device => "IoDeviceObjectType",
            Self::IoCompletion => "IoCompletionObjectType",
            Self::SymbolicLink => "ObSymbolicLinkObjectType",
            Self::Directory => "ObDirectoryObjectType",
            Self::Module | Self::Enumerator | Self::Listener => return None,
            Self::Session | Self::DriverFile => return None,
        })
    }
}
