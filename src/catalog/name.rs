//! How a model is called: `name` or `schema.name`, a part in double quotes where it holds a dot or a quote.

use orchard_engine::learn::options::Algorithm;

use crate::error::{Failure, Result};

/// The longest name, so that `predict_<name>` fits into an identifier of 63 bytes.
const LONGEST: usize = 55;

/// What the names of models of uplift begin with.
const UPLIFT: &str = "uplift_";

/// The name of a model as the user wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelName {
    /// The schema, if it was given.
    pub schema: Option<String>,
    /// The name.
    pub name: String,
}

impl ModelName {
    /// Read a name. Letters keep their case: the name is a text, not an identifier that SQL has folded.
    pub fn parse(text: &str) -> Result<Self> {
        let invalid = |detail: &str| {
            Failure::argument(format!("invalid model name \"{text}\""))
                .detail(detail)
                .hint("Write name or schema.name, and double-quote a part that holds a dot or a quote.")
        };
        let mut parts = Vec::new();
        let mut part = String::new();
        let mut chars = text.chars().peekable();
        let mut quoted = false;
        let mut was_quoted = false;
        while let Some(c) = chars.next() {
            match c {
                '\0' => return Err(invalid("A name holds no zero byte.")),
                '"' if quoted && chars.peek() == Some(&'"') => {
                    chars.next();
                    part.push('"');
                }
                '"' if quoted => quoted = false,
                '"' if part.is_empty() && !was_quoted => (quoted, was_quoted) = (true, true),
                '"' => return Err(invalid("A quote stands in the middle of a part.")),
                '.' if !quoted => {
                    parts.push(std::mem::take(&mut part));
                    was_quoted = false;
                }
                _ if was_quoted && !quoted => return Err(invalid("Something follows a closing quote.")),
                _ => part.push(c),
            }
        }
        if quoted {
            return Err(invalid("A quote is not closed."));
        }
        parts.push(part);
        if parts.len() > 2 || parts.iter().any(String::is_empty) {
            return Err(invalid("A model has a name, and before it at most a schema."));
        }
        let name = parts.pop().unwrap_or_default();
        if name.len() > LONGEST {
            return Err(invalid(&format!("The name has {} bytes; {LONGEST} is the most.", name.len())));
        }
        Ok(ModelName { schema: parts.pop(), name })
    }

    /// The name that a model of an algorithm is kept by: that of uplift begins with `uplift_`, so that its function is `predict_uplift_<name>`.
    pub fn of_algorithm(self, algorithm: Algorithm) -> Result<Self> {
        match algorithm.is_uplift() {
            true => self.of_uplift().ok_or_else(|| {
                Failure::argument("the name of a model of uplift is too long").detail(format!(
                    "Its function is predict_uplift_<name>, so {} bytes are the most.",
                    LONGEST - UPLIFT.len()
                ))
            }),
            false => Ok(self),
        }
    }

    /// The name by which a model of uplift of this name is kept; `None` where that is too long.
    pub fn of_uplift(&self) -> Option<Self> {
        if self.name.starts_with(UPLIFT) {
            return Some(self.clone());
        }
        let name = format!("{UPLIFT}{}", self.name);
        (name.len() <= LONGEST).then(|| ModelName { schema: self.schema.clone(), name })
    }
}

impl std::fmt::Display for ModelName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}
