//! The JSON of a model, as far as it is read.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// All of it.
#[derive(serde::Deserialize)]
pub(super) struct File<'a> {
    #[serde(borrow)]
    pub features_info: FeaturesInfo<'a>,
    #[serde(borrow)]
    pub model_info: ModelInfo<'a>,
    #[serde(borrow)]
    pub oblivious_trees: Option<Vec<Oblivious<'a>>>,
    #[serde(borrow)]
    pub trees: Option<Vec<Tree<'a>>>,
    pub scale_and_bias: Option<(f64, Numbers)>,
    #[serde(borrow, default)]
    pub ctr_data: Option<HashMap<Cow<'a, str>, Table>>,
}

#[derive(serde::Deserialize)]
pub(super) struct ModelInfo<'a> {
    #[serde(borrow)]
    pub params: Option<Params<'a>>,
    #[serde(borrow)]
    pub class_params: Option<ClassParams<'a>>,
}

#[derive(serde::Deserialize)]
pub(super) struct Params<'a> {
    #[serde(borrow)]
    pub loss_function: Option<Loss<'a>>,
}

#[derive(serde::Deserialize)]
pub(super) struct Loss<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: Cow<'a, str>,
}

#[derive(serde::Deserialize)]
pub(super) struct ClassParams<'a> {
    #[serde(borrow, default)]
    pub class_names: Vec<Text<'a>>,
}

#[derive(serde::Deserialize)]
pub(super) struct FeaturesInfo<'a> {
    #[serde(borrow, default)]
    pub float_features: Option<Vec<FloatFeature<'a>>>,
    #[serde(borrow, default)]
    pub categorical_features: Option<Vec<CatFeature<'a>>>,
    #[serde(borrow, default)]
    pub ctrs: Option<Vec<Ctr<'a>>>,
    #[serde(borrow, default)]
    pub cat_features_hash: Option<Vec<Hashed<'a>>>,
    #[serde(default)]
    pub text_features: Option<Vec<serde::de::IgnoredAny>>,
    #[serde(default)]
    pub embedding_features: Option<Vec<serde::de::IgnoredAny>>,
}

#[derive(serde::Deserialize)]
pub(super) struct FloatFeature<'a> {
    pub feature_index: usize,
    pub flat_feature_index: usize,
    #[serde(borrow, default)]
    pub feature_id: Cow<'a, str>,
    #[serde(default)]
    pub borders: Option<Vec<f64>>,
    #[serde(borrow)]
    pub nan_value_treatment: Cow<'a, str>,
}

#[derive(serde::Deserialize)]
pub(super) struct CatFeature<'a> {
    pub feature_index: usize,
    pub flat_feature_index: usize,
    #[serde(borrow, default)]
    pub feature_id: Cow<'a, str>,
    #[serde(default)]
    pub values: Option<Vec<i64>>,
}

/// A text and its hash.
#[derive(serde::Deserialize)]
pub(super) struct Hashed<'a> {
    pub hash: u32,
    #[serde(borrow)]
    pub value: Text<'a>,
}

/// A statistic of categories.
#[derive(serde::Deserialize)]
pub(super) struct Ctr<'a> {
    #[serde(default)]
    pub borders: Vec<f64>,
    #[serde(borrow)]
    pub ctr_type: Cow<'a, str>,
    #[serde(borrow)]
    pub elements: Vec<Element<'a>>,
    #[serde(borrow)]
    pub identifier: Cow<'a, str>,
    pub prior_numerator: f64,
    #[serde(rename = "prior_denomerator")]
    pub prior_denominator: f64,
    pub shift: f64,
    pub scale: f64,
    pub target_border_idx: usize,
}

#[derive(serde::Deserialize)]
pub(super) struct Element<'a> {
    #[serde(default)]
    pub cat_feature_index: Option<usize>,
    #[serde(borrow)]
    pub combination_element: Cow<'a, str>,
}

/// The counts of a statistic, `hash_stride` cells a text.
#[derive(serde::Deserialize)]
pub(super) struct Table {
    #[serde(default)]
    pub counter_denominator: f64,
    pub hash_map: Vec<Cell>,
    pub hash_stride: usize,
}

