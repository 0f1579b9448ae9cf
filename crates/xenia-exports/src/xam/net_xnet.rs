//! XNet (`NetDll_XNet*`): the console's address, session keys, other consoles, name look-ups.
//!
//! The console is on an isolated network, or on the host's; there is no online service. Data is not
//! encrypted, so keys are stored but not used.

use crate::abi::{Call, Flow, Handle, OptionalOut, Out, Ptr, Text};
use crate::messages::NOT_LOGGED_ON;
use crate::objects::ObjectKind;
use crate::random::store_random;
use crate::sockets::{self, hold_event};
use crate::status::failure::Fallible;
use crate::turns::{TURN, repeat};
use crate::xboxkrnl::xex::has_privilege;
use std::net::Ipv4Addr;
use xenia_guest::{Buffer, GuestAddr, HResult, Win32Error};
use xenia_kernel_macros::exports;
use xenia_net::{
    KeyId, LOOKUP_SIZE, Lookups, Net, PARAMETERS_SIZE, WsaError, XNADDR_SIZE, XNet, XnAddr, begin_lookup,
};

/// Exports of XNet.
pub struct NetXNet;

/// Kinds of the console's address: none, or a static Ethernet address.
const ADDRESS_NONE: u32 = 1;
const ADDRESS_STATIC: u32 = 2 | 4;
/// State of the link: active, 100 Mbit/s, full duplex.
const LINK_UP: u32 = 1 | 2 | 8;
/// States of a connection with another console.
const IDLE: u32 = 0;
const CONNECTED: u32 = 2;
const LOST: u32 = 3;
/// The option that contains the start-up parameters.
const START_PARAMETERS: u32 = 1;
/// Privilege of titles that may choose the system-link port.
const CROSS_PLATFORM: u32 = 14;
/// The platform in a console's address.
const XBOX_360: u32 = 1;

/// Reads an argument of `N` bytes.
pub(super) fn bytes<const N: usize>(call: &Call, at: Option<GuestAddr>) -> Result<[u8; N], WsaError> {
    let mut bytes = [0; N];
    call.memory().read_bytes(at.ok_or(WsaError::FAULT)?, &mut bytes)?;
    Ok(bytes)
}

/// Converts a result to a Win32 error.
pub(super) fn win32(result: Result<(), WsaError>) -> Win32Error {
    Win32Error(result.err().map_or(0, |error| error.0))
}

/// Returns the value of an option of `XNetGetOpt`. The traffic is first that of the network
/// interface, then that of the title since the last `XNetCleanup`.
fn option_bytes(xnet: &XNet, option: u32) -> Option<Vec<u8>> {
    let traffic = if option < 6 { xnet.traffic() } else { xnet.traffic_since_cleanup() };
    Some(match option {
        START_PARAMETERS => xnet.parameters().to_vec(),
        2 | 6 => traffic.sent.bytes.to_be_bytes().to_vec(),
        3 | 7 => traffic.sent.frames.to_be_bytes().to_vec(),
        4 | 8 => traffic.received.bytes.to_be_bytes().to_vec(),
        5 | 9 => traffic.received.frames.to_be_bytes().to_vec(),
        _ => return None,
    })
}

fn start(call: &Call, parameters: Option<GuestAddr>) -> Result<(), WsaError> {
    let parameters =
        if parameters.is_some() { Some(bytes::<PARAMETERS_SIZE>(call, parameters)?) } else { None };
    call.kernel.net.lock().xnet.start(parameters)
}

fn look_up(
    call: &mut Call,
    name: Option<Text>,
    event: Handle,
    result: Option<Out<GuestAddr>>,
) -> Result<(), WsaError> {
    let (Some(name), Some(result)) = (name, result) else { return Err(WsaError::INVALID) };
    let name = name.text(call.memory())?;
    let kernel = call.kernel;
    let event = if event == Handle::NULL {
        None
    } else {
        Some(kernel.objects.resolve_kind(event, ObjectKind::Event)?)
    };
    result.set(&kernel.memory, GuestAddr::NULL)?;
    let room = kernel.net.lock().xnet.room();
    if room == Lookups::Full {
        return Err(WsaError::NO_BUFFERS);
    }
    let at = kernel.pool.allocate(LOOKUP_SIZE)?;
    let begun = begin_lookup(&kernel.memory, at).map_err(WsaError::from).and_then(|()| {
        let event = match &event {
            Some(event) => {
                kernel.dispatcher.reset_event(&kernel.memory, event.body())?;
                hold_event(&kernel.objects, event.body())
            }
            None => None,
        };
        sockets::change(call, |net| match net.xnet.room() {
            // Another thread has taken the last place meanwhile.
            Lookups::Full => Err(WsaError::NO_BUFFERS),
            Lookups::Room => {
                result.set(&kernel.memory, at)?;
                net.xnet.look_up(at, name, event);
                Ok(())
            }
        })
    });
    if begun.is_err() {
        kernel.pool.release(at)?;
    }
    begun
}

