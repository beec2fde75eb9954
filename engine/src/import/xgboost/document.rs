//! What a document says, as far as it is read.

use serde::de::{Deserializer, Visitor};
use serde::Deserialize;

use super::list::{counted, List};
use super::{ubjson, wrong};
use crate::control::Control;
use crate::error::Result;

#[derive(Deserialize)]
pub struct Document {
    pub learner: Learner,
}

#[derive(Deserialize)]
pub struct Learner {
    #[serde(default)]
    pub attributes: Attributes,
    #[serde(default)]
    pub feature_names: List<String>,
    #[serde(default)]
    pub feature_types: List<String>,
    pub gradient_booster: GradientBooster,
    pub learner_model_param: Parameters,
    pub objective: Objective,
}

#[derive(Deserialize, Default)]
pub struct Attributes {
    pub best_iteration: Option<String>,
}

#[derive(Deserialize)]
pub struct Parameters {
    pub base_score: String,
    pub num_class: String,
    pub num_feature: String,
    pub num_target: Option<String>,
}

#[derive(Deserialize)]
pub struct Objective {
    pub name: String,
}

#[derive(Deserialize)]
pub struct GradientBooster {
    pub name: String,
    /// Of gbtree; of gblinear something else.
    #[serde(default)]
    pub model: Option<Booster>,
    /// Of dart.
    #[serde(default)]
    pub gbtree: Option<Inner>,
    #[serde(default)]
    pub weight_drop: List<f32>,
}

#[derive(Deserialize)]
pub struct Inner {
    pub model: Booster,
}

#[derive(Deserialize)]
pub struct Booster {
    #[serde(default)]
    pub cats: Option<Categories>,
    #[serde(default)]
    pub gbtree_model_param: BoosterParameters,
    #[serde(default)]
    pub iteration_indptr: List<usize>,
    #[serde(default)]
    pub tree_info: List<u32>,
    #[serde(default)]
    pub trees: List<Tree>,
}

#[derive(Deserialize)]
pub struct BoosterParameters {
    #[serde(default = "one")]
    pub num_parallel_tree: String,
}

impl Default for BoosterParameters {
    fn default() -> Self {
        BoosterParameters { num_parallel_tree: one() }
    }
}

fn one() -> String {
    "1".to_owned()
}

/// The categories that training saw; since XGBoost 3.1.
#[derive(Deserialize)]
pub struct Categories {
    #[serde(default)]
    pub enc: List<Encoded>,
}

/// The categories of a feature: texts one after the other, each up to where the next begins, or whole numbers.
#[derive(Deserialize)]
pub struct Encoded {
    pub offsets: Option<List<i64>>,
    #[serde(default)]
    pub values: List<i64>,
}

#[derive(Deserialize)]
pub struct Tree {
    pub left_children: List<i32>,
    pub right_children: List<i32>,
    pub split_indices: List<u32>,
    pub split_conditions: List<Real>,
    pub default_left: List<Flag>,
    #[serde(default)]
    pub split_type: List<u8>,
    #[serde(default)]
    pub categories: List<i32>,
    #[serde(default)]
    pub categories_nodes: List<u32>,
    #[serde(default)]
    pub categories_segments: List<u64>,
    #[serde(default)]
    pub categories_sizes: List<u64>,
    #[serde(default)]
    pub loss_changes: List<Real>,
    #[serde(default)]
    pub sum_hessian: List<Real>,
    #[serde(default)]
    pub tree_param: TreeParameters,
}

#[derive(Deserialize, Default)]
pub struct TreeParameters {
    pub size_leaf_vector: Option<String>,
}

/// A truth value, which some versions write as 0 and 1.
pub struct Flag(pub bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        struct Truth;
        impl Visitor<'_> for Truth {
            type Value = Flag;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a truth value")
            }
            fn visit_bool<E>(self, value: bool) -> std::result::Result<Flag, E> {
                Ok(Flag(value))
            }
            fn visit_u64<E: serde::de::Error>(self, value: u64) -> std::result::Result<Flag, E> {
                match value {
                    0 | 1 => Ok(Flag(value == 1)),
                    _ => Err(E::custom("a truth value is neither 0 nor 1")),
                }
            }
            fn visit_i64<E: serde::de::Error>(self, value: i64) -> std::result::Result<Flag, E> {
                self.visit_u64(u64::try_from(value).map_err(|_| E::custom("a truth value is below 0"))?)
            }
        }
        from.deserialize_any(Truth)
    }
}

/// A number, which is NaN where there is none.
pub struct Real(pub f32);

impl<'de> Deserialize<'de> for Real {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        Ok(Real(Option::<f32>::deserialize(from)?.unwrap_or(f32::NAN)))
    }
}

