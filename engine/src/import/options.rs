//! What the caller says of a model that its bytes do not.

use serde_json::Value;

use crate::error::{Error, Result};

/// The options of an import.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportOptions {
    /// The names of the columns, in the order of the training; without it those that the library kept.
    pub feature_names: Option<Vec<String>>,
    /// The labels of the classes, in the order of the library's labels 0, 1 and so on; without it those numbers.
    pub classes: Option<Vec<String>>,
    /// Which of two classes the probability is of; without it the second.
    pub positive_class: Option<String>,
    /// Of columns that are categories the values, in the order of the library's codes 0, 1 and so on.
    pub categories: Vec<(String, Vec<String>)>,
    /// The column that is predicted, by which the model is evaluated.
    pub target: Option<String>,
    /// Whether trees behind the best iteration of early stopping are left out, as the interface of scikit-learn does.
    pub best_iteration: bool,
    /// Whether the new version is deployed.
    pub deploy: bool,
}

impl Default for ImportOptions {
    fn default() -> Self {
        ImportOptions {
            feature_names: None,
            classes: None,
            positive_class: None,
            categories: Vec::new(),
            target: None,
            best_iteration: true,
            deploy: true,
        }
    }
}

const KEYS: &str =
    "Valid options are feature_names, classes, positive_class, categories, target, best_iteration and deploy.";

impl ImportOptions {
    /// Read options; an unknown one, or a value that is not allowed, is an [`Error::InvalidOption`].
    pub fn parse(options: &Value) -> Result<ImportOptions> {
        let mut parsed = ImportOptions::default();
        let given = match options {
            Value::Null => return Ok(parsed),
            Value::Object(given) => given,
            _ => return Err(Error::option("options must be an object", KEYS)),
        };
        for (key, value) in given {
            match key.as_str() {
                "feature_names" => parsed.feature_names = Some(labels(key, value)?),
                "classes" => parsed.classes = Some(labels(key, value)?),
                "positive_class" => parsed.positive_class = Some(label(key, value)?),
                "categories" => parsed.categories = categories(value)?,
                "target" => parsed.target = Some(label(key, value)?),
                "best_iteration" => parsed.best_iteration = flag(key, value)?,
                "deploy" => parsed.deploy = flag(key, value)?,
                _ => return Err(Error::option(format!("unknown option \"{key}\""), KEYS)),
            }
        }
        Ok(parsed)
    }

    /// The values of a category that the caller gives.
    pub fn categories_of(&self, column: &str) -> Option<&[String]> {
        self.categories.iter().find(|(name, _)| name == column).map(|(_, values)| values.as_slice())
    }

    /// Fail for categories of a column that the model does not have.
    pub fn check_columns(&self, names: &[String]) -> Result<()> {
        match self.categories.iter().find(|(column, _)| !names.contains(column)) {
            None => Ok(()),
            Some((column, _)) => Err(Error::option(
                format!("option \"categories\" names column \"{column}\", which the model does not have"),
                format!("Its columns are {}.", names.iter().take(100).cloned().collect::<Vec<_>>().join(", ")),
            )),
        }
    }
}

fn categories(value: &Value) -> Result<Vec<(String, Vec<String>)>> {
    let Value::Object(columns) = value else {
        return Err(Error::option(
            "option \"categories\" must be an object",
            "Write {\"column\": [\"first value\", \"second value\"]}, in the order of the library's codes.",
        ));
    };
    columns.iter().map(|(column, values)| Ok((column.clone(), labels("categories", values)?))).collect()
}

fn labels(key: &str, value: &Value) -> Result<Vec<String>> {
    match value {
        Value::Array(values) if !values.is_empty() => values.iter().map(|value| label(key, value)).collect(),
        _ => Err(Error::option(format!("option \"{key}\" must be a list of names"), "Write [\"first\", \"second\"].")),
    }
}

fn label(key: &str, value: &Value) -> Result<String> {
    match value {
        Value::String(text) if !text.is_empty() || key == "categories" => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(truth) => Ok(truth.to_string()),
        _ => Err(Error::option(
            format!("option \"{key}\" must be of names"),
            "A name is a text, a number or true or false.",
        )),
    }
}

fn flag(key: &str, value: &Value) -> Result<bool> {
    value.as_bool().ok_or_else(|| Error::option(format!("option \"{key}\" must be true or false"), KEYS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn options_are_read_or_refused_by_name() {
        let all = json!({"feature_names": ["a", "b"], "classes": [0, true], "positive_class": "true",
            "categories": {"a": ["", "x"]}, "target": "y", "best_iteration": false, "deploy": false});
        let parsed = ImportOptions::parse(&all).expect("options");
        assert_eq!(parsed.classes, Some(vec!["0".to_owned(), "true".to_owned()]));
        assert_eq!(parsed.categories_of("a"), Some(&["".to_owned(), "x".to_owned()][..]));
        assert!(!parsed.deploy && !parsed.best_iteration);
        assert_eq!(ImportOptions::parse(&json!(null)), Ok(ImportOptions::default()));
        let wrong = [
            json!([]),
            json!({"class": ["a"]}),
            json!({"classes": "a"}),
            json!({"classes": []}),
            json!({"classes": [null]}),
            json!({"target": ""}),
            json!({"deploy": 1}),
            json!({"categories": ["a"]}),
            json!({"categories": {"a": "b"}}),
        ];
        for options in wrong {
            assert!(ImportOptions::parse(&options).is_err(), "{options}");
        }
        assert!(parsed.check_columns(&["b".to_owned()]).is_err());
        assert!(parsed.check_columns(&["a".to_owned()]).is_ok());
    }
}
