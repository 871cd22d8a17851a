//! Where a request came from.

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap};
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// An address or a block of addresses: `10.0.0.0/8`, `::1`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, prefix) = match text.trim().split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text.trim(), None),
        };
        let address: IpAddr = address.parse().map_err(|_| format!("{text:?} is no IP address"))?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => longest,
            Some(prefix) => match prefix.parse::<u8>() {
                Ok(prefix) if prefix <= longest => prefix,
                _ => return Err(format!("{text:?}: the prefix is from 0 to {longest}")),
            },
        };
        Ok(Network { address, prefix })
    }
}

impl Network {
    pub fn contains(&self, address: IpAddr) -> bool {
        let bits = |address: IpAddr| match address {
            IpAddr::V4(v4) => (u128::from(v4.to_bits()) << 96, true),
            IpAddr::V6(v6) => (v6.to_bits(), false),
        };
        let ((ours, v4), (theirs, other_v4)) = (bits(self.address), bits(address.to_canonical()));
        let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0);
        v4 == other_v4 && (ours & mask) == (theirs & mask)
    }
}

/// The address of the client. `X-Forwarded-For` is believed from the right, as far as trusted proxies wrote it: what
/// stands left of the first stranger could have been made up by anybody.
pub fn client_address(trusted: &[Network], headers: &HeaderMap, extensions: &Extensions) -> Option<IpAddr> {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip().to_canonical();
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(peer) {
        return Some(peer);
    }
    let mut client = peer;
    let forwarded = headers.get_all("x-forwarded-for");
    let hops: Vec<&str> =
        forwarded.iter().filter_map(|value| value.to_str().ok()).flat_map(|line| line.split(',')).collect();
    for hop in hops.into_iter().rev().take(20) {
        let Ok(address) = hop.trim().parse::<IpAddr>() else { break };
        client = address.to_canonical();
        if !is_trusted(client) {
            break;
        }
    }
    Some(client)
}

/// The network that an address is in, for logs: the last byte of IPv4 and all but the first 48 bits of IPv6 are left
/// out. Empty for no address.
pub fn truncated(address: Option<&str>) -> String {
    match address.and_then(|text| text.parse::<IpAddr>().ok()).map(|address| address.to_canonical()) {
        Some(IpAddr::V4(v4)) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        Some(IpAddr::V6(v6)) => {
            let [a, b, c, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trusted_proxies_are_believed() {
        let trusted: Vec<Network> = ["10.0.0.0/8", "::1"].map(|text| text.parse().unwrap()).to_vec();
        let check = |peer: &str, forwarded: &str, expect: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", forwarded.parse().unwrap());
            let mut extensions = Extensions::new();
            extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
            let found = client_address(&trusted, &headers, &extensions).map(|address| address.to_string());
            assert_eq!(found.as_deref(), Some(expect), "{peer} {forwarded}");
        };
        check("203.0.113.9", "1.2.3.4", "203.0.113.9");
        check("10.1.2.3", "1.2.3.4", "1.2.3.4");
        check("10.1.2.3", "6.6.6.6, 1.2.3.4, 10.9.9.9", "1.2.3.4");
        check("::1", "2001:db8::7", "2001:db8::7");
        check("::ffff:10.1.1.1", "1.2.3.4", "1.2.3.4");
        check("10.1.2.3", "nonsense", "10.1.2.3");
    }

    #[test]
    fn a_log_holds_the_network_only() {
        let check = |address, expect: &str| assert_eq!(truncated(address), expect);
        check(Some("113.161.77.9"), "113.161.77.0/24");
        check(Some("::ffff:113.161.77.9"), "113.161.77.0/24");
        check(Some("2001:db8:1:2::7"), "2001:db8:1::/48");
        check(Some("x"), "");
        check(None, "");
    }

    #[test]
    fn networks_are_read_strictly() {
        for bad in ["", "10.0.0.0/33", "host", "::1/129", "10.0.0.1/x"] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
        assert!("0.0.0.0/0".parse::<Network>().unwrap().contains("9.9.9.9".parse().unwrap()));
        assert!(!"0.0.0.0/0".parse::<Network>().unwrap().contains("2001:db8::1".parse().unwrap()));
    }
}
