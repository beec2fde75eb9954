//! Known answers, and that there is one for every text.

use proptest::prelude::*;

use super::agent::{device, family, naive, system};
use super::url::{Part, Url};

fn part(url: &str, part: Part) -> Option<String> {
    Url::parse(url).part(part).map(|p| p.into_owned())
}

/// Scheme, host, path and query.
fn parts(url: &str) -> [Option<String>; 4] {
    [Part::Scheme, Part::Host, Part::Path, Part::Query].map(|p| part(url, p))
}

fn some(parts: [&str; 4]) -> [Option<String>; 4] {
    parts.map(|p| (!p.is_empty()).then(|| p.to_owned()))
}

#[test]
fn parts_of_urls() {
    let cases = [
        ("https://www.example.com/a/b?x=1#top", ["https", "www.example.com", "/a/b", "x=1"]),
        ("HTTPS://WWW.Example.COM", ["https", "www.example.com", "/", ""]),
        ("  http://example.com?x=1\n", ["http", "example.com", "/", "x=1"]),
        ("//cdn.example.com/x.js", ["", "cdn.example.com", "/x.js", ""]),
        ("example.com/x?utm_source=a", ["", "example.com", "/x", "utm_source=a"]),
        ("example.com:8080/x", ["", "example.com", "/x", ""]),
        ("localhost:3000/shop", ["", "localhost", "/shop", ""]),
        ("intranet:8080", ["", "intranet", "/", ""]),
        ("192.168.0.1/x", ["", "192.168.0.1", "/x", ""]),
        ("http://[2001:db8::1]:80/x", ["http", "2001:db8::1", "/x", ""]),
        ("https://user:secret@example.com:443/", ["https", "example.com", "/", ""]),
        ("https://example.com./x", ["https", "example.com", "/x", ""]),
        ("android-app://com.example.app/x", ["android-app", "com.example.app", "/x", ""]),
        ("mailto:a@example.com", ["mailto", "", "a@example.com", ""]),
        ("/shop/shoes?color=red", ["", "", "/shop/shoes", "color=red"]),
        ("?utm_source=a", ["", "", "", "utm_source=a"]),
        ("utm_source=a&utm_medium=b", ["", "", "", "utm_source=a&utm_medium=b"]),
        ("index.html?x=1", ["", "", "index.html", "x=1"]),
        ("https:///x", ["https", "", "/x", ""]),
        ("https://", ["https", "", "", ""]),
        ("not a url", ["", "", "not a url", ""]),
        ("", ["", "", "", ""]),
        (":", ["", "", ":", ""]),
        ("#", ["", "", "", ""]),
    ];
    for (url, expected) in cases {
        assert_eq!(parts(url), some(expected), "{url}");
    }
    assert_eq!(part("https://a.com/x#y?z", Part::Fragment).as_deref(), Some("y?z"));
    assert_eq!(part("https://a.com:8080/", Part::Port).as_deref(), Some("8080"));
    assert_eq!(part("https://a.com:x/", Part::Port), None);
    assert_eq!(part("https://a.com//shop//shoes/", Part::FirstSegment).as_deref(), Some("shop"));
    assert_eq!(part("https://a.com//shop//shoes/", Part::LastSegment).as_deref(), Some("shoes"));
    assert_eq!(part("https://a.com/", Part::LastSegment), None);
}

#[test]
fn domains_follow_the_public_suffix_list() {
    let cases = [
        ("https://www.example.com/", Some("example.com"), Some("www")),
        ("https://a.b.example.co.uk/", Some("example.co.uk"), Some("a.b")),
        ("https://example.com", Some("example.com"), None),
        ("https://shop.myshopify.com", Some("shop.myshopify.com"), None),
        ("https://www.bücher.de", Some("bücher.de"), Some("www")),
        ("https://www.例子.中国/", Some("例子.中国"), Some("www")),
        ("https://intranet/", None, None),
        ("https://127.0.0.1/", None, None),
        ("https://co.uk/", None, None),
        ("/path", None, None),
    ];
    for (url, domain, subdomain) in cases {
        assert_eq!(part(url, Part::Domain).as_deref(), domain, "{url}");
        assert_eq!(part(url, Part::Subdomain).as_deref(), subdomain, "{url}");
    }
}

