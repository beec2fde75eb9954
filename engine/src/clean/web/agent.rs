//! What a user agent says of itself: the family of the browser, the kind of device, the operating system.
//!
//! Browsers name their ancestors, so the order of the tables decides: Edge says Chrome, Chrome says Safari, all say Mozilla. The first
//! line of a table that fits is the answer.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

/// Words of programs that no person sits in front of.
const BOTS: &[&str] = &[
    "bot",
    "crawl",
    "spider",
    "slurp",
    "scrap",
    "+http",
    "headless",
    "phantomjs",
    "lighthouse",
    "pingdom",
    "facebookexternalhit",
    "facebookcatalog",
    "meta-external",
    "mediapartners-google",
    "apis-google",
    "google-inspectiontool",
    "google-read-aloud",
    "googleother",
    "google favicon",
    "feedfetcher",
    "feedburner",
    "bingpreview",
    "yandeximages",
    "yandexmetrika",
    "chatgpt-user",
    "claude-user",
    "perplexity-user",
    "anthropic-ai",
    "cohere-ai",
    "ia_archiver",
    "archive.org",
    "embedly",
    "validator",
    "monitor",
    "uptime",
    "newrelic",
    "datadog",
    "curl/",
    "wget/",
    "python-",
    "python/",
    "aiohttp/",
    "go-http-client",
    "java/",
    "apache-httpclient",
    "libwww-perl",
    "ruby",
    "php/",
    "guzzle",
    "axios/",
    "node-fetch",
    "undici",
    "postmanruntime",
    "insomnia/",
    "http_request",
];

/// Words that hold the word of a bot and are none: Cubot makes telephones.
const NO_BOTS: &[&str] = &["cubot"];

/// Families by their words, each word in lower case.
const FAMILIES: &[(&str, &[&str])] = &[
    // Browsers inside applications.
    ("Facebook", &["fban/", "fbav/", "fb_iab/", "[fb"]),
    ("Instagram", &["instagram "]),
    ("TikTok", &["musical_ly", "bytedancewebview", "tiktok", "trill_"]),
    ("LinkedIn", &["linkedinapp"]),
    ("Pinterest", &["[pinterest/", "pinterest/"]),
    ("Snapchat", &["snapchat"]),
    ("WeChat", &["micromessenger"]),
    ("LINE", &[" line/"]),
    ("Google App", &[" gsa/"]),
    // Browsers that say Chrome or Safari too.
    ("Edge", &["edg/", "edge/", "edga/", "edgios/"]),
    ("Opera", &["opr/", "opera", "opios/", "opt/", "opx/"]),
    ("Samsung Internet", &["samsungbrowser/"]),
    ("Huawei Browser", &["huaweibrowser/"]),
    ("MIUI Browser", &["miuibrowser/"]),
    ("UC Browser", &["ucbrowser/", "ubrowser/"]),
    ("QQ Browser", &["qqbrowser/"]),
    ("Yandex Browser", &["yabrowser/", "yasearchbrowser/"]),
    ("Vivaldi", &["vivaldi/"]),
    ("DuckDuckGo", &["duckduckgo/", "ddg/"]),
    ("Brave", &["brave/", "brave chrome/"]),
    ("Whale", &["whale/"]),
    ("Silk", &["silk/"]),
    ("Internet Explorer", &["msie ", "trident/"]),
    ("Firefox", &["firefox/", "fxios/", "focus/", "klar/"]),
    ("Chrome", &["chrome/", "crios/", "chromium/"]),
    ("Android Browser", &["android"]),
    ("Safari", &["safari/", "applewebkit/"]),
];

/// Operating systems by their words, each word in lower case.
const SYSTEMS: &[(&str, &[&str])] = &[
    ("Windows Phone", &["windows phone", "iemobile"]),
    ("Windows", &["windows"]),
    ("iOS", &["iphone", "ipad", "ipod", "ios "]),
    ("tvOS", &["appletv", "apple tv"]),
    ("HarmonyOS", &["harmonyos", "openharmony"]),
    ("Tizen", &["tizen"]),
    ("webOS", &["web0s", "webos"]),
    ("KaiOS", &["kaios"]),
    ("Android", &["android", "; adr "]),
    ("ChromeOS", &["cros "]),
    ("macOS", &["macintosh", "mac os x", "darwin"]),
    ("BlackBerry", &["blackberry", "bb10", "playbook"]),
    ("PlayStation", &["playstation"]),
    ("Nintendo", &["nintendo"]),
    ("Linux", &["linux", "x11", "ubuntu"]),
];

