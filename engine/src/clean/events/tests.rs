//! The text that is written. What it gives is compared with naive queries where a server runs it (tests/pg_regress/sql/events.sql).

use proptest::prelude::*;
use serde_json::{json, Value};

use super::sql::{identifier, literal};
use super::window::{Unit, Window};
use super::*;
use crate::error::Error;

fn column(name: &str, type_name: &str, kind: Kind) -> Column {
    Column {
        name: name.into(),
        type_name: type_name.into(),
        base_type: type_name.into(),
        plain: true,
        limited: false,
        kind,
        equality: Some("=".into()),
    }
}

fn events() -> Relation {
    Relation {
        from: "public.events".into(),
        columns: vec![
            column("who", "integer", Kind::Whole),
            column("at", "timestamp with time zone", Kind::Timestamptz),
            column("day", "date", Kind::Date),
            column("amount", "numeric", Kind::Numeric),
            column("channel", "text", Kind::Text),
        ],
    }
}

fn moments(kind: Kind, type_name: &str) -> Relation {
    Relation {
        from: "public.rows".into(),
        columns: vec![column("who", "integer", Kind::Whole), column("moment", type_name, kind)],
    }
}

fn build(time: &str, moments: &Relation, options: Value) -> crate::Result<Query> {
    let options = EventOptions::parse(&options)?;
    let moments = Moments { relation: moments, customer: "who", moment: "moment" };
    let events = &events();
    event_features(&EventFeatures {
        events,
        customer: "who",
        event_time: time,
        moments,
        options: &options,
        zone: "UTC",
    })
}

fn message(result: crate::Result<Query>) -> String {
    match result {
        Err(Error::InvalidOption { message, .. }) => message,
        other => format!("{other:?}"),
    }
}

#[test]
fn windows_are_read() {
    let cases = [
        ("7 days", Some(Window::Last(7, Unit::Day)), "7d"),
        ("1 day", Some(Window::Last(1, Unit::Day)), "1d"),
        (" 2 Weeks ", Some(Window::Last(2, Unit::Week)), "2w"),
        ("90minutes", Some(Window::Last(90, Unit::Minute)), "90min"),
        ("1 month", Some(Window::Last(1, Unit::Month)), "1mon"),
        ("100 years", Some(Window::Last(100, Unit::Year)), "100y"),
        ("ALL", Some(Window::All), "all"),
        ("1200 months", Some(Window::Last(1200, Unit::Month)), "1200mon"),
        ("36600 days", Some(Window::Last(36_600, Unit::Day)), "36600d"),
        ("1201 months", None, ""),
        ("36601 days", None, ""),
        ("101 years", None, ""),
        ("0 days", None, ""),
        ("-1 days", None, ""),
        ("1.5 days", None, ""),
        ("7", None, ""),
        ("days", None, ""),
        ("7 days ago", None, ""),
        ("99999999999999999999 days", None, ""),
        ("７ days", None, ""),
        ("", None, ""),
    ];
    for (text, window, suffix) in cases {
        assert_eq!(Window::parse(text), window, "{text}");
        assert_eq!(window.map_or_else(String::new, |w| w.suffix()), suffix);
    }
}

#[test]
fn the_longest_window_is_known_or_several_may_be() {
    let longest = |texts: &[&str]| -> Vec<String> {
        let windows: Vec<Window> = texts.iter().filter_map(|t| Window::parse(t)).collect();
        Window::longest(&windows).iter().map(Window::suffix).collect()
    };
    assert_eq!(longest(&["7 days", "30 days"]), ["30d"]);
    assert_eq!(longest(&["7 days", "30 days", "1 month"]), ["30d", "1mon"]);
    assert_eq!(longest(&["1 month", "32 days"]), ["32d"]);
    assert_eq!(longest(&["1 week", "7 days"]), ["1w", "7d"]);
    assert_eq!(longest(&["7 days", "all"]), ["all"]);
    assert!(longest(&[]).is_empty());
}

