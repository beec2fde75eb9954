//! The messages of ONNX that are read, by the numbers of their fields in `onnx.proto`.

use super::super::protobuf::{integers, reals, Fields, Value};
use super::{unsupported, wrong};
use crate::control::Control;
use crate::error::{Error, Result};

/// An element type of tensors (`TensorProto.DataType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Float,
    Double,
    Int,
    Text,
    Bool,
}

impl Kind {
    /// Of its number.
    pub fn of(number: i64) -> Result<Kind> {
        match number {
            1 => Ok(Kind::Float),
            11 => Ok(Kind::Double),
            6 | 7 => Ok(Kind::Int),
            8 => Ok(Kind::Text),
            9 => Ok(Kind::Bool),
            _ => Err(unsupported(&format!("the element type {number}"))),
        }
    }
}

/// A list whose memory is counted before it is there.
pub(super) struct List<'a, T> {
    items: Vec<T>,
    control: &'a Control,
}

impl<'a, T> List<'a, T> {
    pub fn new(control: &'a Control) -> Self {
        List { items: Vec::new(), control }
    }

    pub fn push(&mut self, item: T) -> Result<()> {
        if self.items.len() == self.items.capacity() {
            self.control.check()?;
            let more = self.items.capacity().max(16);
            let bytes = more.saturating_mul(std::mem::size_of::<T>());
            self.control.reserve(bytes)?;
            let full = |_| Error::OutOfMemory { needed: bytes, limit: bytes };
            self.items.try_reserve_exact(more).map_err(full)?;
        }
        self.items.push(item);
        Ok(())
    }

    pub fn done(self) -> Vec<T> {
        self.items
    }
}

/// A `NodeProto`.
#[derive(Debug)]
pub(super) struct Node<'a> {
    pub kind: &'a str,
    pub domain: &'a str,
    pub inputs: Vec<&'a str>,
    pub outputs: Vec<&'a str>,
    attributes: Vec<(&'a str, &'a [u8])>,
}

impl<'a> Node<'a> {
    pub fn read(bytes: &'a [u8], control: &Control) -> Result<Node<'a>> {
        let (mut inputs, mut outputs) = (List::new(control), List::new(control));
        let mut attributes = List::new(control);
        let (mut kind, mut domain) = ("", "");
        for field in Fields::of(bytes) {
            let (number, value) = field?;
            match number {
                1 => inputs.push(value.text()?)?,
                2 => outputs.push(value.text()?)?,
                4 => kind = value.text()?,
                5 => attributes.push((name_of(value.bytes())?, value.bytes()))?,
                7 => domain = value.text()?,
                _ => {}
            }
        }
        Ok(Node { kind, domain, inputs: inputs.done(), outputs: outputs.done(), attributes: attributes.done() })
    }

    /// The last value of a field of an attribute; `None` where the attribute, or the field, is not there.
    fn value(&self, name: &str, field: u64) -> Result<Option<Value<'a>>> {
        let mut found = None;
        self.each(name, field, |value| {
            found = Some(value);
            Ok(())
        })?;
        Ok(found)
    }

    fn each(&self, name: &str, field: u64, mut each: impl FnMut(Value<'a>) -> Result<()>) -> Result<()> {
        for (_, bytes) in self.attributes.iter().filter(|(other, _)| *other == name) {
            for read in Fields::of(bytes) {
                let (number, value) = read?;
                if number == field {
                    each(value)?;
                }
            }
        }
        Ok(())
    }

    pub fn has(&self, name: &str) -> bool {
        self.attributes.iter().any(|(other, _)| *other == name)
    }

    pub fn integer(&self, name: &str) -> Result<Option<i64>> {
        Ok(self.value(name, 3)?.map(Value::integer))
    }

    pub fn float(&self, name: &str) -> Result<Option<f64>> {
        let mut float = None;
        if let Some(value) = self.value(name, 2)? {
            reals(value, false, |read| {
                float = Some(read);
                Ok(())
            })?;
        }
        Ok(float)
    }

    pub fn text(&self, name: &str) -> Result<Option<&'a str>> {
        self.value(name, 4)?.map(Value::text).transpose()
    }

    pub fn tensor(&self, name: &str) -> Result<Option<Tensor<'a>>> {
        self.value(name, 5)?.map(|value| Tensor::read(value.bytes())).transpose()
    }

    pub fn integers(&self, name: &str, control: &Control) -> Result<Vec<i64>> {
        let mut list = List::new(control);
        self.each(name, 8, |value| integers(value, |item| list.push(item)))?;
        Ok(list.done())
    }

    pub fn texts(&self, name: &str, control: &Control) -> Result<Vec<&'a str>> {
        let mut list = List::new(control);
        self.each(name, 9, |value| list.push(value.text()?))?;
        Ok(list.done())
    }

    /// A list of floats, or of doubles in a tensor that is called `<name>_as_tensor`.
    pub fn reals(&self, name: &str, control: &Control) -> Result<Vec<f64>> {
        if let Some(tensor) = self.tensor(&format!("{name}_as_tensor"))? {
            return tensor.reals(control);
        }
        let mut list = List::new(control);
        self.each(name, 7, |value| reals(value, false, |item| list.push(item)))?;
        Ok(list.done())
    }
}