/// A tree that asks the same of all nodes of a level.
#[derive(serde::Deserialize)]
pub(super) struct Oblivious<'a> {
    pub leaf_values: Vec<f64>,
    #[serde(default)]
    pub leaf_weights: Option<Vec<f64>>,
    #[serde(borrow, default)]
    pub splits: Option<Vec<Split<'a>>>,
}

#[derive(Debug, serde::Deserialize)]
pub(super) struct Split<'a> {
    #[serde(borrow)]
    pub split_type: Cow<'a, str>,
    #[serde(default)]
    pub split_index: usize,
    #[serde(default)]
    pub border: f64,
    #[serde(default)]
    pub float_feature_index: usize,
    #[serde(default)]
    pub cat_feature_index: usize,
    #[serde(default)]
    pub value: i64,
}

/// A tree of any form. The parser refuses texts that are nested more than 128 deep.
#[derive(serde::Deserialize)]
#[serde(try_from = "Part<'a>", bound(deserialize = "'de: 'a"))]
pub(super) enum Tree<'a> {
    Leaf { values: Vec<f64>, weight: f64 },
    Split { split: Split<'a>, children: Box<[Tree<'a>; 2]> },
}

#[derive(serde::Deserialize)]
struct Part<'a> {
    value: Option<Numbers>,
    #[serde(default)]
    weight: f64,
    #[serde(borrow)]
    split: Option<Split<'a>>,
    #[serde(borrow)]
    left: Option<Box<Tree<'a>>>,
    #[serde(borrow)]
    right: Option<Box<Tree<'a>>>,
}

impl<'a> TryFrom<Part<'a>> for Tree<'a> {
    type Error = &'static str;

    fn try_from(part: Part<'a>) -> Result<Tree<'a>, &'static str> {
        match part {
            Part { value: Some(Numbers(values)), weight, split: None, left: None, right: None } => {
                Ok(Tree::Leaf { values, weight })
            }
            Part { value: None, split: Some(split), left: Some(left), right: Some(right), .. } => {
                Ok(Tree::Split { split, children: Box::new([*left, *right]) })
            }
            _ => Err("a node is neither a leaf nor a split"),
        }
    }
}

/// One number or a list.
#[derive(Debug)]
pub(super) struct Numbers(pub Vec<f64>);

impl<'de> Deserialize<'de> for Numbers {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Numbers;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a number or a list of numbers")
            }
            fn visit_f64<E: Error>(self, number: f64) -> Result<Numbers, E> {
                Ok(Numbers(vec![number]))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Numbers, E> {
                Ok(Numbers(vec![number as f64]))
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<Numbers, E> {
                Ok(Numbers(vec![number as f64]))
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<Numbers, A::Error> {
                let mut numbers = Vec::new();
                while let Some(number) = list.next_element()? {
                    numbers.push(number);
                }
                Ok(Numbers(numbers))
            }
        }
        from.deserialize_any(Any)
    }
}

/// A hash, which is a text in the JSON, or the bits of a number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell(pub u64);

impl Cell {
    /// The number that it is.
    pub fn number(self) -> f32 {
        f64::from_bits(self.0) as f32
    }
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;
        impl Visitor<'_> for Any {
            type Value = Cell;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a hash or a number")
            }
            fn visit_str<E: Error>(self, hash: &str) -> Result<Cell, E> {
                hash.parse().map(Cell).map_err(E::custom)
            }
            fn visit_f64<E: Error>(self, number: f64) -> Result<Cell, E> {
                Ok(Cell(number.to_bits()))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Cell, E> {
                self.visit_f64(number as f64)
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<Cell, E> {
                self.visit_f64(number as f64)
            }
        }
        from.deserialize_any(Any)
    }
}

/// A label or a category, which may be a number or a truth value in the JSON.
#[derive(Debug, Clone)]
pub(super) struct Text<'a>(pub Cow<'a, str>);

impl Text<'_> {
    /// Its own copy.
    pub fn label(&self) -> String {
        self.0.as_ref().to_owned()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Cow<'de, str>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a text, a number or a truth value")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
            fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
                Ok(Cow::Owned(number.to_string()))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Cow::Owned(number.to_string()))
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Cow::Owned(number.to_string()))
            }
            fn visit_bool<E: Error>(self, truth: bool) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(if truth { "true" } else { "false" }))
            }
        }
        from.deserialize_any(Any).map(Text)
    }
}