#[test]
fn parameters_are_decoded() {
    let value = |url: &str, name: &str| Url::parse(url).parameter(name);
    let is = |url: &str, name: &str, expected: Option<&str>| assert_eq!(value(url, name).as_deref(), expected, "{url}");
    is("example.com/x?utm_source=a", "utm_source", Some("a"));
    is("https://a.com/?UTM_Source=Mail", "utm_source", Some("Mail"));
    is("https://a.com/?utm_source=Mail", "UTM_SOURCE", Some("Mail"));
    is("https://a.com/?q=red+shoes%2Bhats", "q", Some("red shoes+hats"));
    is("https://a.com/?q=caf%C3%A9%20%E8%B7%91%E9%9E%8B", "q", Some("café 跑鞋"));
    is("https://a.com/?q=100%&r=%zz&s=%4", "q", Some("100%"));
    is("https://a.com/?q=100%&r=%zz&s=%4", "r", Some("%zz"));
    is("https://a.com/?q=%FF%00", "q", Some("\u{FFFD}\u{FFFD}"));
    is("https://a.com/?q", "q", Some(""));
    is("https://a.com/?q=", "q", Some(""));
    is("https://a.com/?q=&q=b&q=c", "q", Some("b"));
    is("https://a.com/?a=b=c", "a", Some("b=c"));
    is("https://a.com/?x=1&amp;utm_source=mail", "utm_source", Some("mail"));
    is("https://a.com/?x=1", "y", None);
    is("https://a.com/", "", None);
    is("https://a.com/#/shop?utm_source=mail", "utm_source", Some("mail"));
    is("https://a.com/?utm_source=a#utm_source=b", "utm_source", Some("a"));
    is("https://a.com/#utm_source=b", "utm_source", Some("b"));
    is("utm_source=a&utm_medium=b", "utm_medium", Some("b"));
    is("https://a.com/?utm%5Fsource=a", "utm_source", Some("a"));
    is("https://a.com/?q=a?b", "q", Some("a?b"));
}

#[test]
fn campaigns_have_what_is_there() {
    let campaign = Url::parse("https://a.com/?gclid=1&utm_source=mail&utm_term=&x=2").campaign();
    assert_eq!(campaign, [("utm_source", "mail".to_owned()), ("gclid", "1".to_owned())]);
    assert!(Url::parse("").campaign().is_empty());
}

