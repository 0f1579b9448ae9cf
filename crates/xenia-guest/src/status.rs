//! Status values that exports return: `NtStatus` for the kernel, `Win32Error` and `HResult` for
//! xam.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($code:ident = $value:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[repr(transparent)]
        pub struct $name(pub u32);

        #[allow(missing_docs)] // the names are the documentation
        impl $name {
            $(pub const $code: Self = Self($value);)*

            /// The symbolic name of the value, if it is a known one.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some(stringify!($code)),)*
                    _ => None,
                }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.name() {
                    Some(name) => f.write_str(name),
                    None => write!(f, "{:#010x}", self.0),
                }
            }
        }
    };
}

codes! {
    /// An NT status value. The top two bits are the severity.
    NtStatus {
        SUCCESS = 0x00000000;
        ABANDONED_WAIT_0 = 0x00000080;
        USER_APC = 0x000000C0;
        ALERTED = 0x00000101;
        TIMEOUT = 0x00000102;
        PENDING = 0x00000103;
        OBJECT_NAME_EXISTS = 0x40000000;
        NO_YIELD_PERFORMED = 0x40000024;
        TIMER_RESUME_IGNORED = 0x40000025;
        GUARD_PAGE_VIOLATION = 0x80000001;
        DATATYPE_MISALIGNMENT = 0x80000002;
        BREAKPOINT = 0x80000003;
        BUFFER_OVERFLOW = 0x80000005;
        NO_MORE_FILES = 0x80000006;
        NO_MORE_ENTRIES = 0x8000001A;
        UNSUCCESSFUL = 0xC0000001;
        NOT_IMPLEMENTED = 0xC0000002;
        INVALID_INFO_CLASS = 0xC0000003;
        INFO_LENGTH_MISMATCH = 0xC0000004;
        ACCESS_VIOLATION = 0xC0000005;
        INVALID_HANDLE = 0xC0000008;
        INVALID_PARAMETER = 0xC000000D;
        NO_SUCH_DEVICE = 0xC000000E;
        NO_SUCH_FILE = 0xC000000F;
        END_OF_FILE = 0xC0000011;
        INVALID_DEVICE_REQUEST = 0xC0000010;
        NO_MEMORY = 0xC0000017;
        CONFLICTING_ADDRESSES = 0xC0000018;
        UNABLE_TO_FREE_VM = 0xC000001A;
        ILLEGAL_INSTRUCTION = 0xC000001D;
        ALREADY_COMMITTED = 0xC0000021;
        ACCESS_DENIED = 0xC0000022;
        BUFFER_TOO_SMALL = 0xC0000023;
        OBJECT_TYPE_MISMATCH = 0xC0000024;
        NONCONTINUABLE_EXCEPTION = 0xC0000025;
        INVALID_DISPOSITION = 0xC0000026;
        UNWIND = 0xC0000027;
        INVALID_UNWIND_TARGET = 0xC0000029;
        NOT_COMMITTED = 0xC000002D;
        OBJECT_NAME_INVALID = 0xC0000033;
        OBJECT_NAME_NOT_FOUND = 0xC0000034;
        OBJECT_NAME_COLLISION = 0xC0000035;
        OBJECT_PATH_NOT_FOUND = 0xC000003A;
        OBJECT_PATH_SYNTAX_BAD = 0xC000003B;
        SHARING_VIOLATION = 0xC0000043;
        INVALID_PAGE_PROTECTION = 0xC0000045;
        MUTANT_NOT_OWNED = 0xC0000046;
        SEMAPHORE_LIMIT_EXCEEDED = 0xC0000047;
        SUSPEND_COUNT_EXCEEDED = 0xC000004A;
        THREAD_IS_TERMINATING = 0xC000004B;
        DELETE_PENDING = 0xC0000056;
        REVISION_MISMATCH = 0xC0000059;
        PROCEDURE_NOT_FOUND = 0xC000007A;
        INVALID_IMAGE_FORMAT = 0xC000007B;
        DISK_FULL = 0xC000007F;
        FLOAT_DIVIDE_BY_ZERO = 0xC000008E;
        FLOAT_INEXACT_RESULT = 0xC000008F;
        FLOAT_INVALID_OPERATION = 0xC0000090;
        FLOAT_OVERFLOW = 0xC0000091;
        FLOAT_UNDERFLOW = 0xC0000093;
        INTEGER_DIVIDE_BY_ZERO = 0xC0000094;
        INTEGER_OVERFLOW = 0xC0000095;
        PRIVILEGED_INSTRUCTION = 0xC0000096;
        INSUFFICIENT_RESOURCES = 0xC000009A;
        DEVICE_NOT_CONNECTED = 0xC000009D;
        FREE_VM_NOT_AT_BASE = 0xC000009F;
        MEMORY_NOT_ALLOCATED = 0xC00000A0;
        FILE_IS_A_DIRECTORY = 0xC00000BA;
        NOT_SUPPORTED = 0xC00000BB;
        NOT_SAME_DEVICE = 0xC00000D4;
        INVALID_PARAMETER_1 = 0xC00000EF;
        INVALID_PARAMETER_2 = 0xC00000F0;
        INVALID_PARAMETER_3 = 0xC00000F1;
        STACK_OVERFLOW = 0xC00000FD;
        DIRECTORY_NOT_EMPTY = 0xC0000101;
        FILE_CORRUPT_ERROR = 0xC0000102;
        NOT_A_DIRECTORY = 0xC0000103;
        PROCESS_IS_TERMINATING = 0xC000010A;
        TOO_MANY_OPENED_FILES = 0xC000011F;
        CANCELLED = 0xC0000120;
        CANNOT_DELETE = 0xC0000121;
        DLL_NOT_FOUND = 0xC0000135;
        ENTRYPOINT_NOT_FOUND = 0xC0000139;
        DLL_INIT_FAILED = 0xC0000142;
        IO_DEVICE_ERROR = 0xC0000185;
        MAPPED_ALIGNMENT = 0xC0000220;
        NOT_FOUND = 0xC0000225;
        DRIVER_ORDINAL_NOT_FOUND = 0xC0000262;
        DRIVER_ENTRYPOINT_NOT_FOUND = 0xC0000263;
    }
}

