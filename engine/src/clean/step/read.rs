//! A step out of its JSON object.

use serde_json::Value;

use super::fields::{compared, scalar, scalars, texts, Fields};
use super::spec::{StepSpec, STEPS};
use super::{Action, Bins, Columns, Fences, Other, OutlierAction, Rule, Scalar, Step, Strategy, TextPart};
use crate::clean::program::{Case, Comparison, MomentPart};
use crate::clean::text::{Form, Method, FORMS, METHODS};
use crate::error::{Error, Result};

/// Numbers beyond this are not reckoned with.
const FAR: f64 = 1e100;

pub(super) fn step(value: &Value) -> Result<Step> {
    let names = || STEPS.iter().map(|s| s.name).collect::<Vec<_>>().join(", ");
    let Value::Object(map) = value else {
        return Err(Error::option("a step must be an object", "Write {\"step\": \"trim\", \"columns\": \"name\"}."));
    };
    let Some(name) = map.get("step").and_then(Value::as_str) else {
        return Err(Error::option("a step has no \"step\"", format!("It is the name: {}.", names())));
    };
    let Some(spec) = STEPS.iter().find(|s| s.name == name) else {
        return Err(Error::option(format!("unknown step \"{name}\""), format!("Valid steps are {}.", names())));
    };
    for key in map.keys() {
        let column = spec.takes_columns() && (key == "columns" || key == "kind");
        if key != "step" && !column && !spec.parameters.iter().any(|p| p.key == key) {
            return Err(Error::option(
                format!("unknown parameter \"{key}\" of step \"{name}\""),
                format!("Its parameters are {}.", spec.keys()),
            ));
        }
    }
    let fields = Fields { spec, map };
    Ok(Step { name: spec.name, columns: columns(&fields)?, action: action(&fields)? })
}

fn columns(fields: &Fields<'_>) -> Result<Columns> {
    let spec: &StepSpec = fields.spec;
    let kind = match fields.value("kind") {
        None => None,
        Some(kind) => Some(spec.kinds.iter().find(|k| kind.as_str() == Some(**k)).copied().ok_or_else(|| {
            let kinds: Vec<String> = spec.kinds.iter().map(|k| format!("\"{k}\"")).collect();
            Error::option(
                format!("\"kind\" of step \"{}\" must be one of {}", spec.name, kinds.join(", ")),
                "It names the columns that the step is done to by what they hold.",
            )
        })?),
    };
    let named = match fields.value("columns") {
        None => None,
        Some(value) => Some(texts(value).filter(|n| !n.is_empty()).ok_or_else(|| {
            Error::option(
                format!("\"columns\" of step \"{}\" must be the name of a column or an array of them", spec.name),
                "Leave it out for all columns that the step can be done to.",
            )
        })?),
    };
    match (named, kind) {
        (Some(_), Some(_)) => {
            Err(Error::option(format!("step \"{}\" has both \"columns\" and \"kind\"", spec.name), "Give one of them."))
        }
        (Some(names), None) => Ok(Columns::Named(names)),
        (None, Some(kind)) => Ok(Columns::Kind(kind)),
        (None, None) if spec.name == "drop_column" => {
            Err(Error::option("step \"drop_column\" needs \"columns\" or \"kind\"", "Name the columns to leave out."))
        }
        (None, None) => Ok(Columns::All),
    }
}

