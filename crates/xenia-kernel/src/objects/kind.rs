//! Kinds of objects.

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// Manual or auto-reset event.
    Event,
    /// Counting semaphore.
    Semaphore,
    /// Mutual exclusion with an owner.
    Mutant,
    /// One-shot or periodic timer.
    Timer,
    /// Guest thread.
    Thread,
    /// Open file, directory or volume.
    File,
    /// Device that files are on.
    Device,
    /// Queue of I/O completions.
    IoCompletion,
    /// Symbolic link.
    SymbolicLink,
    /// Directory of names.
    Directory,
    /// Loaded module.
    Module,
    /// List being enumerated.
    Enumerator,
    /// Listener to system notifications.
    Listener,
    /// What is played together.
    Session,
}

impl ObjectKind {
    /// All kinds.
    pub const ALL: [Self; 14] = [
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
    ];

    /// Whether bodies of the kind begin with a dispatcher header here, so that a wait can be for
    /// them.
    pub fn begins_with_header(self) -> bool {
        match self {
            Self::Event | Self::Semaphore | Self::Mutant | Self::Timer | Self::Thread => true,
            Self::File | Self::IoCompletion | Self::Listener => true,
            Self::Device | Self::SymbolicLink | Self::Directory | Self::Module => false,
            Self::Enumerator | Self::Session => false,
        }
    }

    /// The pool tag of its object type: four characters.
    pub fn tag(self) -> u32 {
        u32::from_be_bytes(match self {
            Self::Event => *b"vevE",
            Self::Semaphore => *b"ameS",
            Self::Mutant => *b"atuM",
            Self::Timer => *b"emiT",
            Self::Thread => *b"erhT",
            Self::File => *b"eliF",
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

    /// The variable that titles know its type by.
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
            Self::Module | Self::Enumerator | Self::Listener | Self::Session => return None,
        })
    }
}