#[test]
#[rustfmt::skip]
fn known_agents() {
    let cases = [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36", "Chrome", "desktop", "Windows"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0", "Edge", "desktop", "Windows"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/64.0.3282.140 Safari/537.36 Edge/17.17134", "Edge", "desktop", "Windows"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0", "Firefox", "desktop", "Windows"),
        ("Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko", "Internet Explorer", "desktop", "Windows"),
        ("Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1; Trident/4.0)", "Internet Explorer", "desktop", "Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15", "Safari", "desktop", "macOS"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 OPR/111.0.0.0", "Opera", "desktop", "macOS"),
        ("Opera/9.80 (Windows NT 6.1; WOW64) Presto/2.12.388 Version/12.18", "Opera", "desktop", "Windows"),
        ("Opera/9.80 (Android; Opera Mini/36.2.2254/119.132; U; id) Presto/2.12.423 Version/12.16", "Opera", "mobile", "Android"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36", "Chrome", "desktop", "Linux"),
        ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36", "Chrome", "desktop", "ChromeOS"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1", "Safari", "mobile", "iOS"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1", "Chrome", "mobile", "iOS"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/127.0 Mobile/15E148 Safari/605.1.15", "Firefox", "mobile", "iOS"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [FBAN/FBIOS;FBAV/467.0.0.38.105]", "Facebook", "mobile", "iOS"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 334.0.4.32.98", "Instagram", "mobile", "iOS"),
        ("Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1", "Safari", "tablet", "iOS"),
        ("Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36", "Chrome", "mobile", "Android"),
        ("Mozilla/5.0 (Linux; Android 13; SAMSUNG SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36", "Samsung Internet", "mobile", "Android"),
        ("Mozilla/5.0 (Linux; Android 12; SM-T870) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36", "Chrome", "tablet", "Android"),
        ("Mozilla/5.0 (Linux; Android 7.0; CUBOT_NOTE_S) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/59.0 Mobile Safari/537.36", "Chrome", "mobile", "Android"),
        ("Mozilla/5.0 (Linux; U; Android 4.0.3; de-de; GT-I9100) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Mobile Safari/534.30", "Android Browser", "mobile", "Android"),
        ("Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0", "Firefox", "mobile", "Android"),
        ("Mozilla/5.0 (Linux; Android 10; ELE-L29) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0 HuaweiBrowser/14.0.5.303 Mobile Safari/537.36", "Huawei Browser", "mobile", "Android"),
        ("Mozilla/5.0 (Linux; U; Android 8.1.0; zh-CN; EML-AL00) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/57.0 UCBrowser/11.9.4.974 Mobile Safari/537.36", "UC Browser", "mobile", "Android"),
        ("Mozilla/5.0 (Linux; Android 13; V2171A) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/111.0 MQQBrowser/6.2 Mobile Safari/537.36 MMWEBID/1 MicroMessenger/8.0.42", "WeChat", "mobile", "Android"),
        ("Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 950) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/52.0 Mobile Safari/537.36 Edge/15.15254", "Edge", "mobile", "Windows Phone"),
        ("Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/538.1 (KHTML, like Gecko) Version/6.0 TV Safari/538.1", "Safari", "tv", "Tizen"),
        ("Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/94.0 Safari/537.36", "Chrome", "tv", "webOS"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "bot", "bot", "bot"),
        ("Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "bot", "bot", "bot"),
        ("Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)", "bot", "bot", "bot"),
        ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "bot", "bot", "bot"),
        ("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)", "bot", "bot", "bot"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 Safari/537.36", "bot", "bot", "bot"),
        ("curl/8.5.0", "bot", "bot", "bot"),
        ("python-requests/2.32.3", "bot", "bot", "bot"),
        ("WhatsApp/2.23.20.0", "bot", "bot", "bot"),
        ("MyShop/3.1", "other", "other", "other"),
        ("", "other", "other", "other"),
    ];
    for (agent, browser, kind, os) in cases {
        assert_eq!((family(agent), device(agent), system(agent)), (browser, kind, os), "{agent}");
    }
}

/// Every answer about a text that is taken for a URL holds what it promises.
fn check(text: &str) {
    let url = Url::parse(text);
    for (_, p) in Part::ALL {
        if let Some(found) = url.part(p) {
            assert!(!found.is_empty() && !found.contains('\0') || text.contains('\0'), "{text:?}");
            // Nothing is made up: but for case, a part stands in the text.
            let is_there = text.contains(found.as_ref()) || text.to_lowercase().contains(found.as_ref());
            assert!(is_there || found == "/" || !text.is_ascii(), "{text:?} has no {found:?}");
        }
    }
    for name in ["utm_source", "", "a", "é"] {
        if let Some(value) = url.parameter(name) {
            assert!(!value.contains('\0') && value.len() <= 3 * text.len(), "{text:?}");
        }
    }
    let campaign = url.campaign();
    assert!(campaign.iter().all(|(name, value)| url.parameter(name).as_ref() == Some(value)), "{text:?}");
    let words = [family(text), device(text), system(text)];
    assert_eq!(words, [0, 1, 2].map(|table| naive(text, table)), "{text:?}");
    assert_eq!(words[0] == "bot", words[1] == "bot", "{text:?}");
}

/// Pieces that URLs and user agents are made of; put side by side by chance they meet every branch.
const PIECES: [&str; 48] = [
    "http",
    "https",
    ":",
    "/",
    "//",
    "?",
    "#",
    "&",
    "=",
    "%",
    "+",
    "@",
    "[",
    "]",
    ".",
    "-",
    "_",
    ";",
    "amp;",
    "%C3",
    "%A9",
    "%00",
    "%",
    "utm_source",
    "UTM_SOURCE",
    "a",
    "é",
    "\u{0}",
    "\u{85}",
    " ",
    "İ",
    "ß",
    "com",
    "co.uk",
    "example",
    "www.",
    "localhost",
    "127.0.0.1",
    "::1",
    "8080",
    "xn--",
    "中国",
    "Chrome/",
    "bot",
    "cubot",
    "Android",
    "Safari/",
    "\u{10FFFF}",
];

/// xorshift64*: Vigna, https://doi.org/10.1145/2845077
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % n
    }
}

fn fuzz(strings: usize, seed: u64) {
    let mut random = Random(seed);
    let mut text = String::new();
    for _ in 0..strings {
        text.clear();
        for _ in 0..random.below(14) {
            match random.below(8) {
                0 => text.extend(char::from_u32(random.below(0x11_0000) as u32)),
                1 => text.push(char::from(random.below(128) as u8)),
                _ => text.push_str(PIECES[random.below(PIECES.len())]),
            }
        }
        check(&text);
    }
}

#[test]
fn every_text_has_an_answer() {
    fuzz(100_000, 1);
}

#[test]
#[ignore = "takes a minute"]
fn ten_million_texts_have_an_answer() {
    fuzz(10_000_000, 2);
}

proptest! {
    #[test]
    fn any_text_has_an_answer(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn what_is_encoded_comes_back(value in "\\PC*", key in "[a-z_]{1,12}", path in "[a-z/]{0,10}") {
        let encoded: String = value.bytes().map(|b| format!("%{b:02X}")).collect();
        let text = format!("https://www.example.com/{path}?x=1&{key}={encoded}#f");
        let url = Url::parse(&text);
        let expected = if key == "x" { "1" } else { value.as_str() };
        let found = url.parameter(&key);
        prop_assert_eq!(found.as_deref(), Some(expected));
        let domain = url.part(Part::Domain);
        prop_assert_eq!(domain.as_deref(), Some("example.com"));
    }
}
