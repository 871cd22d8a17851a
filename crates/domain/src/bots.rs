//! Tells people from the machines that open messages and follow links on the way to them.
//!
//! Security gateways fetch every link at delivery, mail programs load pictures before anybody looks, chat
//! applications draw previews. Counted as people they start journeys, confirm subscriptions and ruin figures.
//! The rules look at one request and its near past and are ordered from proof to suspicion; the first that
//! fits names the reason. A scanner that behaves like a person in every respect passes: losing a customer's
//! click costs more than counting a machine's.
//!
//! What must never depend on the verdict: a redirect (everybody gets the page) and an unsubscription (which
//! needs a POST or a button, and then counts).

use kit::SECOND_MS;
use std::net::{IpAddr, Ipv4Addr};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The tracking picture was fetched.
    Open,
    /// A tracked link was followed, from any channel.
    Click,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    Get,
    Head,
    Other,
}

/// The evidence about one request. Header values as received; the empty string where a header was absent.
#[derive(Clone, Copy, Debug)]
pub struct OpenOrClick<'a> {
    pub kind: Kind,
    pub method: Method,
    pub user_agent: &'a str,
    /// `Sec-Purpose`, `Purpose`, `X-Purpose` or `X-Moz`; join them when there are several.
    pub purpose: &'a str,
    /// The client's address behind the operator's own proxies; `None` when that is not known for sure.
    pub ip: Option<IpAddr>,
    /// From handing the message to its provider until this request; `None` when unknown. A negative time is a
    /// clock out of step and no evidence.
    pub ms_since_sent: Option<i64>,
    /// Different links of this message followed within [`BURST_MS`] up to now, this one included.
    pub links_within_burst: u32,
    /// The link that no person can see was followed in this message, by this client or within [`BURST_MS`].
    pub honeypot_hit: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Verdict {
    Person,
    /// A person, through their mail host's picture proxy: the act counts, but device and place are the proxy's.
    ProxiedPerson,
    Machine(Reason),
}

impl Verdict {
    pub fn is_person(self) -> bool {
        !matches!(self, Verdict::Machine(_))
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reason {
    Honeypot,
    NotAGet,
    PrefetchHeader,
    NoUserAgent,
    MailPrefetch,
    KnownAgent,
    ScannerNetwork,
    TooSoon,
    Burst,
}

impl Reason {
    /// The stable name that is stored and shown in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Honeypot => "honeypot",
            Reason::NotAGet => "not_a_get",
            Reason::PrefetchHeader => "prefetch_header",
            Reason::NoUserAgent => "no_user_agent",
            Reason::MailPrefetch => "mail_prefetch",
            Reason::KnownAgent => "known_agent",
            Reason::ScannerNetwork => "scanner_network",
            Reason::TooSoon => "too_soon",
            Reason::Burst => "burst",
        }
    }
}

/// A message takes longer than this to be delivered, noticed, read and clicked.
pub const TOO_SOON_MS: i64 = 2 * SECOND_MS;
/// The window in which different links are counted.
pub const BURST_MS: i64 = 2 * SECOND_MS;
/// For so long around it, all clicks of a message whose hidden link was followed are a program's.
pub const HONEYPOT_MS: i64 = 5 * SECOND_MS;
/// A picture that is fetched again within this time was not opened again.
pub const REOPEN_MS: i64 = 5 * SECOND_MS;
/// Two can be a hurried person with a new tab each; three different links in two seconds are a program.
pub const BURST_LINKS: u32 = 3;

