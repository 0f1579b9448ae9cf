//! Winsock sockets (`NetDll_*`): start-up and clean-up, addresses, options, connections.
//!
//! The first argument is the caller, the title or the system; both share one network.

use super::last_error::last_error;
use super::net_xnet::win32;
use crate::abi::{Call, Flow, Ptr, Text};
use crate::sockets::{self, answer, set_last_error};
use crate::status::failure::Fallible;
use std::net::SocketAddrV4;
use xenia_guest::{Buffer, GuestAddr, Win32Error};
use xenia_kernel_macros::exports;
use xenia_net::address::{self, AddressOutput};
use xenia_net::{Net, OptionValue, SocketKind, SocketOperation, WsaError, is_linger};

/// Exports of sockets.
pub struct NetSocket;

/// Offset of the vendor pointer in a `WSADATA`; this last word is left unchanged.
const DATA_VENDOR: u32 = 0x18C;
/// The newest supported version of Winsock.
const NEWEST: u16 = 0x0202;
/// Number of sockets that Winsock guarantees.
const SOCKETS: u16 = 64;

/// Numbers of the protocols.
const TCP: u32 = 6;
const UDP: u32 = 17;
/// The console's own protocol: datagrams with an unencrypted part.
const VDP: u32 = 254;

/// Commands of `ioctlsocket`.
const IS_NON_BLOCKING: u32 = 0x8004_667E;
const AVAILABLE: u32 = 0x4004_667F;
const IS_AT_MARK: u32 = 0x4004_7307;

fn start(call: &mut Call, version: u16, data: Option<GuestAddr>) -> Result<(), WsaError> {
    let major = version & 0xFF;
    let minor = version >> 8;
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
    memory.write(data.offset(0x188), xenia_net::MAX_DATAGRAM as u16)?;
    call.kernel.net.lock().start();
    Ok(())
}

/// Applies a change without a result value.
fn change(call: &mut Call, change: impl FnOnce(&mut Net) -> Result<(), WsaError>) -> i32 {
    let result = sockets::change(call, change).map(|()| 0);
    answer(call, result)
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
    // A larger buffer can unblock senders.
    sockets::change(call, |net| net.set_option(socket, level, option, value))
}