#[test]
fn every_look_at_events_is_strictly_before_the_moment() {
    let options = json!({
        "windows": ["7 days", "1 month", "all"], "numbers": "amount", "distinct": "channel", "lags": {"amount": 3},
        "first_touch": "channel", "last_touch": "channel", "sessions": true, "weekend_share": true,
        "event_type": "channel", "event_types": ["mail"],
    });
    let query = build("at", &moments(Kind::Timestamptz, "timestamp with time zone"), options).unwrap();
    let looks = query.text.matches("FROM public.events AS e").count();
    assert_eq!(looks, 7, "{}", query.text);
    assert_eq!(query.text.matches("AND e.\"at\" < b.\"moment\" -- strictly before\n").count(), looks);
    assert_eq!(query.text.matches("WHERE e.\"who\" = b.\"who\"\n").count(), looks);
}

#[test]
fn moments_of_other_types_are_cast_or_refused() {
    let text = |time: &str, kind: Kind, type_name: &str, options: Value| {
        build(time, &moments(kind, type_name), options).map(|q| {
            let line = |end: &str| {
                let line = q.text.lines().find_map(|l| l.strip_suffix(end)).unwrap_or_default().trim();
                line.trim_start_matches("AND ").to_owned()
            };
            (line(" -- strictly before"), line(" AS moment"))
        })
    };
    let cast = |day: &str, how: &str| (format!("e.\"{day}\" < m.moment"), how.to_owned());
    let all = || json!({"windows": "all"});
    let paris = || json!({"windows": "all", "time_zone": "Europe/Paris"});
    let plain = ("e.\"day\" < b.\"moment\"".to_owned(), String::new());
    assert_eq!(text("day", Kind::Date, "date", all()).unwrap(), plain);
    assert_eq!(text("day", Kind::Timestamp, "timestamp", all()).unwrap(), cast("day", "b.\"moment\"::pg_catalog.date"));
    assert!(text("day", Kind::Timestamptz, "timestamptz", all()).is_err());
    assert!(text("at", Kind::Date, "date", all()).is_err());
    assert!(text("at", Kind::Timestamp, "timestamp", all()).is_err());
    let of_date = text("at", Kind::Date, "date", paris()).unwrap();
    let how = "CASE WHEN b.\"moment\" BETWEEN (pg_catalog.date '4714-12-01 BC') AND (pg_catalog.date '294276-12-24') \
               THEN b.\"moment\"::timestamp AT TIME ZONE 'Europe/Paris' END";
    assert_eq!(of_date, cast("at", how));
    let of_zoned = text("day", Kind::Timestamptz, "timestamptz", paris()).unwrap();
    let how = "(CASE WHEN b.\"moment\" BETWEEN (timestamp '4714-12-01 BC' AT TIME ZONE 'UTC') \
               AND (timestamp '294276-12-24' AT TIME ZONE 'UTC') THEN b.\"moment\" AT TIME ZONE 'Europe/Paris' END)::pg_catalog.date";
    assert_eq!(of_zoned, cast("day", how));
    assert!(text("at", Kind::Text, "text", paris()).is_err());
}

