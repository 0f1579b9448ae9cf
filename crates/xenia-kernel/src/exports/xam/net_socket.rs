//! Winsock's sockets (`NetDll_*`): from start to end, addresses, options, connections.
//!
//! The first argument is who calls, the title or the system; all have one network.

use super::last_error::last_error;
use crate::Kernel;
use crate::abi::{Buffer, Call, Flow, Ptr, Text};
use crate::net::address::{self, Place};
use crate::net::{OptionValue, What, WsaError, answer, is_linger, set_last_error};
use crate::ports::SocketKind;
use crate::status::failure::Fallible;
use std::net::SocketAddrV4;
use xenia_guest::{GuestAddr, Win32Error};
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct NetSocket;

/// Offset of a `WSADATA`'s pointer to what a vendor says, its last word, which stays as it is.
const DATA_VENDOR: u32 = 0x18C;
/// The newest version of Winsock.
const NEWEST: u16 = 0x0202;
/// Sockets that Winsock says there are for sure.
const SOCKETS: u16 = 64;

/// Protocols.
const TCP: u32 = 6;
const UDP: u32 = 17;
/// The console's own: messages with a part that is not encrypted.
const VDP: u32 = 254;

/// Commands of `ioctlsocket`.
const IS_NON_BLOCKING: u32 = 0x8004_667E;
const AVAILABLE: u32 = 0x4004_667F;

fn start(call: &mut Call, version: u16, data: Option<GuestAddr>) -> Result<(), WsaError> {
    let (major, minor) = (version & 0xFF, version >> 8);
    if major == 0 {
        return Err(WsaError::VERSION_NOT_SUPPORTED);
    }
    let data = data.ok_or(WsaError::FAULT)?;
    let memory = call.memory();
    let used = if (major, minor) < (2, 2) { version } else { NEWEST };
    memory.fill(data, DATA_VENDOR, 0)?;
    memory.write(data, used)?;
    memory.write(data.offset(2), NEWEST)?;
    memory.write_bytes(data.offset(4), b"Winsock")?;
    memory.write_bytes(data.offset(0x105), b"Running")?;
    memory.write(data.offset(0x186), SOCKETS)?;
    memory.write(data.offset(0x188), crate::net::DATAGRAM_LIMIT as u16)?;
    call.kernel.net.lock().start();
    Ok(())
}

/// An error, or 0.
fn win32(result: Result<(), WsaError>) -> Win32Error {
    Win32Error(result.err().map_or(0, |error| error.0))
}

/// Does something that returns no value.
fn change(call: &mut Call, change: impl FnOnce(&mut crate::net::Net) -> Result<(), WsaError>) -> i32 {
    let result = Kernel::change_sockets(call, change).map(|()| 0);
    answer(call, result)
}

fn store_name(
    call: &Call,
    place: Place,
    of: impl FnOnce(&crate::net::Net) -> Result<SocketAddrV4, WsaError>,
) -> i32 {
    let found = of(&call.kernel.net.lock());
    let stored = found.and_then(|address| {
        if place.at.is_null() {
            return Err(WsaError::FAULT);
        }
        place.store(call.memory(), address)
    });
    answer(call, stored.map(|()| 0))
}

fn set_option(
    call: &mut Call,
    socket: u32,
    level: u32,
    option: u32,
    value: GuestAddr,
    length: u32,
) -> Result<(), WsaError> {
    let memory = call.memory();
    let value = match length {
        _ if value.is_null() => return Err(WsaError::FAULT),
        0 => return Err(WsaError::FAULT),
        1..4 => OptionValue::Word(u32::from(memory.read::<u8>(value)?)),
        _ if is_linger(level, option) => {
            OptionValue::Linger(memory.read(value)?, memory.read(value.offset(2))?)
        }
        _ => OptionValue::Word(memory.read(value)?),
    };
    // A larger buffer is room for whoever waits to send.
    Kernel::change_sockets(call, |net| net.set_option(socket, level, option, value))
}