fn option(
    call: &Call,
    socket: u32,
    level: u32,
    option: u32,
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
    /// Starts Winsock; all versions up to 2.2 are supported.
    #[export(Done)]
    fn NetDll_WSAStartup(call: &mut Call, _caller: u32, version: u16, data: Option<GuestAddr>) -> Win32Error {
        let started = start(call, version, data);
        win32(started)
    }

    /// Like `NetDll_WSAStartup`, with the version of the system that the title was built for, which
    /// has no effect.
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

    /// Ends the use of Winsock; the last call closes all sockets.
    #[export(Done)]
    fn NetDll_WSACleanup(call: &mut Call, _caller: u32) -> i32 {
        change(call, Net::end)
    }

    /// Returns the calling thread's last error.
    #[export(Done)]
    fn NetDll_WSAGetLastError(call: &mut Call) -> Fallible<Win32Error> {
        last_error(call)
    }

    /// Sets the calling thread's last error.
    #[export(Done)]
    fn NetDll_WSASetLastError(call: &mut Call, error: u32) -> Fallible<()> {
        Ok(call.set_last_error(Win32Error(error))?)
    }

    /// Creates a socket: TCP, UDP, or the console's VDP, whose datagrams are sent unchanged.
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

    /// Closes a socket. Calls that wait for it fail; data sent before still arrives.
    #[export(Done)]
    fn NetDll_closesocket(call: &mut Call, _caller: u32, socket: u32) -> i32 {
        change(call, |net| net.close(socket))
    }

    /// Shuts down receiving (0), sending (1) or both (2).
    #[export(Done)]
    fn NetDll_shutdown(call: &mut Call, _caller: u32, socket: u32, how: u32) -> i32 {
        change(call, |net| net.shutdown(socket, how))
    }

    /// Sets whether calls block on a socket (`FIONBIO`), or returns how many bytes one receive
    /// would return (`FIONREAD`), or that no urgent data is waiting (`SIOCATMARK`), since none is
    /// ever received.
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
                IS_NON_BLOCKING => net.set_blocking(socket, argument.read(memory)? == 0),
                AVAILABLE => Ok(argument.write(memory, net.available(socket)?)?),
                IS_AT_MARK => {
                    net.check(socket)?;
                    Ok(argument.write(memory, 1)?)
                }
                _ => Err(WsaError::INVALID),
            }
        });
        answer(call, done.map(|()| 0))
    }

    /// Sets a socket option: Winsock's effective ones, and the console's own for unencrypted data,
    /// which all sockets here receive.
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

    /// Returns the value of a socket option.
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
        answer(call, option(call, socket, level, name, value, length).map(|()| 0))
    }

    /// Returns a socket's local address.
    #[export(Done, NetDll_getsockname, Net::local)]
    /// Returns the address of a socket's peer.
    #[export(Done, NetDll_getpeername, Net::remote)]
    fn store_name(
        call: &mut Call,
        name_of: fn(&Net, u32) -> Result<SocketAddrV4, WsaError>,
        _caller: u32,
        socket: u32,
        place: AddressOutput,
    ) -> i32 {
        let found = name_of(&call.kernel.net.lock(), socket);
        let stored = found.and_then(|address| {
            if place.at.is_null() {
                return Err(WsaError::FAULT);
            }
            place.store(call.memory(), address)
        });
        answer(call, stored.map(|()| 0))
    }

    /// Binds a socket to an address; port 0 selects a free one.
    #[export(Done)]
    fn NetDll_bind(call: &mut Call, _caller: u32, socket: u32, name: Buffer) -> i32 {
        let bound = address::read(call.memory(), name)
            .and_then(|address| call.kernel.net.lock().bind(socket, address));
        answer(call, bound.map(|()| 0))
    }

    /// Connects a socket, and waits until the connection is established or refused.
    #[export(Done)]
    fn NetDll_connect(call: &mut Call, _caller: u32, socket: u32, name: Buffer) -> Flow<i32> {
        let begun = match address::read(call.memory(), name) {
            Ok(address) => sockets::change(call, |net| {
                let begun = net.connect(socket, address);
                (begun, net.is_blocking(socket))
            }),
            Err(error) => (Err(error), false),
        };
        match begun {
            (Err(WsaError::WOULD_BLOCK), true) => sockets::call(call, socket, SocketOperation::Connect),
            (begun, _) => Flow::Return(answer(call, begun.map(|()| 0))),
        }
    }

    /// Makes a socket listen for connections.
    #[export(Done)]
    fn NetDll_listen(call: &mut Call, _caller: u32, socket: u32, backlog: u32) -> i32 {
        change(call, |net| net.listen(socket, backlog))
    }

    /// Accepts a connection, and waits for one.
    #[export(Done)]
    fn NetDll_accept(call: &mut Call, _caller: u32, socket: u32, place: AddressOutput) -> Flow<i32> {
        sockets::call(call, socket, SocketOperation::Accept(place))
    }

    /// Converts an address in text form to network byte order; `INADDR_NONE` for invalid text.
    #[export(Done)]
    fn NetDll_inet_addr(call: &mut Call, text: Option<Text>) -> Fallible<u32> {
        let Some(text) = text else { return Ok(address::NONE) };
        Ok(address::parse(&text.bytes(call.memory())?))
    }

    /// Returns whether a socket is in a set.
    #[export(Done)]
    fn NetDll___WSAFDIsSet(call: &mut Call, socket: u32, set: GuestAddr) -> bool {
        match xenia_net::Set::read(call.memory(), set) {
            Ok(set) => set.has(socket),
            Err(error) => {
                set_last_error(call, error);
                false
            }
        }
    }
}
