//! The options of `rfm` and `event_features`.

use serde_json::Value;

use super::given::{Given, Spec};
use super::window::Window;
use crate::error::{Error, Result};

/// The most last values of a column.
const MOST_LAGS: u64 = 100;

/// The options of `orchard.rfm`.
pub const RFM: &[Spec] = &[
    Spec {
        key: "as_of",
        type_text: "one of \"now\", \"latest\"",
        default: "\"now\"",
        meaning:
            "what recency is counted to where the argument as_of is NULL: the moment of reading, or the latest event",
    },
    Spec {
        key: "order_id",
        type_text: "the name of a column",
        default: "null",
        meaning: "the column whose distinct values are counted as frequency, where a row is a line of an order",
    },
    Spec {
        key: "window",
        type_text:
            "a whole number of minutes, hours, days, weeks, months or years, at most 100 years, such as \"365 days\"",
        default: "null",
        meaning: "how far back events count",
    },
    TIME_ZONE,
    REPLACE,
];

/// The options of `orchard.event_features`.
pub const EVENT_FEATURES: &[Spec] = &[
    Spec {
        key: "windows",
        type_text: "an array of \"all\" and whole numbers of minutes, hours, days, weeks, months or years, at most 100 years, such as \"7 days\"",
        default: r#"["7 days", "30 days", "90 days", "all"]"#,
        meaning: "the lengths of time before the moment that counts, sums and so on are made of",
    },
    Spec {
        key: "event_type",
        type_text: "the name of a column",
        default: "null",
        meaning: "the column that says what kind of event it is",
    },
    Spec {
        key: "event_types",
        type_text: "an array of values of the column \"event_type\", as texts",
        default: "[]",
        meaning: "the kinds of events that are counted each by itself",
    },
    Spec {
        key: "numbers",
        type_text: "an array of column names",
        default: "[]",
        meaning: "the columns of numbers that are summed up",
    },
    Spec {
        key: "aggregates",
        type_text: "an array of \"sum\", \"avg\", \"min\", \"max\"",
        default: r#"["sum", "avg", "min", "max"]"#,
        meaning: "how the columns \"numbers\" are summed up",
    },
    Spec {
        key: "distinct",
        type_text: "an array of column names",
        default: "[]",
        meaning: "the columns whose distinct values are counted",
    },
    Spec {
        key: "recency",
        type_text: "true or false",
        default: "true",
        meaning: "whether there are days since the last event, since the first, and between the last two",
    },
    Spec {
        key: "lags",
        type_text: "an object of column names and numbers from 1 to 100",
        default: "{}",
        meaning: "how many of the last values of a column become features, the latest first",
    },
    Spec {
        key: "first_touch",
        type_text: "an array of column names",
        default: "[]",
        meaning: "the columns whose earliest value that is not NULL becomes a feature",
    },
    Spec {
        key: "last_touch",
        type_text: "an array of column names",
        default: "[]",
        meaning: "the columns whose latest value that is not NULL becomes a feature",
    },
    Spec {
        key: "sessions",
        type_text: "true or false",
        default: "false",
        meaning: "whether sessions are counted",
    },
    Spec {
        key: "session_gap",
        type_text: "a whole number of minutes, hours, days or weeks, such as \"30 minutes\"",
        default: "\"30 minutes\"",
        meaning: "the pause after which the next event begins a new session",
    },
    Spec {
        key: "weekend_share",
        type_text: "true or false",
        default: "false",
        meaning: "whether there is the share of events on Saturdays and Sundays",
    },
    Spec {
        key: "tie_breaker",
        type_text: "the name of a column",
        default: "null",
        meaning: "the column that says which of two events of one time is the later one",
    },
    Spec {
        key: "moments_customer",
        type_text: "the name of a column",
        default: "null",
        meaning: "the column of moments that has the customer, where it is named otherwise than in the source",
    },
    Spec {
        key: "prefix",
        type_text: "a text",
        default: "\"\"",
        meaning: "what the names of the features begin with",
    },
    TIME_ZONE,
    REPLACE,
];

const TIME_ZONE: Spec = Spec {
    key: "time_zone",
    type_text: "the name of a time zone",
    default: "null",
    meaning: "the zone in which timestamps without one are, and days and weekends begin; without it that of the session, kept in the view",
};

const REPLACE: Spec = Spec {
    key: "replace",
    type_text: "true or false",
    default: "false",
    meaning: "whether a view of that name is replaced",
};

/// The options of `orchard.rfm`, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RfmOptions {
    /// Whether the latest event is the moment.
    pub latest: bool,
    /// What makes an order.
    pub order_id: Option<String>,
    pub(super) window: Window,
    /// The zone that is asked for.
    pub time_zone: Option<String>,
    /// Whether a view is replaced.
    pub replace: bool,
}

impl RfmOptions {
    /// Read them; `has_moment` says whether the argument as_of is given.
    pub fn parse(options: &Value, has_moment: bool) -> Result<RfmOptions> {
        let given = Given::read("orchard.rfm", RFM, options)?;
        if has_moment && given.has("as_of") {
            return Err(Error::option(
                "as_of is given twice",
                "Give it as the argument or as the option, not as both.",
            ));
        }
        Ok(RfmOptions {
            latest: given.word("as_of", &["now", "latest"])? == Some("latest"),
            order_id: given.text("order_id")?,
            window: given.length("window")?.unwrap_or(Window::All),
            time_zone: given.text("time_zone")?,
            replace: given.boolean("replace")?,
        })
    }