/// Devices by their words, each word in lower case.
const DEVICES: &[(&str, &[&str])] = &[
    (
        "tv",
        &[
            "smart-tv",
            "smarttv",
            "smart tv",
            "appletv",
            "apple tv",
            "googletv",
            "google tv",
            "android tv",
            "hbbtv",
            "web0s",
            "netcast",
            "bravia",
            "roku",
            "crkey",
            "aftt",
            "aftm",
            "aftb",
            "afts",
            "dtv",
            "viera",
            "playstation",
            "xbox",
            "nintendo",
        ],
    ),
    ("tablet", &["ipad", "tablet", "kindle", "playbook", "silk/", "sm-t", "sm-x", "nexus 7", "nexus 9", "nexus 10"]),
    ("mobile", &["iphone", "ipod", "windows phone", "iemobile", "blackberry", "bb10", "kaios", "mobi", "opera mini"]),
    // Android without the word Mobile is a tablet, as Google asks makers to say.
    ("tablet", &["android"]),
    ("desktop", &["windows", "macintosh", "mac os x", "cros ", "linux", "x11", "darwin"]),
];

/// What a text is that says nothing we know.
const OTHER: &str = "other";
const BOT: &str = "bot";

/// A table of the words that make an answer.
type Table = [(&'static str, &'static [&'static str])];

/// The tables in the order of their numbers.
const TABLES: [&Table; 3] = [FAMILIES, DEVICES, SYSTEMS];
const FAMILY: usize = 0;
const DEVICE: usize = 1;
const SYSTEM: usize = 2;

/// The family of the browser; `bot` for programs, `other` for what is not known.
pub fn family(agent: &str) -> &'static str {
    look_up(agent, FAMILY)
}

/// `mobile`, `tablet`, `desktop`, `tv`, `bot` or `other`.
pub fn device(agent: &str) -> &'static str {
    look_up(agent, DEVICE)
}

/// The operating system; `bot` for programs, `other` for what is not known.
pub fn system(agent: &str) -> &'static str {
    look_up(agent, SYSTEM)
}

/// What a word is a word of.
#[derive(Debug, Clone, Copy)]
enum Place {
    Bot,
    NoBot,
    Line { table: usize, line: usize },
}

/// Every word with its place.
fn words() -> impl Iterator<Item = (&'static str, Place)> {
    let lines = TABLES.into_iter().enumerate().flat_map(|(table, lines)| {
        let words = move |(line, entry): (usize, &(&'static str, &'static [&'static str]))| {
            entry.1.iter().map(move |word| (*word, Place::Line { table, line }))
        };
        lines.iter().enumerate().flat_map(words)
    });
    BOTS.iter().map(|w| (*w, Place::Bot)).chain(NO_BOTS.iter().map(|w| (*w, Place::NoBot))).chain(lines)
}

/// The automaton of all words, and the place of each.
static WORDS: LazyLock<Option<(AhoCorasick, Vec<Place>)>> = LazyLock::new(|| {
    let automaton = AhoCorasick::builder().ascii_case_insensitive(true).build(words().map(|w| w.0)).ok()?;
    Some((automaton, words().map(|w| w.1).collect()))
});

fn look_up(agent: &str, wanted: usize) -> &'static str {
    let Some((automaton, places)) = WORDS.as_ref() else { return naive(agent, wanted) };
    let (mut bot, mut no_bot) = (false, false);
    let mut first = usize::MAX;
    for found in automaton.find_overlapping_iter(agent) {
        match places.get(found.pattern().as_usize()) {
            Some(Place::Bot) => bot = true,
            Some(Place::NoBot) => no_bot = true,
            Some(&Place::Line { table, line }) if table == wanted => first = first.min(line),
            _ => {}
        }
    }
    answer(agent, wanted, bot && !no_bot, Some(first))
}

/// What was found, in words.
fn answer(agent: &str, wanted: usize, is_bot: bool, line: Option<usize>) -> &'static str {
    // WhatsApp fetches previews of links under its own name alone.
    let preview = agent.get(..9).is_some_and(|start| start.eq_ignore_ascii_case("whatsapp/"));
    if is_bot || preview {
        return BOT;
    }
    let table = TABLES.get(wanted).copied().unwrap_or_default();
    line.and_then(|line| table.get(line)).map_or(OTHER, |line| line.0)
}

/// The same, word by word: what tests compare with, and what answers if no automaton could be built.
pub(super) fn naive(agent: &str, wanted: usize) -> &'static str {
    let lower = agent.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let table = TABLES.get(wanted).copied().unwrap_or_default();
    answer(agent, wanted, has(BOTS) && !has(NO_BOTS), table.iter().position(|line| has(line.1)))
}