#[exports(xam)]
impl NetXNet {
    /// Starts XNet. Its parameters are stored but do not limit the sockets.
    #[export(Done)]
    fn NetDll_XNetStartup(call: &mut Call, _caller: u32, parameters: Option<GuestAddr>) -> Win32Error {
        win32(start(call, parameters))
    }

    /// Like `NetDll_XNetStartup`, with the version of the system that the title was built for,
    /// which has no effect.
    #[export(Done)]
    fn NetDll_XNetStartupEx(
        call: &mut Call,
        _caller: u32,
        parameters: Option<GuestAddr>,
        _system: u32,
    ) -> Win32Error {
        win32(start(call, parameters))
    }

    /// Ends the use of XNet: drops keys and addresses.
    #[export(Done)]
    fn NetDll_XNetCleanup(call: &mut Call, _caller: u32) -> Win32Error {
        call.kernel.net.lock().xnet.end();
        Win32Error::SUCCESS
    }

    /// Stores random bytes. The sequence depends only on the time at which the run begins.
    #[export(Done)]
    fn NetDll_XNetRandom(call: &mut Call, _caller: u32, out: Buffer) -> Flow<Win32Error> {
        let (now, left) = out.split(TURN);
        if let Err(fault) = store_random(&call.kernel.random, call.memory(), now.at, now.length) {
            return Flow::Return(win32(Err(fault.into())));
        }
        repeat(call, Win32Error::SUCCESS, left.length, 4, left.arguments())
    }

    /// Creates the key of a system-link session, and its id.
    #[export(Done)]
    fn NetDll_XNetCreateKey(
        call: &mut Call,
        _caller: u32,
        id: Option<GuestAddr>,
        key: Option<GuestAddr>,
    ) -> Win32Error {
        let (Some(id), Some(key)) = (id, key) else { return win32(Err(WsaError::FAULT)) };
        let random = &call.kernel.random;
        let made = store_random(random, call.memory(), id, 8)
            .and_then(|()| store_random(random, call.memory(), key, 16))
            // The first bits of an id are its kind; 0 is system link.
            .and_then(|()| call.memory().write(id, 0_u8));
        win32(made.map_err(WsaError::from))
    }

    /// Registers the key of a session.
    #[export(Done)]
    fn NetDll_XNetRegisterKey(
        call: &mut Call,
        _caller: u32,
        id: Option<GuestAddr>,
        key: Option<GuestAddr>,
    ) -> Win32Error {
        let taken = bytes::<8>(call, id)
            .and_then(|id| call.kernel.net.lock().xnet.register_key(id, bytes(call, key)?));
        win32(taken)
    }

    /// Unregisters the key of a session, and removes the addresses of its consoles.
    #[export(Done)]
    fn NetDll_XNetUnregisterKey(call: &mut Call, _caller: u32, id: Option<GuestAddr>) -> Win32Error {
        win32(bytes::<8>(call, id).and_then(|id| call.kernel.net.lock().xnet.unregister_key(id)))
    }

    /// Replaces one session's key by another.
    #[export(Done)]
    fn NetDll_XNetReplaceKey(
        call: &mut Call,
        _caller: u32,
        old: Option<GuestAddr>,
        new: Option<GuestAddr>,
    ) -> Win32Error {
        let replaced = bytes::<8>(call, old)
            .and_then(|old| call.kernel.net.lock().xnet.replace_key(old, bytes(call, new)?));
        win32(replaced)
    }

    /// Returns an IP address that represents a console. The key is stored but not used; consoles
    /// outside this network are not reachable.
    #[export(Partial)]
    fn NetDll_XNetXnAddrToInAddr(
        call: &mut Call,
        _caller: u32,
        address: Option<GuestAddr>,
        id: Option<GuestAddr>,
        result: Option<Out<u32>>,
    ) -> Win32Error {
        let made = (|| {
            let result = result.ok_or(WsaError::FAULT)?;
            let address: XnAddr = bytes(call, address)?;
            let id: KeyId = if id.is_some() { bytes(call, id)? } else { KeyId::default() };
            let ip = call.kernel.net.lock().associate(address, id)?;
            Ok(result.set(call.memory(), u32::from(ip))?)
        })();
        win32(made)
    }