fn action(f: &Fields<'_>) -> Result<Action> {
    Ok(match f.spec.name {
        "trim" => Action::Trim,
        "normalize_unicode" => Action::NormalizeUnicode { form: f.choice("form", &FORMS)?.unwrap_or(Form::Nfkc) },
        "strip_text_marks" => Action::StripTextMarks,
        "case" => Action::Case {
            to: f.choice("to", &[("lower", Case::Lower), ("upper", Case::Upper)])?.unwrap_or(Case::Lower),
        },
        "placeholders" => Action::Placeholders { values: f.get("values", scalars)? },
        "parse_number" => Action::ParseNumber {
            comma: f.choice("decimal", &[(".", false), (",", true)])?,
            plain: f.get("plain", Value::as_bool)?,
        },
        "parse_boolean" => {
            let lower = |names: Option<Vec<String>>| {
                names.unwrap_or_default().iter().map(|n| n.to_ascii_lowercase()).collect::<Vec<_>>()
            };
            let (yes, no) = (lower(f.get("true", texts)?), lower(f.get("false", texts)?));
            if let Some(both) = yes.iter().find(|text| no.contains(text)) {
                return Err(Error::option(
                    format!("step \"parse_boolean\" has \"{both}\" among what is true and what is false"),
                    "Name each text once; case does not count.",
                ));
            }
            Action::ParseBoolean { yes, no }
        }
        "parse_timestamp" => Action::ParseTimestamp {
            format: f.text("format")?,
            date: f.choice("type", &[("date", true), ("timestamp", false)])?,
        },
        "map_values" => map_values(f)?,
        "merge_levels" => Action::MergeLevels {
            max_distance: f.integer("max_distance", 0, 3)?.map(|n| n as usize),
            accents: f.boolean("accents", false)?,
        },
        "rare_levels" => Action::RareLevels {
            min_rows: f.integer("min_rows", 0, u64::MAX)?.unwrap_or(0),
            min_share: f.number("min_share", 0.0, 1.0)?.unwrap_or(0.01),
            max_levels: f.integer("max_levels", 1, 1_000_000)?.map(|n| n as usize),
            other: f.text("other")?.unwrap_or_else(|| "other".into()),
        },
        "impute" => impute(f)?,
        "clip" => {
            let (low, high) = (f.number("low", -FAR, FAR)?, f.number("high", -FAR, FAR)?);
            if low.is_none() && high.is_none() {
                return Err(Error::option(
                    "step \"clip\" needs \"low\" or \"high\"",
                    "Use \"winsorize\" to clip to quantiles.",
                ));
            }
            ordered(f, low.unwrap_or(f64::NEG_INFINITY), high.unwrap_or(f64::INFINITY))?;
            Action::Clip { low, high }
        }
        "winsorize" => Action::Winsorize {
            lower_quantile: f.number("lower_quantile", 0.0, 0.5)?.unwrap_or(0.01),
            upper_quantile: f.number("upper_quantile", 0.5, 1.0)?.unwrap_or(0.99),
        },
        "outliers" => outliers(f)?,
        "standardize" => Action::Standardize,
        "min_max_scale" => {
            let (low, high) = (f.number("low", -FAR, FAR)?.unwrap_or(0.0), f.number("high", -FAR, FAR)?.unwrap_or(1.0));
            ordered(f, low, high)?;
            Action::MinMaxScale { low, high }
        }
        "robust_scale" => Action::RobustScale,
        "log" => Action::Log,
        "bin" => bin(f)?,
        "one_hot" => Action::OneHot {
            max_levels: f.integer("max_levels", 1, 500)?.unwrap_or(20) as usize,
            keep: f.boolean("keep", false)?,
        },
        "ordinal" => {
            let once = |list: &Vec<Scalar>| list.iter().enumerate().all(|(i, level)| !list[..i].contains(level));
            Action::Ordinal { order: f.get("order", |v| scalars(v).filter(once))? }
        }
        "frequency_encode" => Action::FrequencyEncode,
        "target_encode" => Action::TargetEncode {
            target: f.text("target")?,
            key: f.text("key")?,
            folds: f.integer("folds", 2, 20)?.unwrap_or(5) as usize,
            smooth: f.number("smooth", 0.0, 1e6)?.unwrap_or(10.0),
        },
        "date_parts" => {
            let words: Vec<(&str, MomentPart)> = MomentPart::ALL.iter().map(|(name, _, part)| (*name, *part)).collect();
            let default = vec![MomentPart::Month, MomentPart::Day, MomentPart::Weekday, MomentPart::Hour];
            Action::DateParts { parts: f.choices("parts", &words)?.unwrap_or(default), keep: f.boolean("keep", true)? }
        }
        "ratio" => Action::Ratio {
            numerator: f.need("numerator", column)?,
            denominator: f.need("denominator", column)?,
            name: f.get("name", column)?,
        },
        "difference" => Action::Difference {
            left: f.need("left", column)?,
            right: f.need("right", column)?,
            name: f.get("name", column)?,
        },
        "text_features" => Action::TextFeatures {
            parts: f.choices("parts", &TextPart::ALL)?.unwrap_or_else(|| TextPart::ALL.map(|p| p.1).to_vec()),
            keep: f.boolean("keep", true)?,
        },
        "mask_personal" => {
            let method = f.choice("method", &METHODS)?.unwrap_or(Method::Redact);
            let hashes = matches!(method, Method::Hash | Method::HashAll);
            f.only_with("salt", hashes, "\"method\": \"hash\" or \"hash_all\"", "What is redacted has no hash.")?;
            Action::MaskPersonal { method, salt: f.text("salt")?.unwrap_or_default() }
        }
        "drop_duplicates" => {
            let order = f.text("order")?;
            let hint = "Name the column by which the first or the last is kept; without it any one stays.";
            f.only_with("keep", order.is_some(), "\"order\"", hint)?;
            Action::DropDuplicates {
                key: f.get("key", |v| texts(v).filter(|k| !k.is_empty()))?,
                order,
                last: f.choice("keep", &[("first", false), ("last", true)])?.unwrap_or(false),
            }
        }
        "drop_rows" => Action::DropRows { rules: f.need("where", rules)? },
        _ => Action::DropColumn,
    })
}