codes! {
    /// A Win32 error number, which most of xam's exports return.
    Win32Error {
        SUCCESS = 0x00000000;
        FILE_NOT_FOUND = 0x00000002;
        PATH_NOT_FOUND = 0x00000003;
        TOO_MANY_OPEN_FILES = 0x00000004;
        ACCESS_DENIED = 0x00000005;
        INVALID_HANDLE = 0x00000006;
        NOT_ENOUGH_MEMORY = 0x00000008;
        NO_MORE_FILES = 0x00000012;
        NOT_SUPPORTED = 0x00000032;
        INVALID_PARAMETER = 0x00000057;
        DISK_FULL = 0x00000070;
        CALL_NOT_IMPLEMENTED = 0x00000078;
        INSUFFICIENT_BUFFER = 0x0000007A;
        INVALID_NAME = 0x0000007B;
        BAD_ARGUMENTS = 0x000000A0;
        BUSY = 0x000000AA;
        ALREADY_EXISTS = 0x000000B7;
        IO_INCOMPLETE = 0x000003E4;
        IO_PENDING = 0x000003E5;
        DEVICE_NOT_CONNECTED = 0x0000048F;
        NOT_FOUND = 0x00000490;
        CANCELLED = 0x000004C7;
        NOT_LOGGED_ON = 0x000004DD;
        NO_SUCH_USER = 0x00000525;
        FUNCTION_FAILED = 0x0000065B;
        EMPTY = 0x000010D2;
        WSASYSNOTREADY = 0x0000276B;
    }
}

codes! {
    /// An `HRESULT`. The top bit marks a failure.
    HResult {
        OK = 0x00000000;
        NOT_IMPLEMENTED = 0x80004001;
        FAIL = 0x80004005;
        OUT_OF_MEMORY = 0x8007000E;
        INVALID_ARGUMENT = 0x80070057;
        NO_SUCH_USER = 0x80070525;
    }
}

impl NtStatus {
    /// The value in a 64-bit register: sign-extended.
    pub const fn to_register(self) -> u64 {
        self.0 as i32 as i64 as u64
    }

    /// Whether the status means success or information (top bit clear).
    pub const fn is_success(self) -> bool {
        self.0 & 0x8000_0000 == 0
    }

    /// Whether the status is of severity 3, an error; warnings are neither that nor success.
    pub const fn is_error(self) -> bool {
        self.0 >> 30 == 3
    }
}

impl Win32Error {
    /// Converts the error to an `HRESULT` (facility Win32); a value that already is an `HRESULT` is
    /// unchanged.
    pub const fn to_hresult(self) -> HResult {
        match self.0 {
            0 => HResult::OK,
            failure if failure & 0x8000_0000 != 0 => HResult(failure),
            error => HResult(0x8007_0000 | (error & 0xFFFF)),
        }
    }
}

impl HResult {
    /// The value in a 64-bit register: sign-extended.
    pub const fn to_register(self) -> u64 {
        self.0 as i32 as i64 as u64
    }

    /// Whether the value is a failure (top bit set).
    pub const fn is_failure(self) -> bool {
        self.0 & 0x8000_0000 != 0
    }
}