    /// Returns an IP address for a server of the online service: there is no service, and no route.
    #[export(Constant, NetDll_XNetServerToInAddr)]
    /// Like `NetDll_XNetServerToInAddr`, for a title's own server.
    #[export(Constant, NetDll_XNetTsAddrToInAddr)]
    fn address_of_server(_call: &mut Call, _caller: u32, _server: u32, _service: u32) -> Win32Error {
        win32(Err(WsaError::HOST_UNREACHABLE))
    }

    /// Returns the server of the online service with an IP address: no address belongs to a server.
    #[export(Constant)]
    fn NetDll_XNetInAddrToServer(_call: &mut Call, _caller: u32, _ip: u32, _server: GuestAddr) -> Win32Error {
        win32(Err(WsaError::INVALID))
    }

    /// Returns the id of the title that logs on to a service: the running title's.
    #[export(Done)]
    fn XNetLogonGetTitleID(call: &mut Call, _service: u32) -> u32 {
        call.kernel.title_id()
    }

    /// Returns the console's id in the online service: a console that is not logged on has none,
    /// and 0 is stored.
    #[export(Constant)]
    fn XNetLogonGetMachineID(call: &mut Call, id: Option<Out<u64>>) -> Fallible<HResult> {
        id.set(call.memory(), 0)?;
        Ok(NOT_LOGGED_ON)
    }

    /// Returns the console that an IP address represents, and its session's key. A console that the
    /// title has not looked up counts as a member of its only session.
    #[export(Partial)]
    fn NetDll_XNetInAddrToXnAddr(
        call: &mut Call,
        _caller: u32,
        ip: u32,
        address: Option<GuestAddr>,
        id: Option<GuestAddr>,
    ) -> Win32Error {
        let sessions = call.kernel.user.sessions.lock().ids();
        let found = call.kernel.net.lock().console_at(Ipv4Addr::from(ip), &sessions);
        let stored = found.and_then(|(found, key)| {
            if let Some(address) = address {
                call.memory().write_bytes(address, &found)?;
            }
            if let Some(id) = id {
                call.memory().write_bytes(id, &key)?;
            }
            Ok(())
        });
        win32(stored)
    }

    /// Returns an IP address as text.
    #[export(Done)]
    fn NetDll_XNetInAddrToString(
        call: &mut Call,
        _caller: u32,
        ip: u32,
        text: Option<GuestAddr>,
        size: u32,
    ) -> Win32Error {
        let mut bytes = Ipv4Addr::from(ip).to_string().into_bytes();
        bytes.push(0);
        let stored = match text {
            Some(text) if bytes.len() as u64 <= u64::from(size) => {
                call.memory().write_bytes(text, &bytes).map_err(WsaError::from)
            }
            Some(_) => Err(WsaError::MESSAGE_SIZE),
            None => Err(WsaError::FAULT),
        };
        win32(stored)
    }

    /// Removes the association of an IP address with a console.
    #[export(Done, NetDll_XNetUnregisterInAddr, Net::unregister_address)]
    /// Starts a connection to a console. There is no key exchange, so it is established at once.
    #[export(Partial, NetDll_XNetConnect, Net::connect_console)]
    fn change_console(
        call: &mut Call,
        change: fn(&mut Net, Ipv4Addr, &[KeyId]) -> Result<(), WsaError>,
        _caller: u32,
        ip: u32,
    ) -> Win32Error {
        let sessions = call.kernel.user.sessions.lock().ids();
        win32(change(&mut call.kernel.net.lock(), Ipv4Addr::from(ip), &sessions))
    }

    /// Returns the id that the online service has for a console: there is none.
    #[export(Constant)]
    fn NetDll_XNetXnAddrToMachineId(
        call: &mut Call,
        _caller: u32,
        _address: Option<GuestAddr>,
        machine: Option<Out<u64>>,
    ) -> Win32Error {
        let stored = machine.ok_or(WsaError::FAULT).and_then(|machine| Ok(machine.set(call.memory(), 0)?));
        win32(stored.and(Err(WsaError::INVALID)))
    }

    /// Returns the state of the connection to a console; unknown ones are lost. If the title has
    /// just one session, an address that was not looked up counts as a connected member.
    #[export(Partial)]
    fn NetDll_XNetGetConnectStatus(call: &mut Call, _caller: u32, ip: u32) -> u32 {
        let sessions = call.kernel.user.sessions.lock().ids();
        match call.kernel.net.lock().is_connected(Ipv4Addr::from(ip), &sessions) {
            Some(true) => CONNECTED,
            Some(false) => IDLE,
            None => LOST,
        }
    }

