//! The parts of a URL as logs hold it: whole, without its scheme, or the path and query alone.
//!
//! RFC 3986 says where parts begin and end; a text that is no URL has the parts that can be made out.

use std::borrow::Cow;

use percent_encoding::percent_decode;

/// A part that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `https`, in lower case.
    Scheme,
    /// The host in lower case, without a port.
    Host,
    /// The port, where it is written.
    Port,
    /// The registrable domain by the public suffix list: `example.co.uk`.
    Domain,
    /// What the host has before its domain: `www`.
    Subdomain,
    /// The path; `/` where there is a host and no path.
    Path,
    /// The first segment of the path.
    FirstSegment,
    /// The last segment of the path.
    LastSegment,
    /// What stands between `?` and `#`.
    Query,
    /// What stands after `#`.
    Fragment,
}

impl Part {
    /// Every part with its name.
    pub const ALL: [(&'static str, Part); 10] = [
        ("scheme", Part::Scheme),
        ("host", Part::Host),
        ("port", Part::Port),
        ("domain", Part::Domain),
        ("subdomain", Part::Subdomain),
        ("path", Part::Path),
        ("first_segment", Part::FirstSegment),
        ("last_segment", Part::LastSegment),
        ("query", Part::Query),
        ("fragment", Part::Fragment),
    ];

    /// The part of a name, in any case.
    pub fn parse(name: &str) -> Option<Part> {
        Part::ALL.iter().find(|p| p.0.eq_ignore_ascii_case(name)).map(|p| p.1)
    }
}

/// A URL cut into its parts, each as it is written.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Url<'a> {
    scheme: Option<&'a str>,
    host: Option<&'a str>,
    port: Option<&'a str>,
    path: &'a str,
    query: Option<&'a str>,
    fragment: Option<&'a str>,
}

impl<'a> Url<'a> {
    /// Cut a text.
    pub fn parse(text: &'a str) -> Url<'a> {
        let text = text.trim_matches(|c: char| c.is_whitespace() || c.is_control());
        let (rest, fragment) = cut(text, '#');
        let (rest, query) = cut(rest, '?');
        let mut url = Url { query, fragment, path: rest, ..Url::default() };
        if let Some((scheme, after)) = scheme(rest) {
            url.scheme = Some(scheme);
            url.path = after;
        }
        if let Some(after) = url.path.strip_prefix("//") {
            url.take_host(after);
        } else if url.scheme.is_none() {
            let start = rest.split('/').next().unwrap_or_default();
            if looks_like_a_host(start) {
                url.take_host(rest);
            } else if query.is_none() && start.contains('=') {
                // A column of query strings alone.
                url.query = Some(rest);
                url.path = "";
            }
        }
        url
    }

    /// Cut host and port off the front of `rest`; the path remains.
    fn take_host(&mut self, rest: &'a str) {
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = host_and_port(authority);
        self.host = Some(host).filter(|h| !h.is_empty());
        self.port = port;
        self.path = path;
    }

    /// A part; `None` where the text has none.
    pub fn part(&self, part: Part) -> Option<Cow<'a, str>> {
        let some = |text: &'a str| Some(text).filter(|t| !t.is_empty());
        let segment = |text: Option<&'a str>| text.and_then(some).map(Cow::Borrowed);
        match part {
            Part::Scheme => self.scheme.map(lower),
            Part::Host => self.host.map(lower),
            Part::Port => self.port.map(Cow::Borrowed),
            Part::Domain => self.domain().map(Cow::Owned),
            Part::Subdomain => {
                let (host, domain) = (lower(self.host?), self.domain()?);
                let before = host.strip_suffix(domain.as_str())?.strip_suffix('.')?;
                (!before.is_empty()).then(|| Cow::Owned(before.to_owned()))
            }
            Part::Path if self.path.is_empty() && self.host.is_some() => Some(Cow::Borrowed("/")),
            Part::Path => some(self.path).map(Cow::Borrowed),
            Part::FirstSegment => segment(self.path.split('/').find(|s| !s.is_empty())),
            Part::LastSegment => segment(self.path.split('/').rfind(|s| !s.is_empty())),
            Part::Query => self.query.and_then(some).map(Cow::Borrowed),
            Part::Fragment => self.fragment.and_then(some).map(Cow::Borrowed),
        }
    }

    fn domain(&self) -> Option<String> {
        let host = lower(self.host?);
        if is_address(&host) {
            return None;
        }
        psl::domain_str(&host).map(str::to_owned)
    }

