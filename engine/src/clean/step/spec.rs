//! The table of cleaning steps: what `orchard.cleaning_steps()` shows and what error messages list.

/// A parameter of a step.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// The key.
    pub key: &'static str,
    /// Its type and range in words, to follow "must be".
    pub type_text: &'static str,
    /// Its default as JSON; empty where there is none.
    pub default: &'static str,
    /// What it means: a noun clause.
    pub meaning: &'static str,
}

/// A kind of step.
#[derive(Debug, Clone, Copy)]
pub struct StepSpec {
    /// Its name.
    pub name: &'static str,
    /// What it is done to, as far as the user may choose: kinds of columns.
    pub kinds: &'static [&'static str],
    /// Its parameters besides `columns` and `kind`.
    pub parameters: &'static [Parameter],
    /// What it does: a sentence without its subject.
    pub meaning: &'static str,
}

impl StepSpec {
    /// Whether the user says to which columns it is done.
    pub fn takes_columns(&self) -> bool {
        !self.kinds.is_empty()
    }

    /// The keys it takes, quoted.
    pub fn keys(&self) -> String {
        let own = self.parameters.iter().map(|p| p.key);
        let columns = if self.takes_columns() { &["columns", "kind"][..] } else { &[] };
        let keys: Vec<String> = columns.iter().copied().chain(own).map(|k| format!("\"{k}\"")).collect();
        if keys.is_empty() {
            "none".into()
        } else {
            keys.join(", ")
        }
    }
}

const TEXT: &[&str] = &["text"];
const NUMBER: &[&str] = &["number"];
const LEVELS: &[&str] = &["text", "number", "boolean"];
const MOMENT: &[&str] = &["date", "timestamp"];
const ANY: &[&str] = &["text", "number", "boolean", "date", "timestamp"];

const fn p(key: &'static str, type_text: &'static str, default: &'static str, meaning: &'static str) -> Parameter {
    Parameter { key, type_text, default, meaning }
}