/// Who is behind a request. The rules, in order:
///
/// 1. *Honeypot*: a link that only a program sees was followed, so a program reads this message.
/// 2. *Not a GET*: browsers and mail programs fetch pictures and links by GET; HEAD and others are probes.
/// 3. *Prefetch header*: the client itself says that nobody has asked yet (W3C prefetch, Chrome `Sec-Purpose`,
///    Firefox `X-Moz`, Safari `X-Purpose`).
/// 4. *No user agent*: every browser and mail program sends one.
/// 5. *Mail prefetch*, opens only: Apple Mail Privacy Protection loads every picture, read or not, and its
///    proxies say `Mozilla/5.0` and no more; Gmail loads some ahead of the reader as a Chrome 42 that is also an
///    Edge 12. Clicks are never proxied by either.
/// 6. *Proxied person*, opens only: Gmail's and Yahoo's picture proxies fetch when the reader opens.
/// 7. *Known agent*: security gateways, preview makers and crawlers, by what they call themselves. The name of an
///    HTTP library or of a browser without a window is no proof: apps open links with them too, and a scanner
///    that uses one gives itself away by the rules below.
/// 8. *Scanner network*, clicks only: addresses of Microsoft 365's mail filters, which dress as browsers. Safe
///    Links sends the reader's own browser to the link, so no person clicks from there; opens do come from
///    Microsoft's picture proxy.
/// 9. *Too soon*, clicks only: more than one link under [`TOO_SOON_MS`] after sending. One alone can be a person
///    who was waiting for the message.
/// 10. *Burst*, clicks only: [`BURST_LINKS`] or more different links within [`BURST_MS`]. One message's pictures
///     do load together.
pub fn classify(request: &OpenOrClick) -> Verdict {
    let agent = request.user_agent.trim().to_ascii_lowercase();
    let (open, click) = (request.kind == Kind::Open, request.kind == Kind::Click);
    let machine = if request.honeypot_hit {
        Reason::Honeypot
    } else if request.method != Method::Get {
        Reason::NotAGet
    } else if names_prefetch(request.purpose) {
        Reason::PrefetchHeader
    } else if agent.is_empty() || agent == "-" {
        Reason::NoUserAgent
    } else if open && is_mail_prefetch(&agent) {
        Reason::MailPrefetch
    } else if open && PICTURE_PROXIES.iter().any(|name| agent.contains(name)) {
        return Verdict::ProxiedPerson;
    } else if is_known_agent(&agent, request.kind) {
        Reason::KnownAgent
    } else if click && request.ip.is_some_and(is_scanner_network) {
        Reason::ScannerNetwork
    } else if click
        && request.links_within_burst > 1
        && request.ms_since_sent.is_some_and(|ms| (0..TOO_SOON_MS).contains(&ms))
    {
        Reason::TooSoon
    } else if click && request.links_within_burst >= BURST_LINKS {
        Reason::Burst
    } else {
        return Verdict::Person;
    };
    Verdict::Machine(machine)
}

fn names_prefetch(purpose: &str) -> bool {
    let purpose = purpose.to_ascii_lowercase();
    ["prefetch", "prerender", "preview", "instant"].iter().any(|word| purpose.contains(word))
}

fn is_mail_prefetch(agent: &str) -> bool {
    agent == "mozilla/5.0" || agent.ends_with("edge/12.246 mozilla/5.0")
}

const PICTURE_PROXIES: [&str; 3] = ["googleimageproxy", "yahoomailproxy", "ggpht.com"];

/// Parts of user agents, in lower case, that name a machine wherever they stand.
const KNOWN_AGENTS: [&str; 47] = [
    // Security gateways.
    "barracuda",
    "mimecast",
    "proofpoint",
    "pps-scan",
    "safelinks",
    "safe links",
    "ironport",
    "fireeye",
    "trellix",
    "forcepoint",
    "websense",
    "symantec",
    "messagelabs",
    "sophos",
    "trendmicro",
    "trend micro",
    "mcafee",
    "fortimail",
    "fortiguard",
    "bitdefender",
    "kaspersky",
    "checkpoint",
    "zscaler",
    "avanan",
    "virustotal",
    "urlscan",
    "phishtank",
    // Programs that ask whether a link exists or draw a preview of it.
    "microsoft office existence discovery",
    "microsoft office protocol discovery",
    "microsoft-webdav",
    "bingpreview",
    "microsoftpreview",
    "skypeuripreview",
    "linkpreview",
    "facebookexternalhit",
    "facebookcatalog",
    "meta-externalagent",
    "embedly",
    "slack-imgproxy",
    "google-read-aloud",
    "google-pagerenderer",
    "google web preview",
    // Crawlers that do not call themselves bots.
    "crawler",
    "spider",
    "slurp",
    "mediapartners-google",
    "archive.org",
];

/// Names too short to look for inside others: the agent must begin with them.
const KNOWN_BEGINNINGS: [&str; 2] = ["whatsapp/", "viber/"];

fn is_known_agent(agent: &str, kind: Kind) -> bool {
    KNOWN_AGENTS.iter().any(|name| agent.contains(name))
        || KNOWN_BEGINNINGS.iter().any(|name| agent.starts_with(name))
        || names_a_bot(agent)
        // Outlook on a desk loads pictures under this name when somebody reads. Links it hands to a browser,
        // after a probe of its own.
        || (kind == Kind::Click && (agent.contains("ms-office") || agent.contains("microsoft office")))
}