fn option(
    call: &Call,
    (socket, level, option): (u32, u32, u32),
    value: GuestAddr,
    length: Option<Ptr<u32>>,
) -> Result<(), WsaError> {
    let memory = call.memory();
    let length = length.ok_or(WsaError::FAULT)?;
    if value.is_null() || length.read(memory)? < 4 {
        return Err(WsaError::FAULT);
    }
    match call.kernel.net.lock().option(socket, level, option)? {
        OptionValue::Word(word) => memory.write(value, word)?,
        OptionValue::Linger(on, seconds) => {
            memory.write(value, on)?;
            memory.write(value.offset(2), seconds)?;
        }
    }
    length.write(memory, 4)?;
    Ok(())
}

#[exports(xam)]
impl NetSocket {
    /// Begins with Winsock, of which there is each version up to 2.2.
    #[export(Done)]
    fn NetDll_WSAStartup(call: &mut Call, _caller: u32, version: u16, data: Option<GuestAddr>) -> Win32Error {
        let started = start(call, version, data);
        win32(started)
    }

    /// As `NetDll_WSAStartup`, for a title that says which version of the system it was made for,
    /// which changes nothing.
    #[export(Done)]
    fn NetDll_WSAStartupEx(
        call: &mut Call,
        _caller: u32,
        version: u16,
        data: Option<GuestAddr>,
        _system: u32,
    ) -> Win32Error {
        let started = start(call, version, data);
        win32(started)
    }

    /// Ends with Winsock; the last end closes all sockets.
    #[export(Done)]
    fn NetDll_WSACleanup(call: &mut Call, _caller: u32) -> i32 {
        change(call, crate::net::Net::end)
    }

    /// The calling thread's last error.
    #[export(Done)]
    fn NetDll_WSAGetLastError(call: &mut Call) -> Fallible<Win32Error> {
        last_error(call)
    }

    /// Sets the calling thread's last error.
    #[export(Done)]
    fn NetDll_WSASetLastError(call: &mut Call, error: u32) -> Fallible<()> {
        Ok(call.set_last_error(error)?)
    }

    /// Makes a socket: TCP, UDP, or the console's VDP, whose messages go as they are.
    #[export(Done)]
    fn NetDll_socket(call: &mut Call, _caller: u32, family: u32, kind: u32, protocol: u32) -> i32 {
        let kind = match (family, kind, protocol) {
            (2, 1, 0 | TCP) => Ok(SocketKind::Stream),
            (2, 2, 0 | UDP | VDP) => Ok(SocketKind::Datagram),
            (2, 1 | 2, _) => Err(WsaError::PROTOCOL_NOT_SUPPORTED),
            (2, ..) => Err(WsaError::SOCKET_NOT_SUPPORTED),
            _ => Err(WsaError::FAMILY_NOT_SUPPORTED),
        };
        let socket = kind.and_then(|kind| call.kernel.net.lock().open(kind));
        answer(call, socket.map(|socket| socket as i32))
    }

    /// Closes a socket. Who waits for it is told so; what was sent still arrives.
    #[export(Done)]
    fn NetDll_closesocket(call: &mut Call, _caller: u32, socket: u32) -> i32 {
        change(call, |net| net.close(socket))
    }

    /// Ends receiving (0), sending (1) or both (2).
    #[export(Done)]
    fn NetDll_shutdown(call: &mut Call, _caller: u32, socket: u32, how: u32) -> i32 {
        change(call, |net| net.shutdown(socket, how))
    }

    /// Says whether calls wait for a socket (`FIONBIO`), or stores how many bytes one receive would
    /// get (`FIONREAD`).
    #[export(Done)]
    fn NetDll_ioctlsocket(
        call: &mut Call,
        _caller: u32,
        socket: u32,
        command: u32,
        argument: Option<Ptr<u32>>,
    ) -> i32 {
        let memory = call.memory();
        let done = argument.ok_or(WsaError::FAULT).and_then(|argument| {
            let mut net = call.kernel.net.lock();
            match command {
                IS_NON_BLOCKING => net.set_waits(socket, argument.read(memory)? == 0),
                AVAILABLE => Ok(argument.write(memory, net.available(socket)?)?),
                _ => Err(WsaError::INVALID),
            }
        });
        answer(call, done.map(|()| 0))
    }