#[test]
fn nothing_asked_for_is_left_out_in_silence() {
    let zoned = || moments(Kind::Timestamptz, "timestamptz");
    let wrong = |options: Value| message(build("at", &zoned(), options));
    assert_eq!(wrong(json!({"window": []})), "unrecognized option \"window\"");
    assert_eq!(wrong(json!([])), "options must be a JSON object");
    assert_eq!(wrong(json!({"windows": [], "recency": false})), "no feature is asked for");
    assert_eq!(wrong(json!({"windows": [], "numbers": "amount"})), "option \"numbers\" needs \"windows\"");
    assert_eq!(wrong(json!({"aggregates": "sum"})), "option \"aggregates\" needs \"numbers\"");
    assert_eq!(wrong(json!({"event_types": "a"})), "option \"event_types\" needs \"event_type\"");
    assert_eq!(wrong(json!({"event_type": "channel"})), "option \"event_type\" needs \"event_types\"");
    assert_eq!(wrong(json!({"session_gap": "1 hour"})), "option \"session_gap\" needs \"sessions\"");
    assert_eq!(wrong(json!({"windows": ["7 days", "7 DAYS"]})), "option \"windows\" has \"7d\" twice");
    assert!(wrong(json!({"tie_breaker": "who"})).starts_with("option \"tie_breaker\" needs"));
    assert!(wrong(json!({"lags": {"amount": 101}})).starts_with("option \"lags\" must be"));
    assert!(wrong(json!({"numbers": "channel"})).contains("has type text"));
    assert!(wrong(json!({"event_type": "day", "event_types": "2026-01-01"})).contains("has type date"));
    assert!(wrong(json!({"sessions": true, "session_gap": "1 month"})).starts_with("option \"session_gap\" must be"));
    assert!(wrong(json!({"sessions": true, "session_gap": "all"})).starts_with("option \"session_gap\" must be"));
    let date = message(build("day", &moments(Kind::Date, "date"), json!({"windows": "all", "sessions": true})));
    assert!(date.starts_with("option \"sessions\" needs times of day"), "{date}");
    let hours = message(build("day", &moments(Kind::Date, "date"), json!({"windows": "3 hours"})));
    assert!(hours.starts_with("3 hours is less than a day"), "{hours}");
}

#[test]
fn every_default_is_one() {
    for spec in RFM.iter().chain(EVENT_FEATURES) {
        assert!(serde_json::from_str::<Value>(spec.default).is_ok(), "{}", spec.key);
    }
    // Each default is read as a value that is given would be.
    let all = |specs: &[Spec]| -> Value {
        specs
            .iter()
            .filter_map(|s| Some((s.key.to_owned(), s.default_value()?)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    assert_eq!(RfmOptions::parse(&all(RFM), false), RfmOptions::parse(&json!({}), false));
    let mut given = all(EVENT_FEATURES);
    // These are refused where what they belong to is not asked for.
    for key in ["aggregates", "session_gap"] {
        given[key] = Value::Null;
    }
    assert_eq!(EventOptions::parse(&given), EventOptions::parse(&json!({})));
}

/// What a server's lexer would read: the text within the quotes.
fn unquote(text: &str, quote: char) -> Option<String> {
    let escapes = text.starts_with('E');
    let inner = text.trim_start_matches('E').strip_prefix(quote)?.strip_suffix(quote)?;
    let (mut out, mut chars) = (String::new(), inner.chars());
    while let Some(c) = chars.next() {
        out.push(c);
        if c == quote {
            (chars.next() == Some(quote)).then_some(())?;
        } else if c == '\\' && escapes {
            (chars.next() == Some('\\')).then_some(())?;
        } else if c == '\\' && quote == '\'' {
            return None;
        }
    }
    Some(out)
}

proptest! {
    #[test]
    fn what_is_quoted_is_read_back(text in "[a-z'\"\\\\\\PC]{0,20}") {
        prop_assert_eq!(unquote(&literal(&text), '\''), Some(text.clone()));
        prop_assert_eq!(unquote(&identifier(&text), '"'), Some(text));
    }

    #[test]
    fn any_text_is_a_window_or_none(text in any::<String>()) {
        if let Some(window) = Window::parse(&text) {
            prop_assert_eq!(Window::parse(&window.text()), Some(window));
        }
    }

    #[test]
    fn any_options_are_read_or_refused(key in "[a-z_]{1,16}", value in any::<i64>(), text in ".{0,12}") {
        for spec in EVENT_FEATURES.iter().map(|s| s.key).chain([key.as_str()]) {
            for value in [json!(value), json!(text), json!([text]), json!({text.clone(): value}), json!(null), json!([[]])] {
                let _ = build("at", &moments(Kind::Timestamptz, "timestamptz"), json!({ spec: value }));
            }
        }
    }
}