/// The `name` of an attribute, which is its first field, or of a tensor, which is its eighth.
fn name_of(bytes: &[u8]) -> Result<&str> {
    text_of(bytes, 1)
}

fn text_of(bytes: &[u8], wanted: u64) -> Result<&str> {
    let mut text = "";
    for field in Fields::of(bytes) {
        let (number, value) = field?;
        if number == wanted {
            text = value.text()?;
        }
    }
    Ok(text)
}

/// A `TensorProto`, whose numbers are not yet read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tensor<'a> {
    pub name: &'a str,
    kind: i64,
    bytes: &'a [u8],
}

impl<'a> Tensor<'a> {
    pub fn read(bytes: &'a [u8]) -> Result<Tensor<'a>> {
        let mut tensor = Tensor { name: text_of(bytes, 8)?, kind: 0, bytes };
        for field in Fields::of(bytes) {
            match field? {
                (2, value) => tensor.kind = value.integer(),
                (13, _) => return Err(unsupported("a tensor in a file of its own")),
                _ => {}
            }
        }
        Ok(tensor)
    }

    pub fn kind(&self) -> Result<Kind> {
        Kind::of(self.kind)
    }

    /// The numbers of a tensor of floats or doubles.
    pub fn reals(&self, control: &Control) -> Result<Vec<f64>> {
        let wide = match self.kind()? {
            Kind::Float => false,
            Kind::Double => true,
            _ => return Err(wrong("a tensor of numbers has another type")),
        };
        let mut list = List::new(control);
        for field in Fields::of(self.bytes) {
            match field? {
                (4, value) if !wide => reals(value, false, |item| list.push(item))?,
                (10, value) if wide => reals(value, true, |item| list.push(item))?,
                (9, value) => reals(value, wide, |item| list.push(item))?,
                _ => {}
            }
        }
        Ok(list.done())
    }

    /// The numbers of a tensor of integers of 64 bits, or of bytes.
    pub fn integers(&self, control: &Control) -> Result<Vec<i64>> {
        if !matches!(self.kind, 2 | 7) {
            return Err(wrong("a tensor of integers has another type"));
        }
        let mut list = List::new(control);
        for field in Fields::of(self.bytes) {
            match field? {
                (5 | 7, value) => integers(value, |item| list.push(item))?,
                (9, value) if self.kind == 2 => value.bytes().iter().try_for_each(|byte| list.push((*byte).into()))?,
                (9, value) => {
                    let (words, rest) = value.bytes().as_chunks::<8>();
                    if !rest.is_empty() {
                        return Err(wrong("a tensor of integers ends early"));
                    }
                    words.iter().try_for_each(|word| list.push(i64::from_le_bytes(*word)))?;
                }
                _ => {}
            }
        }
        Ok(list.done())
    }
}

/// An input of the graph: its name, element type, and number of columns where that is said.
#[derive(Debug, Clone, Copy)]
pub(super) struct Input<'a> {
    pub name: &'a str,
    pub kind: Kind,
    pub columns: Option<usize>,
}

impl<'a> Input<'a> {
    /// Of a `ValueInfoProto`.
    pub fn read(bytes: &'a [u8]) -> Result<Input<'a>> {
        let (mut kind, mut columns, mut dimension) = (0, None, 0);
        for tensor in inner(inner_of(bytes, 2)?, 1) {
            for field in Fields::of(tensor?) {
                match field? {
                    (1, value) => kind = value.integer(),
                    (2, shape) => {
                        for side in inner(shape.bytes(), 1) {
                            dimension += 1;
                            let said = Fields::of(side?).find_map(|field| match field {
                                Ok((1, value)) => usize::try_from(value.integer()).ok(),
                                _ => None,
                            });
                            if dimension == 2 {
                                columns = said.filter(|columns| *columns > 0);
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
        if dimension > 2 {
            return Err(unsupported("an input of more than two dimensions"));
        }
        if dimension < 2 {
            columns = Some(1);
        }
        Ok(Input { name: text_of(bytes, 1)?, kind: Kind::of(kind)?, columns })
    }
}

/// The messages of a field.
fn inner(bytes: &[u8], wanted: u64) -> impl Iterator<Item = Result<&[u8]>> {
    Fields::of(bytes).filter_map(move |field| match field {
        Ok((number, value)) => (number == wanted).then_some(Ok(value.bytes())),
        Err(error) => Some(Err(error)),
    })
}

/// The last message of a field; empty where there is none.
pub(super) fn inner_of(bytes: &[u8], wanted: u64) -> Result<&[u8]> {
    inner(bytes, wanted).last().unwrap_or(Ok(&[]))
}

/// The name of a `ValueInfoProto`.
pub(super) fn value_name(bytes: &[u8]) -> Result<&str> {
    text_of(bytes, 1)
}