    /// Looks up a host's addresses, and signals an event when the answer, even a negative one, is
    /// available.
    #[export(Done)]
    fn NetDll_XNetDnsLookup(
        call: &mut Call,
        _caller: u32,
        name: Option<Text>,
        event: Handle,
        result: Option<Out<GuestAddr>>,
    ) -> Win32Error {
        win32(look_up(call, name, event, result))
    }

    /// Releases the result of a look-up, or cancels it.
    #[export(Done)]
    fn NetDll_XNetDnsRelease(call: &mut Call, _caller: u32, at: GuestAddr) -> Win32Error {
        let kernel = call.kernel;
        let taken = kernel.net.lock().xnet.take_lookup(at);
        win32(taken.and_then(|()| Ok(kernel.pool.release(at)?)))
    }

    /// Stores the console's address and returns its kind.
    #[export(Done)]
    fn NetDll_XNetGetTitleXnAddr(call: &mut Call, _caller: u32, address: Option<GuestAddr>) -> Fallible<u32> {
        let (own, has_one) = {
            let net = call.kernel.net.lock();
            (net.own_address(), net.address().is_some())
        };
        if let Some(address) = address {
            call.memory().write_bytes(address, &own)?;
        }
        Ok(if has_one { ADDRESS_STATIC } else { ADDRESS_NONE })
    }

    /// Returns the address of a development kit's second network socket: there is none.
    #[export(Constant)]
    fn NetDll_XNetGetDebugXnAddr(call: &mut Call, _caller: u32, address: Option<GuestAddr>) -> Fallible<u32> {
        if let Some(address) = address {
            call.memory().fill(address, XNADDR_SIZE as u32, 0)?;
        }
        Ok(ADDRESS_NONE)
    }

    /// Returns the state of the network link; 0 without a cable.
    #[export(Done)]
    fn NetDll_XNetGetEthernetLinkStatus(call: &mut Call, _caller: u32) -> u32 {
        if call.kernel.net.lock().has_link() { LINK_UP } else { 0 }
    }

    /// Returns which broadcasts came from consoles with other versions: none.
    #[export(Constant)]
    fn NetDll_XNetGetBroadcastVersionStatus(_call: &mut Call, _caller: u32, _reset: u32) -> u32 {
        0
    }

    /// Returns an option: the start-up parameters, or the traffic.
    #[export(Done)]
    fn NetDll_XNetGetOpt(
        call: &mut Call,
        _caller: u32,
        option: u32,
        value: GuestAddr,
        size: Option<Ptr<u32>>,
    ) -> Win32Error {
        let stored = (|| {
            let memory = call.memory();
            let size = size.ok_or(WsaError::FAULT)?;
            let found = option_bytes(&call.kernel.net.lock().xnet, option).ok_or(WsaError::INVALID)?;
            let room = size.read(memory)?;
            size.write(memory, found.len() as u32)?;
            if (room as usize) < found.len() {
                return Err(WsaError::MESSAGE_SIZE);
            }
            Ok(memory.write_bytes(value, &found)?)
        })();
        win32(stored)
    }

    /// Returns the platform of a console: always this one's.
    #[export(Constant)]
    fn NetDll_XNetGetXnAddrPlatform(
        call: &mut Call,
        _caller: u32,
        _address: Option<GuestAddr>,
        platform: Option<Out<u32>>,
    ) -> Fallible<u32> {
        let Some(platform) = platform else { return Ok(WsaError::INVALID.0) };
        platform.set(call.memory(), XBOX_360)?;
        Ok(0)
    }

    /// Returns the system-link port, for titles that may choose it.
    #[export(Done)]
    fn NetDll_XNetGetSystemLinkPort(
        call: &mut Call,
        _caller: u32,
        port: Option<Out<u16>>,
    ) -> Fallible<Win32Error> {
        if !has_privilege(call, CROSS_PLATFORM)? {
            return Ok(win32(Err(WsaError::ACCESS_DENIED)));
        }
        let Some(port) = port else { return Ok(win32(Err(WsaError::FAULT))) };
        let number = call.kernel.net.lock().xnet.system_link_port;
        port.set(call.memory(), number)?;
        Ok(Win32Error::SUCCESS)
    }

    /// Sets the system-link port, for titles that may choose it.
    #[export(Done)]
    fn NetDll_XNetSetSystemLinkPort(call: &mut Call, _caller: u32, port: u16) -> Fallible<Win32Error> {
        if !has_privilege(call, CROSS_PLATFORM)? {
            return Ok(win32(Err(WsaError::ACCESS_DENIED)));
        }
        call.kernel.net.lock().xnet.system_link_port = port;
        Ok(Win32Error::SUCCESS)
    }
}