    /// Sets an option: those of Winsock that change something, and the console's own for what is
    /// not encrypted, which all sockets here receive.
    #[export(Done)]
    fn NetDll_setsockopt(
        call: &mut Call,
        _caller: u32,
        socket: u32,
        level: u32,
        option: u32,
        value: GuestAddr,
        length: u32,
    ) -> i32 {
        let set = set_option(call, socket, level, option, value, length);
        answer(call, set.map(|()| 0))
    }

    /// Stores an option's value.
    #[export(Done)]
    fn NetDll_getsockopt(
        call: &mut Call,
        _caller: u32,
        socket: u32,
        level: u32,
        name: u32,
        value: GuestAddr,
        length: Option<Ptr<u32>>,
    ) -> i32 {
        answer(call, option(call, (socket, level, name), value, length).map(|()| 0))
    }

    /// Stores a socket's own address.
    #[export(Done)]
    fn NetDll_getsockname(call: &mut Call, _caller: u32, socket: u32, place: Place) -> i32 {
        store_name(call, place, |net| net.local(socket))
    }

    /// Stores the address that a socket is connected to.
    #[export(Done)]
    fn NetDll_getpeername(call: &mut Call, _caller: u32, socket: u32, place: Place) -> i32 {
        store_name(call, place, |net| net.remote(socket))
    }

    /// Gives a socket an address; port 0 is any.
    #[export(Done)]
    fn NetDll_bind(call: &mut Call, _caller: u32, socket: u32, name: Buffer) -> i32 {
        let bound = address::read(call.memory(), name)
            .and_then(|address| call.kernel.net.lock().bind(socket, address));
        answer(call, bound.map(|()| 0))
    }

    /// Connects, and waits until that is done or refused.
    #[export(Done)]
    fn NetDll_connect(call: &mut Call, _caller: u32, socket: u32, name: Buffer) -> Flow<i32> {
        let begun = match address::read(call.memory(), name) {
            Ok(address) => Kernel::change_sockets(call, |net| {
                let begun = net.connect(socket, address);
                (begun, net.waits(socket))
            }),
            Err(error) => (Err(error), false),
        };
        match begun {
            (Err(WsaError::WOULD_BLOCK), true) => Kernel::socket_call(call, socket, What::Connect),
            (begun, _) => Flow::Return(answer(call, begun.map(|()| 0))),
        }
    }

    /// Lets a socket take connections.
    #[export(Done)]
    fn NetDll_listen(call: &mut Call, _caller: u32, socket: u32, backlog: u32) -> i32 {
        change(call, |net| net.listen(socket, backlog))
    }

    /// Takes a connection, and waits for one.
    #[export(Done)]
    fn NetDll_accept(call: &mut Call, _caller: u32, socket: u32, place: Place) -> Flow<i32> {
        Kernel::socket_call(call, socket, What::Accept(place))
    }

    /// An address that is written as text, in network order: `INADDR_NONE` for what is none.
    #[export(Done)]
    fn NetDll_inet_addr(call: &mut Call, text: Option<Text>) -> Fallible<u32> {
        let Some(text) = text else { return Ok(address::NONE) };
        Ok(address::parse(&text.bytes(call.memory())?))
    }

    /// Whether a socket is in a set.
    #[export(Done)]
    fn NetDll___WSAFDIsSet(call: &mut Call, socket: u32, set: GuestAddr) -> bool {
        match crate::net::Set::read(call.memory(), set) {
            Ok(set) => set.has(socket),
            Err(error) => {
                set_last_error(call, error);
                false
            }
        }
    }
}
