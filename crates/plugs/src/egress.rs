use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

/// Where this server may connect to and write to on behalf of a shop.
///
/// Shops name hosts and URLs, and a shop is not always who runs the server: without a guard a webhook could read
/// the machine's own services or a cloud's metadata. So every outgoing connection resolves its host here and
/// connects to an address that was checked, never to the name again (a name can change between two look-ups).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Egress {
    /// Also loopback (127.0.0.0/8, ::1), private (RFC 1918, fc00::/7) and carrier (100.64.0.0/10) addresses.
    /// Link-local addresses, with the clouds' metadata service among them, have to be named in `allowed`.
    pub allow_private: bool,
    /// Hosts and networks that are allowed whatever they are.
    pub allowed: Vec<Allowed>,
    /// The folder below which `file` channels may write; without it there are none.
    pub files_root: Option<PathBuf>,
}

/// An exception of [`Egress`], written `relay.lan`, `10.1.2.3`, `10.0.0.0/8` or `fd00::/8`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// A host by its name, in lower case: every address it resolves to.
    Host(String),
    /// A network by its address and the number of leading bits that count.
    Net(IpAddr, u8),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    /// All addresses of the host are out of bounds.
    #[error(
        "{host} is an address inside a private network; whoever runs this server can allow it in the server's \
         egress settings"
    )]
    Private { host: String },
    #[error("{host} is an address that nobody may connect to from here")]
    Special { host: String },
    #[error("the host name {host} has no address")]
    Unresolved { host: String },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Reach {
    Public,
    Private,
    Special,
}

impl Egress {
    /// No bounds on addresses, for tests and for a machine with one shop on it. `file` channels stay off.
    pub fn open() -> Egress {
        Egress {
            allow_private: true,
            allowed: vec![
                Allowed::Net(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0),
                Allowed::Net(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 0),
            ],
            files_root: None,
        }
    }

    /// Whether `address`, found under the name `host`, may be connected to.
    pub fn permits(&self, host: &str, address: IpAddr) -> Result<(), EgressError> {
        let address = address.to_canonical();
        let name = host_name(host);
        let listed = self.allowed.iter().any(|allowed| match allowed {
            Allowed::Host(allowed) => *allowed == name,
            Allowed::Net(net, bits) => contains(*net, *bits, address),
        });
        match reach(address) {
            _ if listed => Ok(()),
            Reach::Public => Ok(()),
            Reach::Private if self.allow_private => Ok(()),
            Reach::Private => Err(EgressError::Private { host: host.to_owned() }),
            Reach::Special => Err(EgressError::Special { host: host.to_owned() }),
        }
    }

    /// The addresses of `host` (a name, or an address with or without brackets) that may be connected to; at least
    /// one. Errors: the name has no address, or none that is allowed.
    pub async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, EgressError> {
        if let Some(address) = literal(host) {
            self.permits(host, address)?;
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let unresolved = || EgressError::Unresolved { host: host.to_owned() };
        let found: Vec<SocketAddr> =
            tokio::net::lookup_host((host, port)).await.map_err(|_| unresolved())?.collect();
        let mut refused = unresolved();
        let mut allowed = Vec::with_capacity(found.len());
        for address in found {
            match self.permits(host, address.ip()) {
                Ok(()) => allowed.push(address),
                Err(error) => refused = error,
            }
        }
        if allowed.is_empty() { Err(refused) } else { Ok(allowed) }
    }

    /// What can be said of a host before any look-up: refuses an address that is out of bounds, passes every name.
    pub fn permits_host(&self, host: &str) -> Result<(), EgressError> {
        literal(host).map_or(Ok(()), |address| self.permits(host, address))
    }
}

impl FromStr for Allowed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some((net, bits)) = text.split_once('/') {
            let net: IpAddr = net.parse().map_err(|_| format!("{text} is no network such as 10.0.0.0/8"))?;
            let bits_max = if net.is_ipv4() { 32 } else { 128 };
            return match bits.parse::<u8>() {
                Ok(bits) if bits <= bits_max => Ok(Allowed::Net(net, bits)),
                _ => Err(format!("{text}: the part after the slash is a number from 0 to {bits_max}")),
            };
        }
        if let Some(address) = literal(text) {
            return Ok(Allowed::Net(address, if address.is_ipv4() { 32 } else { 128 }));
        }
        let name = host_name(text);
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-' || c == '_';
        if name.is_empty() || !name.chars().all(plain) {
            return Err(format!("{text} is no host, address or network"));
        }
        Ok(Allowed::Host(name))
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Allowed::Host(name) => f.write_str(name),
            Allowed::Net(net, bits) => write!(f, "{net}/{bits}"),
        }
    }
}

/// The address that `host` is, when it is no name.
pub(crate) fn literal(host: &str) -> Option<IpAddr> {
    host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host).parse().ok()
}

/// Whether `address` is this machine or one of a private network.
pub(crate) fn is_private(address: IpAddr) -> bool {
    reach(address.to_canonical()) == Reach::Private
}

fn host_name(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

fn contains(net: IpAddr, bits: u8, address: IpAddr) -> bool {
    match (net, address) {
        (IpAddr::V4(net), IpAddr::V4(address)) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            net.to_bits() & mask == address.to_bits() & mask
        }
        (IpAddr::V6(net), IpAddr::V6(address)) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
            net.to_bits() & mask == address.to_bits() & mask
        }
        _ => false,
    }
}

fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(address) => reach_v4(address),
        IpAddr::V6(address) => reach_v6(address),
    }
}

/// By the IANA special-purpose registry for IPv4 (RFC 6890 and its updates).
fn reach_v4(address: Ipv4Addr) -> Reach {
    let [a, b, c, _] = address.octets();
    match (a, b, c) {
        (10 | 127, ..) | (172, 16..=31, _) | (192, 168, _) | (100, 64..=127, _) => Reach::Private,
        // This network, link-local with the metadata services, protocol assignments, documentation, 6to4 relays,
        // benchmarks, multicast, reserved and broadcast.
        (0, ..)
        | (169, 254, _)
        | (192, 0, 0 | 2)
        | (192, 88, 99)
        | (198, 18..=19, _)
        | (198, 51, 100)
        | (203, 0, 113)
        | (224.., ..) => Reach::Special,
        _ => Reach::Public,
    }
}

/// By the IANA special-purpose registry for IPv6. An address that carries an IPv4 address is judged by that one,
/// for a translator on the way would connect there.
fn reach_v6(address: Ipv6Addr) -> Reach {
    if let Some(inner) = address.to_ipv4_mapped() {
        return reach_v4(inner);
    }
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        reach_v4(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Reach::Private,
        // The old IPv4-compatible form, and NAT64 (RFC 6052).
        [0, 0, 0, 0, 0, 0, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        [0x2002, high, low, ..] => embedded(high, low),
        [0xfc00..=0xfdff, ..] => Reach::Private,
        // Only 2000::/3 is in use for everybody; within it Teredo and documentation are not.
        [0x2001, 0, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Reach::Special,
        [0x2000..=0x3fff, ..] => Reach::Public,
        _ => Reach::Special,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_apart() {
        use Reach::*;
        let table = [
            ("8.8.8.8", Public),
            ("172.32.0.1", Public),
            ("100.128.0.1", Public),
            ("127.0.0.1", Private),
            ("127.9.9.9", Private),
            ("10.0.0.1", Private),
            ("172.16.0.1", Private),
            ("172.31.255.255", Private),
            ("192.168.1.1", Private),
            ("100.64.0.1", Private),
            ("0.0.0.0", Special),
            ("169.254.169.254", Special),
            ("198.18.0.1", Special),
            ("224.0.0.1", Special),
            ("255.255.255.255", Special),
            ("2606:4700::1111", Public),
            ("::1", Private),
            ("fd12::1", Private),
            ("::", Special),
            ("fe80::1", Special),
            ("fec0::1", Special),
            ("ff02::1", Special),
            ("2001:db8::1", Special),
            ("2001::1", Special),
            ("::ffff:10.0.0.1", Private),
            ("::ffff:169.254.169.254", Special),
            ("::ffff:8.8.8.8", Public),
            ("::127.0.0.1", Private),
            ("64:ff9b::a00:1", Private),
            ("64:ff9b::808:808", Public),
            ("64:ff9b:1::808:808", Special),
            ("2002:7f00:1::", Private),
        ];
        for (text, expect) in table {
            assert_eq!(reach(text.parse().unwrap()), expect, "{text}");
        }
    }

    #[test]
    fn the_owner_decides_what_is_allowed() {
        let egress = |allow_private: bool, allowed: &[&str]| Egress {
            allow_private,
            allowed: allowed.iter().map(|text| text.parse().unwrap()).collect(),
            files_root: None,
        };
        let check = |egress: &Egress, host: &str, address: &str, expect: bool| {
            let verdict = egress.permits(host, address.parse().unwrap());
            assert_eq!(verdict.is_ok(), expect, "{host} {address} {egress:?}");
        };
        let closed = egress(false, &[]);
        check(&closed, "shop.example", "93.184.216.34", true);
        check(&closed, "shop.example", "127.0.0.1", false);
        check(&closed, "shop.example", "::ffff:127.0.0.1", false);
        let private = egress(true, &[]);
        check(&private, "relay", "10.0.0.2", true);
        check(&private, "relay", "::ffff:10.0.0.2", true);
        check(&private, "metadata", "169.254.169.254", false);
        let listed = egress(false, &["Relay.Lan.", "10.1.0.0/16", "[fd00::5]"]);
        check(&listed, "relay.lan", "192.168.0.9", true);
        check(&listed, "RELAY.lan.", "192.168.0.9", true);
        check(&listed, "other.lan", "192.168.0.9", false);
        check(&listed, "other", "10.1.255.1", true);
        check(&listed, "other", "10.2.0.1", false);
        check(&listed, "other", "fd00::5", true);
        check(&listed, "other", "fd00::6", false);
        check(&Egress::open(), "any", "169.254.169.254", true);
        check(&Egress::open(), "any", "fe80::1", true);
    }

    #[test]
    fn exceptions_are_read_strictly() {
        for bad in ["", "10.0.0.0/33", "fd00::/129", "10.0/8", "a b", "http://x", "10.0.0.0/x"] {
            assert!(bad.parse::<Allowed>().is_err(), "{bad}");
        }
        for (text, expect) in [("10.0.0.0/8", "10.0.0.0/8"), ("::1", "::1/128"), ("Mail.Lan", "mail.lan")] {
            assert_eq!(text.parse::<Allowed>().unwrap().to_string(), expect);
        }
    }
}