/// `Googlebot/2.1`, `TelegramBot (like TwitterBot)`, `some-bot`; not the `bot` of `Cubot`, a maker of phones, or
/// of `botanic`.
fn names_a_bot(agent: &str) -> bool {
    agent.match_indices("bot").any(|(at, _)| {
        let word_ends = !agent[at + 3..].starts_with(|c: char| c.is_ascii_alphabetic());
        let plural = agent[at + 3..].starts_with('s');
        (word_ends || plural) && !agent[..at].ends_with("cu")
    })
}

/// Networks that no person browses from: Exchange Online Protection as Microsoft lists its endpoints (40.92.0.0/15,
/// 40.107.0.0/16, 52.100.0.0/14, 104.47.0.0/17), and 40.94.0.0/16, from which operators report the link checks.
const SCANNER_NETWORKS: [(Ipv4Addr, u32); 5] = [
    (Ipv4Addr::new(40, 92, 0, 0), 15),
    (Ipv4Addr::new(40, 94, 0, 0), 16),
    (Ipv4Addr::new(40, 107, 0, 0), 16),
    (Ipv4Addr::new(52, 100, 0, 0), 14),
    (Ipv4Addr::new(104, 47, 0, 0), 17),
];

fn is_scanner_network(ip: IpAddr) -> bool {
    let IpAddr::V4(ip) = ip.to_canonical() else { return false };
    SCANNER_NETWORKS.iter().any(|(network, bits)| (ip.to_bits() ^ network.to_bits()) >> (32 - bits) == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CHROME: &str = "Mozilla/5.0 (Linux; Android 14; SM-A546E) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36";
    const ZALO: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Zalo iOS/652 ZaloTheme/light ZaloLanguage/vn";
    const CUBOT: &str =
        "Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36 Chrome/90.0 Mobile Safari/537.36";
    const OUTLOOK: &str = "Mozilla/4.0 (compatible; ms-office; MSOffice 16)";
    const GMAIL_PROXY: &str =
        "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)";
    const GMAIL_PREFETCH: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0";

    /// A click by a person on a phone, an hour after sending.
    fn click() -> OpenOrClick<'static> {
        OpenOrClick {
            kind: Kind::Click,
            method: Method::Get,
            user_agent: CHROME,
            purpose: "",
            ip: Some(IpAddr::from([113, 161, 1, 1])),
            ms_since_sent: Some(3_600_000),
            links_within_burst: 1,
            honeypot_hit: false,
        }
    }

    fn open() -> OpenOrClick<'static> {
        OpenOrClick { kind: Kind::Open, links_within_burst: 0, ..click() }
    }

    #[test]
    fn agents() {
        use Verdict::{Machine, Person, ProxiedPerson};
        let known = Machine(Reason::KnownAgent);
        let prefetch = Machine(Reason::MailPrefetch);
        #[rustfmt::skip]
        let table: &[(&str, Verdict, Verdict)] = &[
            // (user agent, as an open, as a click)
            (CHROME, Person, Person),
            (ZALO, Person, Person),
            (CUBOT, Person, Person),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Thunderbird/115.3", Person, Person),
            (OUTLOOK, Person, known),
            (GMAIL_PROXY, ProxiedPerson, Person),
            ("YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", ProxiedPerson, Person),
            (GMAIL_PREFETCH, prefetch, Person),
            ("Mozilla/5.0", prefetch, Person),
            ("", Machine(Reason::NoUserAgent), Machine(Reason::NoUserAgent)),
            (" - ", Machine(Reason::NoUserAgent), Machine(Reason::NoUserAgent)),
            ("Barracuda Sentinel (EE)", known, known),
            ("Mozilla/5.0 (compatible; Mimecast URL Protect)", known, known),
            ("Mozilla/5.0 (Proofpoint URL Defense)", known, known),
            ("Microsoft Office Existence Discovery", known, known),
            ("Mozilla/5.0 (Windows NT 6.1) AppleWebKit/534+ (KHTML, like Gecko) BingPreview/1.0b", known, known),
            ("facebookexternalhit/1.1", known, known),
            ("WhatsApp/2.23.20.0 A", known, known),
            ("TelegramBot (like TwitterBot)", known, known),
            ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", known, known),
            ("ZaloBot", known, known),
            ("curl/8.4.0", Person, Person),
            ("python-requests/2.32.3", Person, Person),
            ("Go-http-client/2.0", Person, Person),
            ("Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/120.0", Person, Person),
        ];
        for (agent, as_open, as_click) in table {
            assert_eq!(classify(&OpenOrClick { user_agent: agent, ..open() }), *as_open, "open by {agent}");
            assert_eq!(
                classify(&OpenOrClick { user_agent: agent, ..click() }),
                *as_click,
                "click by {agent}"
            );
        }
    }

    #[test]
    fn evidence_beside_the_agent() {
        let check = |request: OpenOrClick, expect: Result<(), Reason>| {
            let verdict = expect.map_or_else(Verdict::Machine, |()| Verdict::Person);
            assert_eq!(classify(&request), verdict, "{request:?}");
        };
        check(click(), Ok(()));
        check(open(), Ok(()));
        check(OpenOrClick { method: Method::Head, ..click() }, Err(Reason::NotAGet));
        check(OpenOrClick { method: Method::Other, ..open() }, Err(Reason::NotAGet));
        for purpose in ["prefetch", "prefetch;prerender", "Preview", "prefetch;anonymous-client-ip"] {
            check(OpenOrClick { purpose, ..click() }, Err(Reason::PrefetchHeader));
        }
        check(OpenOrClick { honeypot_hit: true, ..click() }, Err(Reason::Honeypot));
        check(OpenOrClick { honeypot_hit: true, user_agent: GMAIL_PROXY, ..open() }, Err(Reason::Honeypot));

        let sent = |ms_since_sent| OpenOrClick { ms_since_sent, links_within_burst: 2, ..click() };
        check(sent(Some(0)), Err(Reason::TooSoon));
        check(sent(Some(1_999)), Err(Reason::TooSoon));
        check(sent(Some(2_000)), Ok(()));
        check(sent(Some(-50)), Ok(()));
        check(sent(None), Ok(()));
        check(OpenOrClick { links_within_burst: 1, ..sent(Some(0)) }, Ok(()));
        check(OpenOrClick { ms_since_sent: Some(1_999), links_within_burst: 2, ..open() }, Ok(()));

        check(OpenOrClick { links_within_burst: 2, ..click() }, Ok(()));
        check(OpenOrClick { links_within_burst: 3, ..click() }, Err(Reason::Burst));
        check(OpenOrClick { links_within_burst: 9, ..open() }, Ok(()));
    }

    #[test]
    fn networks() {
        let check = |ip: &str, scanner: bool| {
            let ip = Some(ip.parse().unwrap());
            let expect = if scanner { Verdict::Machine(Reason::ScannerNetwork) } else { Verdict::Person };
            assert_eq!(classify(&OpenOrClick { ip, ..click() }), expect, "{ip:?}");
            assert_eq!(classify(&OpenOrClick { ip, ..open() }), Verdict::Person, "an open from {ip:?}");
        };
        for ip in [
            "40.94.29.84",
            "40.107.235.1",
            "40.92.0.0",
            "40.93.255.255",
            "52.103.1.1",
            "104.47.127.255",
            "::ffff:40.94.1.1",
        ] {
            check(ip, true);
        }
        for ip in [
            "40.91.255.255",
            "40.95.0.0",
            "52.104.0.0",
            "104.47.128.0",
            "127.0.0.1",
            "10.0.0.1",
            "2a01:111::1",
        ] {
            check(ip, false);
        }
        assert_eq!(classify(&OpenOrClick { ip: None, ..click() }), Verdict::Person);
    }

    #[test]
    fn names_are_in_the_case_that_is_searched() {
        for name in KNOWN_AGENTS.iter().chain(&KNOWN_BEGINNINGS).chain(&PICTURE_PROXIES) {
            assert_eq!(*name, name.to_ascii_lowercase());
        }
        let reasons = [
            Reason::Honeypot,
            Reason::NotAGet,
            Reason::PrefetchHeader,
            Reason::NoUserAgent,
            Reason::MailPrefetch,
            Reason::KnownAgent,
            Reason::ScannerNetwork,
            Reason::TooSoon,
            Reason::Burst,
        ];
        let names: std::collections::BTreeSet<_> = reasons.iter().map(|reason| reason.as_str()).collect();
        assert_eq!(names.len(), reasons.len());
    }

    proptest! {
        #[test]
        fn any_agent_is_answered(user_agent in ".{0,80}", purpose in ".{0,20}", ms in any::<i64>()) {
            let request = OpenOrClick { user_agent: &user_agent, purpose: &purpose, ms_since_sent: Some(ms), ..click() };
            // Evidence only ever adds up: a machine stays one when more speaks against it.
            if !classify(&request).is_person() {
                let worse = OpenOrClick { honeypot_hit: true, links_within_burst: 9, ..request };
                prop_assert!(!classify(&worse).is_person());
            }
        }
    }
}