/// JSON in place of what XGBoost 1 writes: NaN, outside of names, becomes null. `None` where there is none of it.
fn without_nan(text: &[u8], control: &Control) -> Result<Option<Vec<u8>>> {
    let mut out: Option<Vec<u8>> = None;
    let (mut at, mut in_name) = (0, false);
    while at < text.len() {
        let step = match text[at] {
            b'\\' if in_name => 2,
            b'N' if !in_name && text[at..].starts_with(b"NaN") => {
                // A letter more each, and before it at least a letter of JSON.
                let out = match &mut out {
                    Some(out) => out,
                    none => {
                        let mut copy = control.vec(text.len() + text.len() / 3 + 4)?;
                        copy.extend_from_slice(&text[..at]);
                        none.insert(copy)
                    }
                };
                out.extend_from_slice(b"null");
                at += 3;
                continue;
            }
            b'"' => {
                in_name = !in_name;
                1
            }
            _ => 1,
        };
        let end = (at + step).min(text.len());
        if let Some(out) = &mut out {
            out.extend_from_slice(&text[at..end]);
        }
        at = end;
    }
    Ok(out)
}

/// The kind of a split that is of categories.
const CATEGORICAL: u8 = 1;

impl Tree {
    /// The number of nodes, after all lists were seen to be of them.
    pub fn check(&self, features: usize) -> Result<usize> {
        if self.tree_param.size_leaf_vector.as_deref().is_some_and(|size| !matches!(size, "0" | "1")) {
            return Err(super::unsupported("leaves of several numbers"));
        }
        let nodes = self.left_children.len();
        let lengths =
            [self.right_children.len(), self.split_indices.len(), self.split_conditions.len(), self.default_left.len()];
        let optional = [self.split_type.len(), self.loss_changes.len(), self.sum_hessian.len()];
        if nodes == 0 || lengths.iter().any(|&len| len != nodes) || optional.iter().any(|&len| len != 0 && len != nodes)
        {
            return Err(wrong("the lists of a tree are of different lengths"));
        }
        let sets = self.categories_nodes.len();
        if self.categories_segments.len() != sets
            || self.categories_sizes.len() != sets
            || !self.categories_nodes.is_sorted_by(|a, b| a < b)
        {
            return Err(wrong("the sets of a tree are not those of its nodes"));
        }
        if self
            .left_children
            .iter()
            .zip(self.split_indices.iter())
            .any(|(left, split)| *left >= 0 && *split as usize >= features)
        {
            return Err(wrong("a split asks for a feature that is not there"));
        }
        Ok(nodes)
    }

    /// The children of a node; `None` for a leaf.
    pub fn children(&self, node: usize) -> Result<Option<(usize, usize)>> {
        let (Some(&left), Some(&right)) = (self.left_children.get(node), self.right_children.get(node)) else {
            return Err(wrong("a tree names a node that is not there"));
        };
        match (usize::try_from(left), usize::try_from(right)) {
            (Ok(left), Ok(right)) => Ok(Some((left, right))),
            (Err(_), Err(_)) => Ok(None),
            _ => Err(wrong("a node has one child")),
        }
    }

    /// The categories that go right at a split; `None` for one of numbers.
    pub fn categories_of(&self, node: usize) -> Result<Option<&[i32]>> {
        if self.split_type.get(node).copied().unwrap_or(0) != CATEGORICAL {
            return Ok(None);
        }
        let codes = || {
            let set = self.categories_nodes.binary_search(&u32::try_from(node).ok()?).ok()?;
            let (start, len) = (self.categories_segments[set] as usize, self.categories_sizes[set] as usize);
            self.categories.get(start..start.checked_add(len)?)
        };
        codes().map(Some).ok_or_else(|| wrong("the categories of a split are not there"))
    }
}

/// The document of bytes in JSON or UBJSON, and the bytes that it takes, which are counted.
pub fn read(data: &[u8], control: &Control) -> Result<(Document, usize)> {
    let text = data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(data);
    let begins = text.trim_ascii_start();
    if begins.first() != Some(&b'{') {
        return Err(wrong("it does not begin as a document in JSON or UBJSON"));
    }
    // A name in quotes, or none, comes next in JSON, and the length of a name in UBJSON.
    let is_json = matches!(begins[1..].trim_ascii_start().first(), Some(b'"' | b'}') | None);
    let clean = if is_json { without_nan(text, control)? } else { None };
    let read = counted(control, || {
        let read = match is_json {
            true => serde_json::from_slice(clean.as_deref().unwrap_or(text)).map_err(|error| error.to_string()),
            false => ubjson::read(data).map_err(|error| error.to_string()),
        };
        read.map_err(|why| wrong(&why.chars().take(200).collect::<String>()))
    });
    clean.into_iter().for_each(|clean| control.release_vec(clean));
    read
}