    /// The columns of the source that are named.
    pub fn source_columns(&self) -> impl Iterator<Item = &str> {
        self.order_id.as_deref().into_iter()
    }
}

/// The options of `orchard.event_features`, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventOptions {
    pub(super) windows: Vec<Window>,
    pub(super) event_type: Option<String>,
    pub(super) event_types: Vec<String>,
    pub(super) numbers: Vec<String>,
    pub(super) aggregates: Vec<&'static str>,
    pub(super) distinct: Vec<String>,
    pub(super) recency: bool,
    pub(super) lags: Vec<(String, usize)>,
    pub(super) first_touch: Vec<String>,
    pub(super) last_touch: Vec<String>,
    pub(super) session_gap: Option<Window>,
    pub(super) weekend_share: bool,
    pub(super) tie_breaker: Option<String>,
    pub(super) prefix: String,
    /// The customer's column among the moments, where it has a name of its own.
    pub moments_customer: Option<String>,
    /// The zone that is asked for.
    pub time_zone: Option<String>,
    /// Whether a view is replaced.
    pub replace: bool,
}

impl EventOptions {
    /// Read them.
    pub fn parse(options: &Value) -> Result<EventOptions> {
        let given = Given::read("orchard.event_features", EVENT_FEATURES, options)?;
        let event_type = given.text("event_type")?;
        let event_types = given.names("event_types")?;
        match (&event_type, event_types.is_empty()) {
            (None, false) => {
                let hint = "Name the column that has them: \"event_type\": \"column\".";
                return Err(Error::option("option \"event_types\" needs \"event_type\"", hint));
            }
            (Some(column), true) => {
                let hint =
                    format!("List the values of \"{column}\" to count: \"event_types\": [\"click\", \"purchase\"].");
                return Err(Error::option("option \"event_type\" needs \"event_types\"", hint));
            }
            _ => {}
        }
        let numbers = given.names("numbers")?;
        let aggregates = given.words("aggregates", &["sum", "avg", "min", "max"])?;
        if numbers.is_empty() && given.has("aggregates") {
            let hint = "Name the columns to sum up: \"numbers\": [\"amount\"].";
            return Err(Error::option("option \"aggregates\" needs \"numbers\"", hint));
        }
        let sessions = given.boolean("sessions")?;
        if !sessions && given.has("session_gap") {
            let hint = "Ask for sessions: \"sessions\": true.";
            return Err(Error::option("option \"session_gap\" needs \"sessions\"", hint));
        }
        let session_gap = given.pause("session_gap")?.filter(|_| sessions);
        let read = EventOptions {
            windows: given.windows("windows")?,
            event_type,
            event_types,
            numbers,
            aggregates,
            distinct: given.names("distinct")?,
            recency: given.boolean("recency")?,
            lags: given.counts("lags", MOST_LAGS)?,
            first_touch: given.names("first_touch")?,
            last_touch: given.names("last_touch")?,
            session_gap,
            weekend_share: given.boolean("weekend_share")?,
            tie_breaker: given.text("tie_breaker")?,
            prefix: given.any_text("prefix")?,
            moments_customer: given.text("moments_customer")?,
            time_zone: given.text("time_zone")?,
            replace: given.boolean("replace")?,
        };
        read.check_used(&given)?;
        Ok(read)
    }

    /// Nothing that is asked for is left out without a word.
    fn check_used(&self, given: &Given) -> Result<()> {
        let of_windows = ["event_types", "numbers", "distinct", "sessions", "weekend_share"];
        if self.windows.is_empty() {
            if let Some(key) = of_windows.iter().find(|key| given.has(key)) {
                let hint = "Give at least one window, such as \"all\".";
                return Err(Error::option(format!("option \"{key}\" needs \"windows\""), hint));
            }
        }
        if self.tie_breaker.is_some()
            && self.lags.is_empty()
            && self.first_touch.is_empty()
            && self.last_touch.is_empty()
        {
            let hint = "Leave it out: counts and times are the same whichever of two events of one time is the later.";
            return Err(Error::option(
                "option \"tie_breaker\" needs \"lags\", \"first_touch\" or \"last_touch\"",
                hint,
            ));
        }
        let nothing = self.windows.is_empty() && !self.recency && self.lags.is_empty();
        if nothing && self.first_touch.is_empty() && self.last_touch.is_empty() {
            return Err(Error::option("no feature is asked for", "Give at least one window, such as \"all\"."));
        }
        Ok(())
    }

    /// The columns of the source that are named.
    pub fn source_columns(&self) -> impl Iterator<Item = &str> {
        let lists = [&self.numbers, &self.distinct, &self.first_touch, &self.last_touch];
        let names = lists.into_iter().flatten().chain(self.lags.iter().map(|l| &l.0));
        names.chain(&self.event_type).chain(&self.tie_breaker).map(String::as_str)
    }
}