/// Every step.
#[rustfmt::skip]
pub const STEPS: &[StepSpec] = &[
    StepSpec { name: "trim", kinds: TEXT, parameters: &[], meaning: "removes white space at both ends and makes other runs of it one blank" },
    StepSpec { name: "normalize_unicode", kinds: TEXT, parameters: &[
        p("form", "one of \"nfkc\", \"nfc\"", "\"nfkc\"", "the normal form"),
    ], meaning: "makes texts that look alike the same: Unicode normal form, no invisible characters, straight quotes" },
    StepSpec { name: "strip_text_marks", kinds: TEXT, parameters: &[], meaning: "removes the marks by which spreadsheets keep digits as text, such as the apostrophe of '001 and the rest of =\"001\"" },
    StepSpec { name: "case", kinds: TEXT, parameters: &[
        p("to", "one of \"lower\", \"upper\"", "\"lower\"", "the case"),
    ], meaning: "makes letters small or capital" },
    StepSpec { name: "placeholders", kinds: ANY, parameters: &[
        p("values", "an array of texts, numbers and truth values", "", "the values that stand for nothing, dates and timestamps as texts, for columns that are named or of a \"kind\"; without it N/A, unknown, ?, - and the like, found in texts"),
    ], meaning: "makes values such as N/A, unknown, ?, -999 or 9999-12-31 NULL" },
    StepSpec { name: "parse_number", kinds: TEXT, parameters: &[
        p("decimal", "one of \".\", \",\"", "", "the decimal sign; without it what the column says"),
        p("plain", "true or false", "", "whether plain SQL is written where all values have plain digits, currency signs and thousands separators, which later rows must have too; without it true in a view and false in a training"),
    ], meaning: "reads numbers: currency signs, thousands separators, percent signs, brackets for negatives, k and m" },
    StepSpec { name: "parse_boolean", kinds: TEXT, parameters: &[
        p("true", "a text or an array of texts", "", "what is true; without it t, yes, on, 1 and the like"),
        p("false", "a text or an array of texts", "", "what is false; without it f, no, off, 0 and the like"),
    ], meaning: "reads truth values" },
    StepSpec { name: "parse_timestamp", kinds: &["text", "number"], parameters: &[
        p("format", "a format of to_timestamp, such as \"DD.MM.YYYY HH24:MI\"", "", "the format; without it what the column says; whole numbers take YYYYMMDD, YYYYMM, YYYYMMDDHH24MISS, EPOCH and EPOCH_MS"),
        p("type", "one of \"date\", \"timestamp\"", "", "the type; without it date where no value has a time"),
    ], meaning: "reads dates and timestamps, of texts and of whole numbers that are named" },
    StepSpec { name: "map_values", kinds: LEVELS, parameters: &[
        p("values", "an object of values and what they become", "", "the values with what each becomes"),
        p("other", "a text", "", "what texts that are not among the values become; without it they stay"),
        p("other_to_null", "true or false", "false", "whether texts that are not among the values become NULL"),
    ], meaning: "replaces values by others" },
    StepSpec { name: "merge_levels", kinds: TEXT, parameters: &[
        p("max_distance", "an integer between 0 and 3", "1", "how many letters a rare level may differ from one that is ten times as frequent, in words of at least five letters for each that begin alike; 0 merges what differs by case, white space and accents alone"),
        p("accents", "true or false", "false", "whether letters that differ by accents alone, as in Müller and Muller, are different"),
    ], meaning: "merges levels that are spelt differently into the most frequent spelling" },
    StepSpec { name: "rare_levels", kinds: TEXT, parameters: &[
        p("min_rows", "an integer of at least 0", "0", "the rows that a level must have to stay"),
        p("min_share", "a number between 0 and 1", "0.01", "the share of rows that a level must have to stay"),
        p("max_levels", "an integer of at least 1", "", "how many levels stay at most, the most frequent first"),
        p("other", "a text", "\"other\"", "what the others become"),
    ], meaning: "makes rare levels one" },
    StepSpec { name: "impute", kinds: LEVELS, parameters: &[
        p("strategy", "one of \"mean\", \"median\", \"most_frequent\", \"constant\"", "", "what stands for a missing value; without it the median of numbers and the most frequent of others"),
        p("fill_value", "a text, number or truth value", "", "the constant"),
        p("by", "the name of a column of texts, whole numbers or truth values", "", "the column whose groups have values of their own"),
        p("indicator", "true or false", "false", "whether a column <name>_missing says where the value was missing"),
    ], meaning: "fills missing values" },
    StepSpec { name: "clip", kinds: NUMBER, parameters: &[
        p("low", "a number", "", "the least value"),
        p("high", "a number", "", "the largest value"),
    ], meaning: "makes numbers outside of a range its ends" },
    StepSpec { name: "winsorize", kinds: NUMBER, parameters: &[
        p("lower_quantile", "a number between 0 and 0.5", "0.01", "the share of rows below the range"),
        p("upper_quantile", "a number between 0.5 and 1", "0.99", "the share of rows up to the end of the range"),
    ], meaning: "clips numbers to quantiles" },
    StepSpec { name: "outliers", kinds: NUMBER, parameters: &[
        p("method", "one of \"iqr\", \"zscore\", \"mad\"", "\"iqr\"", "how far is far: from the quartiles, the mean or the median"),
        p("factor", "a number above 0 and up to 1000", "", "how many of that; without it 1.5 (iqr), 3 (zscore), 3.5 (mad)"),
        p("action", "one of \"clip\", \"null\", \"flag\", \"drop\"", "\"clip\"", "what is done: the end of the range, NULL, a column <name>_outlier, or the row goes"),
    ], meaning: "deals with numbers far from the others" },
    StepSpec { name: "standardize", kinds: NUMBER, parameters: &[], meaning: "subtracts the mean and divides by the standard deviation" },
    StepSpec { name: "min_max_scale", kinds: NUMBER, parameters: &[
        p("low", "a number", "0", "what the least value becomes"),
        p("high", "a number", "1", "what the largest value becomes"),
    ], meaning: "brings numbers into a range" },
    StepSpec { name: "robust_scale", kinds: NUMBER, parameters: &[], meaning: "subtracts the median and divides by the distance of the quartiles" },
    StepSpec { name: "log", kinds: NUMBER, parameters: &[], meaning: "takes ln(1 + x), and -ln(1 - x) below zero" },
    StepSpec { name: "bin", kinds: NUMBER, parameters: &[
        p("method", "one of \"quantile\", \"width\", \"edges\"", "\"quantile\"", "how the bins are cut"),
        p("bins", "an integer between 2 and 1000", "10", "how many"),
        p("edges", "an array of at most 1000 rising numbers", "", "what parts the bins"),
    ], meaning: "numbers the bins that values fall into, from 0" },
    StepSpec { name: "one_hot", kinds: LEVELS, parameters: &[
        p("max_levels", "an integer between 1 and 500", "20", "how many levels get a column, the most frequent first"),
        p("keep", "true or false", "false", "whether the column itself stays"),
    ], meaning: "makes a column <name>_<level> of 1 and 0 for each level" },
    StepSpec { name: "ordinal", kinds: LEVELS, parameters: &[
        p("order", "an array of levels, each once", "", "the levels in order; without it their own order"),
    ], meaning: "numbers the levels from 1; others become NULL" },
    StepSpec { name: "frequency_encode", kinds: LEVELS, parameters: &[], meaning: "replaces a level by its share of the rows; others become 0" },
    StepSpec { name: "target_encode", kinds: LEVELS, parameters: &[
        p("target", "the name of a column of numbers or truth values", "", "the target; in a training its own"),
        p("key", "the name of a column of whole numbers or texts", "", "the column whose hash puts a row into a fold; in a training rows are put there by themselves"),
        p("folds", "an integer between 2 and 20", "5", "how many folds"),
        p("smooth", "a number between 0 and 1000000", "10", "how many rows of the mean of all are added to those of a level"),
    ], meaning: "replaces a level by the mean target of its rows in the other folds, so that no row sees its own" },
    StepSpec { name: "date_parts", kinds: MOMENT, parameters: &[
        p("parts", "year, quarter, month, day, weekday, day_of_year, hour, minute, weekend, or an array of them", "[\"month\", \"day\", \"weekday\", \"hour\"]", "the parts; a date has no hour"),
        p("keep", "true or false", "true", "whether the column itself stays"),
    ], meaning: "makes a column <name>_<part> for parts of a date or timestamp" },
    StepSpec { name: "ratio", kinds: &[], parameters: &[
        p("numerator", "the name of a column of numbers", "", "the column that is divided"),
        p("denominator", "the name of a column of numbers", "", "the column that divides; zero gives NULL"),
        p("name", "a name", "", "the new column; without it <numerator>_per_<denominator>"),
    ], meaning: "makes a column of the ratio of two" },
    StepSpec { name: "difference", kinds: &[], parameters: &[
        p("left", "the name of a column", "", "the column from which is subtracted"),
        p("right", "the name of a column", "", "the column that is subtracted; of two dates or two timestamps the difference is in days"),
        p("name", "a name", "", "the new column; without it <left>_minus_<right>"),
    ], meaning: "makes a column of the difference of two" },
    StepSpec { name: "text_features", kinds: TEXT, parameters: &[
        p("parts", "characters, words, digits, capitals, or an array of them", "[\"characters\", \"words\", \"digits\", \"capitals\"]", "what is counted"),
        p("keep", "true or false", "true", "whether the column itself stays"),
    ], meaning: "makes a column <name>_<part> for what a text has" },
    StepSpec { name: "mask_personal", kinds: TEXT, parameters: &[
        p("method", "one of \"redact\", \"hash\", \"redact_all\", \"hash_all\"", "\"redact\"", "whether e-mail addresses, phone numbers and the like, or the whole value, are replaced by their kind or by a hash"),
        p("salt", "a text", "\"\"", "what is hashed with each value"),
    ], meaning: "hides personal data" },
    StepSpec { name: "drop_column", kinds: ANY, parameters: &[], meaning: "leaves the column out" },
    StepSpec { name: "drop_duplicates", kinds: &[], parameters: &[
        p("key", "the name of a column or an array of them", "", "the columns in which rows are alike; without it all"),
        p("order", "the name of a column", "", "the column by which the first is kept"),
        p("keep", "one of \"first\", \"last\"", "\"first\"", "which of them is kept"),
    ], meaning: "keeps one of the rows that are alike" },
    StepSpec { name: "drop_rows", kinds: &[], parameters: &[
        p("where", "an object {\"column\", \"is\", \"value\"} or an array of them, \"is\" one of \"null\", \"in\", \"=\", \"<>\", and of numbers and dates \"<\", \"<=\", \">\", \">=\"", "", "the rules of which one is enough for a row to go"),
    ], meaning: "leaves rows out; a training leaves them out, a score is given for every row" },
];