    /// The value of a parameter, decoded; the name counts in any case, and the first of several that are not empty is taken.
    ///
    /// Where the query has none, the fragment is looked through, as pages of one document (`#/shop?utm_source=mail`) put theirs there.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let wanted = name.to_lowercase();
        let mut empty = None;
        for (key, value) in self.parameters() {
            if plain_name(key).eq_ignore_ascii_case(&wanted) {
                let value = decode(value);
                if !value.is_empty() {
                    return Some(value);
                }
                empty.get_or_insert(value);
            }
        }
        empty
    }

    /// Every parameter, as it is written: those of the query, then those of the fragment.
    fn parameters(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let fragment = self.fragment.map(|f| cut(f, '?')).map(|(before, after)| after.unwrap_or(before));
        let pairs = self.query.into_iter().chain(fragment).flat_map(|q| q.split('&'));
        pairs.filter(|pair| !pair.is_empty()).map(|pair| {
            // A link that was copied out of HTML has &amp; between its parameters.
            let pair = pair.strip_prefix("amp;").unwrap_or(pair);
            pair.split_once('=').unwrap_or((pair, ""))
        })
    }

    /// The parameters that say where a visit came from, by their names in lower case; those that are empty are left out.
    pub fn campaign(&self) -> Vec<(&'static str, String)> {
        let mut values: [Option<String>; CAMPAIGN.len()] = Default::default();
        for (key, value) in self.parameters() {
            let key = plain_name(key);
            let named = CAMPAIGN.iter().zip(&mut values).find(|(name, _)| key.eq_ignore_ascii_case(name));
            if let Some((_, kept @ None)) = named {
                *kept = Some(decode(value)).filter(|v| !v.is_empty());
            }
        }
        CAMPAIGN.into_iter().zip(values).filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// Parameters of campaigns, and the click ids of advertising networks.
const CAMPAIGN: [&str; 20] = [
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "utm_id",
    "utm_source_platform",
    "utm_creative_format",
    "utm_marketing_tactic",
    "gclid",
    "gbraid",
    "wbraid",
    "dclid",
    "fbclid",
    "msclkid",
    "ttclid",
    "twclid",
    "li_fat_id",
    "epik",
    "yclid",
];

/// The text before and after the first `mark`.
fn cut(text: &str, mark: char) -> (&str, Option<&str>) {
    match text.split_once(mark) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

/// The scheme and what follows its colon. `example.com:8080` and `localhost:3000` have none.
fn scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, after) = text.split_once(':')?;
    let mut letters = scheme.chars();
    let is_name = letters.next()?.is_ascii_alphabetic()
        && letters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    let port = after.split('/').next().unwrap_or_default();
    let is_port = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    let has_host = after.starts_with("//");
    (is_name && (has_host || (!is_port && !scheme.contains('.')))).then_some((scheme, after))
}

/// Host and port of an authority; who logs in does not matter.
fn host_and_port(authority: &str) -> (&str, Option<&str>) {
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let (host, port) = match authority.strip_prefix('[') {
        // An address of IPv6.
        Some(rest) => {
            let (host, after) = rest.split_once(']').unwrap_or((rest, ""));
            (host, after.strip_prefix(':'))
        }
        None => cut(authority, ':'),
    };
    let port = port.filter(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()));
    (host.trim_end_matches('.'), port)
}

/// Whether a text without a scheme begins with a host: a name under a known public suffix or with a port, an address, or `localhost`.
fn looks_like_a_host(start: &str) -> bool {
    let (host, port) = host_and_port(start);
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    if host.is_empty() || !host.chars().all(is_name) || start.contains('@') {
        return false;
    }
    let host = lower(host);
    host == "localhost"
        || port.is_some()
        || is_address(&host)
        || (host.contains('.') && psl::suffix(host.as_bytes()).is_some_and(|suffix| suffix.is_known()))
}

/// Whether a host is a number rather than a name.
fn is_address(host: &str) -> bool {
    host.parse::<std::net::IpAddr>().is_ok()
}

fn lower(text: &str) -> Cow<'_, str> {
    match text.chars().any(char::is_uppercase) {
        true => Cow::Owned(text.to_lowercase()),
        false => Cow::Borrowed(text),
    }
}

/// The name of a parameter without its escapes, and but for ASCII letters in lower case.
fn plain_name(key: &str) -> Cow<'_, str> {
    match key.is_ascii() && !key.contains(['%', '+']) {
        true => Cow::Borrowed(key),
        false => Cow::Owned(decode(key).to_lowercase()),
    }
}

/// What a name or value of a query stands for: `+` is a blank, `%C3%A9` is `é`. Bytes that are no UTF-8, and zeros, become U+FFFD.
fn decode(text: &str) -> String {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode(spaced.as_bytes()).decode_utf8_lossy();
    decoded.replace('\0', "\u{FFFD}")
}