impl TextPart {
    /// All parts by their names.
    pub const ALL: [(&'static str, TextPart); 4] = [
        ("characters", TextPart::Characters),
        ("words", TextPart::Words),
        ("digits", TextPart::Digits),
        ("capitals", TextPart::Capitals),
    ];
}

fn column(value: &Value) -> Option<String> {
    value.as_str().filter(|name| !name.is_empty()).map(str::to_owned)
}

fn ordered(f: &Fields<'_>, low: f64, high: f64) -> Result<()> {
    match low < high {
        true => Ok(()),
        false => Err(Error::option(format!("\"low\" of step \"{}\" must be below \"high\"", f.spec.name), "")),
    }
}

fn map_values(f: &Fields<'_>) -> Result<Action> {
    let values = f.need("values", |v| {
        let one = |(k, v): (&String, &Value)| match v {
            Value::Null => Some((k.clone(), None)),
            v => scalar(v).map(|s| (k.clone(), Some(s))),
        };
        v.as_object().filter(|o| !o.is_empty())?.iter().map(one).collect::<Option<Vec<_>>>()
    })?;
    let other = match (f.text("other")?, f.get("other_to_null", Value::as_bool)?) {
        (Some(_), Some(true)) => {
            return Err(Error::option(
                "step \"map_values\" has both \"other\" and \"other_to_null\"",
                "Give one of them.",
            ));
        }
        (None, Some(true)) => Other::Becomes(None),
        (Some(text), _) => Other::Becomes(Some(text)),
        (None, Some(false)) => Other::Stay,
        (None, None) => Other::Default,
    };
    Ok(Action::MapValues { values, other })
}

fn impute(f: &Fields<'_>) -> Result<Action> {
    let strategy = f.choice(
        "strategy",
        &[
            ("mean", Strategy::Mean),
            ("median", Strategy::Median),
            ("most_frequent", Strategy::MostFrequent),
            ("constant", Strategy::Constant),
        ],
    )?;
    let fill_value = f.get("fill_value", scalar)?;
    let strategy = strategy.or(fill_value.as_ref().map(|_| Strategy::Constant));
    let by = f.text("by")?;
    if (strategy == Some(Strategy::Constant)) != fill_value.is_some() {
        return Err(Error::option(
            "strategy \"constant\" and \"fill_value\" go together",
            "Give the value that stands for a missing one, or another strategy.",
        ));
    }
    if by.is_some() && strategy == Some(Strategy::Constant) {
        return Err(Error::option("a constant cannot be imputed \"by\" a column", "Give another strategy."));
    }
    Ok(Action::Impute { strategy, fill_value, by, indicator: f.boolean("indicator", false)? })
}

fn outliers(f: &Fields<'_>) -> Result<Action> {
    let methods = [("iqr", Fences::Iqr), ("zscore", Fences::Zscore), ("mad", Fences::Mad)];
    let actions = [
        ("clip", OutlierAction::Clip),
        ("null", OutlierAction::Null),
        ("flag", OutlierAction::Flag),
        ("drop", OutlierAction::Drop),
    ];
    Ok(Action::Outliers {
        method: f.choice("method", &methods)?.unwrap_or(Fences::Iqr),
        factor: f.number("factor", f64::MIN_POSITIVE, 1000.0)?,
        action: f.choice("action", &actions)?.unwrap_or(OutlierAction::Clip),
    })
}

fn bin(f: &Fields<'_>) -> Result<Action> {
    #[derive(Clone, Copy, PartialEq)]
    enum How {
        Quantile,
        Width,
        Edges,
    }
    let words = [("quantile", How::Quantile), ("width", How::Width), ("edges", How::Edges)];
    let edges = f.get("edges", |v| {
        let edges: Vec<f64> = v.as_array()?.iter().map(Value::as_f64).collect::<Option<_>>()?;
        let rising = edges.windows(2).all(|w| w[0] < w[1]);
        (!edges.is_empty() && rising && edges.len() <= 1000).then_some(edges)
    })?;
    let how = f.choice("method", &words)?.unwrap_or(if edges.is_some() { How::Edges } else { How::Quantile });
    let bins = f.integer("bins", 2, 1000)?;
    let wrong =
        |what: &str| Err(Error::option(what, "Give \"bins\" to the methods quantile and width, \"edges\" to edges."));
    Ok(Action::Bin(match (how, edges, bins) {
        (How::Edges, Some(edges), None) => Bins::Edges(edges),
        (How::Edges, ..) => return wrong("method \"edges\" of step \"bin\" needs \"edges\" and no \"bins\""),
        (_, Some(_), _) => return wrong("\"edges\" of step \"bin\" are for the method \"edges\""),
        (How::Quantile, None, bins) => Bins::Quantile(bins.unwrap_or(10) as usize),
        (How::Width, None, bins) => Bins::Width(bins.unwrap_or(10) as usize),
    }))
}

fn rules(value: &Value) -> Option<Vec<Rule>> {
    match value {
        Value::Array(list) if !list.is_empty() => list.iter().map(rule).collect(),
        Value::Object(_) => Some(vec![rule(value)?]),
        _ => None,
    }
}

fn rule(value: &Value) -> Option<Rule> {
    let map = value.as_object()?;
    if !map.keys().all(|k| ["column", "is", "value"].contains(&k.as_str())) {
        return None;
    }
    let name = column(map.get("column")?)?;
    let is = map.get("is")?.as_str()?;
    let given = map.get("value");
    match is {
        "null" => given.is_none().then_some(Rule::IsNull(name)),
        "in" => Some(Rule::In(name, scalars(given?)?)),
        is => {
            let (_, comparison) = Comparison::ALL.iter().find(|(sql, _)| *sql == is)?;
            Some(Rule::Compare(name, *comparison, compared(given?)?))
        }
    }
}
